//! `kakaw audit` — reads the audit trail; `verify` checks its chains; `consent PERSON` shows what a person agreed to.

use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args as ClapArgs, Subcommand};
use kakaw_core::audit::Event;
use kakaw_core::{AppId, Millis};
use kakaw_platform::Platform;
use kakaw_platform::audit::{self, Entry, Head, Shown, by};
use kakaw_store::audit::Filter;
use serde_json::{Value, json};

use super::open::{self, Missing};
use super::{Usage, listen};
use crate::config::{self, Mode};

/// Rows that are read at once.
const PAGE: i64 = 1000;

#[derive(ClapArgs)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    read: Read,
}

#[derive(ClapArgs)]
struct Read {
    #[command(flatten)]
    place: Place,
    /// Only rows about this person: a login id, APP:USER_ID, or the name that the trail gives a person.
    #[arg(long)]
    person: Option<String>,
    /// Only rows about this app: its id.
    #[arg(long)]
    app: Option<i64>,
    /// Only this event, such as login or consent; `kakaw audit events` lists all.
    #[arg(long)]
    event: Option<String>,
    /// Only rows from this time on: RFC 3339, such as 2026-11-20T03:00:00Z, or a day.
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<Millis>,
    /// Only rows before this time.
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Millis>,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

#[derive(ClapArgs)]
struct Place {
    /// Configuration file of `kakaw serve`.
    #[arg(long, value_name = "FILE", required = true)]
    config: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Verify that no row and no batch of the trail was changed, removed or moved.
    Verify {
        #[command(flatten)]
        place: Place,
        /// A log of `kakaw serve`, as text or JSON: its lines "audit head" show what was removed from the end of a chain.
        #[arg(long, value_name = "FILE")]
        log: Vec<PathBuf>,
    },
    /// Show what a person agreed to: when, at which app, in which language, and the text that they read.
    Consent {
        /// A login id, APP:USER_ID, or the name that the trail gives a person.
        person: String,
        #[command(flatten)]
        place: Place,
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// List the events and their meaning.
    Events,
}

fn time(text: &str) -> Result<Millis, String> {
    let day = || Millis::from_rfc3339(&format!("{text}T00:00:00Z"));
    Millis::from_rfc3339(text).or_else(day).ok_or_else(|| "expected RFC 3339, or YYYY-MM-DD (UTC)".to_owned())
}

pub fn run(args: Args) -> anyhow::Result<()> {
    listen::block_on(async {
        match args.command {
            None => read(args.read).await,
            Some(Command::Verify { place, log }) => verify(&open(&place).await?, &log).await,
            Some(Command::Consent { person, place, json }) => consent(&open(&place).await?, &person, json).await,
            Some(Command::Events) => events(),
        }
    })
}

async fn open(place: &Place) -> anyhow::Result<Platform> {
    let config = config::load(Mode::Serve, place.config.as_deref(), Vec::new()).map_err(Usage::error)?.config;
    open::platform(&config, Mode::Serve, Missing::Refuse).await
}

async fn read(args: Read) -> anyhow::Result<()> {
    let event = args.event.map(|name| match Event::from_name(&name) {
        Some(event) => Ok(event.name().to_owned()),
        None => Err(Usage::error(format!("there is no event {name:?}; kakaw audit events lists all"))),
    });
    let mut filter = Filter {
        person: None,
        app: args.app.map(AppId),
        event: event.transpose()?,
        since: args.since,
        until: args.until,
    };
    let platform = open(&args.place).await?;
    // Before the first row is read: a read that breaks off is one too.
    let mut of = None;
    if let Some(text) = &args.person {
        let found = audit::find(&platform, text).await?;
        let found = found.ok_or_else(|| Usage::error(format!("nobody is found by {text:?}")))?;
        let name = found.name.ok_or_else(|| Usage::error(format!("no row is about {text:?}")))?;
        filter.person = Some(name);
        of = found.account;
    }
    // The person is the row's own.
    reads(&platform, of, json!({ "app": args.app, "event": filter.event })).await?;
    let (mut after, mut out) = (i64::MIN, std::io::stdout().lock());
    loop {
        let (rows, last) = audit::page(&platform, &filter, after, PAGE).await?;
        for row in &rows {
            writeln!(out, "{}", if args.json { serde_json::to_string(row)? } else { line(row) })?;
        }
        if (rows.len() as i64) < PAGE {
            return Ok(());
        }
        after = last;
    }
}

/// Records that an operator reads the trail, in the trail.
async fn reads(platform: &Platform, of: Option<kakaw_core::AccountId>, asked: Value) -> anyhow::Result<()> {
    let person = match of {
        Some(account) => audit::person(platform, account).await?,
        None => None,
    };
    let entry = Entry::new(Event::AuditRead, by::COMMAND_LINE).person(person.as_ref());
    Ok(entry.detail(asked).write(platform).await?)
}

/// Returns a row as a line for people.
fn line(row: &Shown) -> String {
    let mut text = format!("{}  {:<18} by {}", row.at, row.event, row.by);
    let mut add = |name: &str, value: String| text.push_str(&format!("  {name} {value}"));
    if let Some(app) = row.app {
        add("app", app.to_string());
    }
    match (&row.login, &row.person) {
        (Some(login), _) => add("person", login.escape_debug().to_string()),
        (None, Some(name)) => add("person", name.clone()),
        (None, None) => {}
    }
    if row.times > 1 {
        add("times", row.times.to_string());
    }
    for (name, value) in [("", Some(&row.detail)), ("private", row.private.as_ref())] {
        if let Some(value) = value.filter(|value| **value != json!({})) {
            add(name, value.to_string());
        }
    }
    text
}

async fn verify(platform: &Platform, logs: &[PathBuf]) -> anyhow::Result<()> {
    let mut heads = Vec::new();
    for path in logs {
        heads.extend(heads_of(path)?);
    }
    let report = audit::verify(platform, &heads).await?;
    let mut out = std::io::stdout().lock();
    for finding in &report.findings {
        writeln!(out, "problem  {finding}")?;
    }
    let (rows, batches, chains) = (report.rows, report.batches, report.chains);
    writeln!(out, "verified {rows} rows in {batches} batches of {chains} chains; {} rows wait", report.waiting)?;
    if !logs.is_empty() {
        writeln!(out, "compared {} heads of the log", heads.len())?;
        if heads.is_empty() {
            anyhow::bail!("no file of --log contains a line `audit head`: is it the log of kakaw serve, of that time?");
        }
    }
    match report.findings.len() {
        0 => Ok(()),
        1 => anyhow::bail!("1 problem found"),
        n => anyhow::bail!("{n} problems found"),
    }
}

/// Reads the heads of a log, whose lines are text or JSON.
fn heads_of(path: &Path) -> anyhow::Result<Vec<Head>> {
    let file = std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut heads = Vec::new();
    for line in std::io::BufReader::new(file).lines() {
        heads.extend(head(&line?));
    }
    Ok(heads)
}

fn head(line: &str) -> Option<Head> {
    if let Ok(json) = serde_json::from_str::<Value>(line) {
        let of = |name: &str| json.get(name);
        return (of("message")? == "audit head").then_some(Head {
            chain: of("chain")?.as_str()?.to_owned(),
            batch: of("batch")?.as_i64()?,
            head: of("head")?.as_str()?.to_owned(),
        });
    }
    let (_, fields) = line.split_once(" INFO audit head ")?;
    let of = |name: &str| {
        let mut words = fields.split(' ');
        words.find_map(|word| Some(word.strip_prefix(name)?.strip_prefix('=')?.trim_matches('"').to_owned()))
    };
    Some(Head { chain: of("chain")?, batch: of("batch")?.parse().ok()?, head: of("head")? })
}

async fn consent(platform: &Platform, person: &str, as_json: bool) -> anyhow::Result<()> {
    let found = audit::find(platform, person).await?;
    let account = found.and_then(|found| found.account);
    let account = account.ok_or_else(|| Usage::error(format!("nobody is found by {person:?}")))?;
    reads(platform, Some(account), json!({ "consents": true })).await?;
    let mut out = std::io::stdout().lock();
    let consents = audit::consents_of(platform, account).await?;
    for consent in &consents {
        let agreed: Value = serde_json::from_str(&consent.agreed)?;
        let (app, at) = (consent.app.map(|app| app.0), consent.at.rfc3339());
        let (version, lang, shown) = match &consent.text {
            Some(text) => (Some(&text.version), Some(&text.lang), Some(&text.shown)),
            None => (None, None, None),
        };
        if as_json {
            let row = json!({ "at": at, "app": app, "by": consent.by, "agreed": agreed, "text": version, "lang": lang, "shown": shown });
            writeln!(out, "{row}")?;
            continue;
        }
        let app = app.map_or("the account service".to_owned(), |app| format!("app {app}"));
        writeln!(out, "{at}  {app}  by {}  {agreed}", consent.by)?;
        if let (Some(version), Some(lang), Some(shown)) = (version, lang, shown) {
            writeln!(out, "  text {version} ({lang}):")?;
            for line in shown.lines() {
                writeln!(out, "    {line}")?;
            }
        }
    }
    if consents.is_empty() {
        writeln!(out, "no consent is recorded for {person}")?;
    }
    Ok(())
}

fn events() -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for event in Event::ALL {
        writeln!(out, "{:<20} {}", event.name(), event.about())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_from_both_formats_of_the_log() {
        let expected = Head { chain: "node".to_owned(), batch: 3, head: "a-b_c".to_owned() };
        for line in [
            "2026-11-20T03:00:00.000Z  INFO audit head chain=node batch=3 rows=2 head=a-b_c",
            "{\"time\":\"t\",\"level\":\"INFO\",\"message\":\"audit head\",\"chain\":\"node\",\"batch\":3,\"rows\":2,\"head\":\"a-b_c\"}",
        ] {
            assert_eq!(head(line).as_ref(), Some(&expected), "{line}");
        }
        for line in
            ["", "{}", "2026  INFO login", "x  INFO audit head chain=node batch=x head=a", "{\"message\":\"x\"}"]
        {
            assert_eq!(head(line), None, "{line}");
        }
    }

    #[test]
    fn a_time_is_a_moment_or_a_day() {
        assert_eq!(time("2026-11-20T00:00:00Z"), time("2026-11-20"));
        assert!(time("yesterday").is_err());
    }
}
