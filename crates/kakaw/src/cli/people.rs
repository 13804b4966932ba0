//! `kakaw people` — unlinks a person from an app or deletes an account. The services are notified.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{ArgGroup, Args as ClapArgs, Subcommand};
use kakaw_wire::event::UnlinkReason;

use super::open::{self, Missing};
use super::place::{self, Place};
use super::{Usage, listen};
use crate::config::{self, Mode};
use kakaw_platform::manage::{Actor, DeleteAccount, EndLogins, Refused, Unlink};

#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Unlink a person from an app.
    Unlink {
        /// App id.
        #[arg(long)]
        app: i64,
        /// The person's user id in the app.
        #[arg(long)]
        user_id: i64,
        /// The reason that the app's webhook reports.
        #[arg(long, default_value = "UNLINK_FROM_APPS", value_parser = reason)]
        reason: UnlinkReason,
        #[command(flatten)]
        place: place::Options,
    },
    /// End every session and token of a person, of an app or of everybody, as after a breach.
    #[command(group(ArgGroup::new("of").required(true).args(["login", "app", "everybody"])))]
    EndLogins {
        /// Login id of the person: sessions and tokens in every app.
        #[arg(long)]
        login: Option<String>,
        /// App id: tokens of everybody in this app.
        #[arg(long)]
        app: Option<i64>,
        /// Sessions and tokens of everybody, in every app.
        #[arg(long)]
        everybody: bool,
        /// Configuration file of `kakaw serve`.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Delete an account and unlink it from all apps.
    Delete {
        /// Login id: email, phone number or id.
        login: String,
        /// The reason that the apps' webhooks report.
        #[arg(long, default_value = "ACCOUNT_DELETE", value_parser = reason)]
        reason: UnlinkReason,
        #[command(flatten)]
        place: place::Options,
    },
}

fn reason(text: &str) -> Result<UnlinkReason, String> {
    UnlinkReason::from_id(text).ok_or_else(|| {
        let known: Vec<&str> = UnlinkReason::ALL.iter().map(|reason| reason.id()).collect();
        format!("expected one of {}", known.join(", "))
    })
}

pub fn run(args: Args) -> anyhow::Result<()> {
    listen::block_on(async {
        let said = match args.command {
            Command::Unlink { app, user_id, reason, place } => {
                let request = Unlink { app, user_id, reason };
                match place.find().await? {
                    Place::Running(running) => {
                        drop(running.send_json("/control/v1/people/unlink", &request).await?);
                    }
                    Place::Local(world) => {
                        drop(request.run(&world, &Actor::CommandLine, None).await.map_err(refusal_text)?)
                    }
                }
                format!("unlinked {user_id} from app {app} ({})", reason.id())
            }
            Command::EndLogins { login, app, everybody: _, config } => {
                let config = config::load(Mode::Serve, Some(&config), Vec::new()).map_err(Usage::error)?.config;
                let platform = open::platform(&config, Mode::Serve, Missing::Refuse).await?;
                let (of, said) = match (login, app) {
                    (Some(login), _) => (EndLogins::Person(login.clone()), format!("of {login}")),
                    (None, Some(app)) => (EndLogins::App(app), format!("in app {app}")),
                    (None, None) => (EndLogins::Everybody, "of everybody".to_owned()),
                };
                of.run(&platform, &Actor::CommandLine).await.map_err(refusal_text)?;
                format!("ended all logins {said}")
            }
            Command::Delete { login, reason, place } => {
                let request = DeleteAccount { login: login.clone(), reason };
                match place.find().await? {
                    Place::Running(running) => {
                        drop(running.send_json("/control/v1/people/delete", &request).await?);
                    }
                    Place::Local(world) => {
                        drop(request.run(&world, &Actor::CommandLine, None).await.map_err(refusal_text)?)
                    }
                }
                format!("deleted {login} ({})", reason.id())
            }
        };
        writeln!(std::io::stdout(), "{said}")?;
        Ok(())
    })
}

/// A refusal is a mistake in the command, unless the database failed.
pub(super) fn refusal_text(refused: Refused) -> anyhow::Error {
    match refused {
        Refused::Store(error) => error.into(),
        wrong => Usage::error(wrong.to_string()),
    }
}
