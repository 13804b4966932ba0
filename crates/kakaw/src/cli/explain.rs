//! `kakaw explain CODE` — explains an error code.

use std::io::Write as _;

use clap::{Args as ClapArgs, ValueEnum};
use kakaw_wire::Code;
use kakaw_wire::text::{self, Lang};

#[derive(ClapArgs)]
pub struct Args {
    /// The code, for example KOE006, -401, access_denied.
    #[arg(allow_hyphen_values = true)]
    code: String,
    #[arg(long, value_enum, default_value = "en")]
    lang: Language,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Language {
    Ko,
    En,
    Ja,
    Zh,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let Some(code) = Code::from_id(&args.code) else {
        let nearest =
            kakaw_core::diagnosis::nearest(&args.code, Code::ALL.iter().map(|code| code.id())).unwrap_or_default();
        return Err(super::Usage::error(format!("there is no code {:?}; the nearest is {nearest}", args.code)));
    };
    let lang = match args.lang {
        Language::Ko => Lang::Ko,
        Language::En => Lang::En,
        Language::Ja => Lang::Ja,
        Language::Zh => Lang::Zh,
    };
    let Some(words) = text::of(code, lang) else { anyhow::bail!("{code} has no text") };
    let mut out = std::io::stdout().lock();
    if args.json {
        let json =
            serde_json::json!({ "code": code.id(), "title": words.title, "cause": words.cause, "fix": words.fix });
        writeln!(out, "{json:#}")?;
    } else {
        writeln!(out, "{code}: {}\n\n{}\n\n{}", words.title, words.cause, words.fix)?;
    }
    Ok(())
}
