//! `kakaw webhooks` — every webhook and its status; `kakaw webhooks resume` resumes a paused one.

use kakaw_core::app::webhooks::WebhookKind;
use std::io::Write as _;

use clap::{Args as ClapArgs, Subcommand};

use super::listen;
use super::people::refusal_text;
use super::place::{self, Place};
use kakaw_platform::manage::{self, Actor, Resume, WebhookState, WebhookStatus};

#[derive(ClapArgs)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    place: place::Options,
}

#[derive(Subcommand)]
enum Command {
    /// Resume a paused webhook and send the notices that it held back.
    Resume {
        /// App id.
        #[arg(long)]
        app: i64,
        /// The webhook: unlink or account_status.
        webhook: WebhookKind,
        #[command(flatten)]
        place: place::Options,
    },
}

pub fn run(args: Args) -> anyhow::Result<()> {
    listen::block_on(async {
        let Some(Command::Resume { app, webhook, place }) = args.command else {
            let states = match args.place.find().await? {
                Place::Running(running) => serde_json::from_str(&running.send("/control/v1/webhooks", None).await?)?,
                Place::Local(world) => manage::webhook_states(&world).await?,
            };
            return print(&states);
        };
        let request = Resume { app, webhook };
        match place.find().await? {
            Place::Running(running) => {
                drop(running.send_json("/control/v1/webhooks/resume", &request).await?);
            }
            Place::Local(world) => drop(request.run(&world, &Actor::CommandLine, None).await.map_err(refusal_text)?),
        }
        writeln!(std::io::stdout(), "resumed webhook {} of app {app}", request.webhook)?;
        Ok(())
    })
}

fn print(states: &[WebhookStatus]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if states.is_empty() {
        writeln!(out, "no app has a webhook; set one with [apps.webhooks] in a world file")?;
    }
    for status in states {
        let WebhookStatus { app, webhook, url, state, failures, waiting, held, failed, last } = status;
        writeln!(out, "app {app}  {webhook}  {state}  {url}")?;
        writeln!(out, "  waiting {waiting}  held {held}  given up {failed}  failures in a row {failures}")?;
        if let Some(last) = last {
            writeln!(out, "  last result: {last}")?;
        }
        if *state == WebhookState::Paused {
            writeln!(out, "  fix the receiver, then: kakaw webhooks resume --app {app} {webhook}")?;
        }
    }
    Ok(())
}
