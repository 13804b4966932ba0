//! `kakaw explain CODE` — explains an error: by its code, by its name on the wire or in an SDK, or by its message.

use std::io::Write as _;

use clap::{Args as ClapArgs, ValueEnum};
use kakaw_core::diagnosis;
use kakaw_wire::Code;
use kakaw_wire::lookup::{self, Meaning};
use kakaw_wire::text::{self, Lang};
use serde_json::{Value, json};

#[derive(ClapArgs)]
pub struct Args {
    /// The code (KOE006, koe6, -401), a name on the wire (invalid_grant) or in an SDK (NotSupported), or a message.
    #[arg(allow_hyphen_values = true)]
    what: String,
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
    let meaning = lookup::find(&args.what);
    if meaning.is_empty() {
        return Err(unknown(&args.what));
    }
    let lang = match args.lang {
        Language::Ko => Lang::Ko,
        Language::En => Lang::En,
        Language::Ja => Lang::Ja,
        Language::Zh => Lang::Zh,
    };
    let said = if args.json { json(&meaning, lang) } else { words(&meaning, lang) };
    std::io::stdout().write_all(said.as_bytes())?;
    Ok(())
}

fn unknown(what: &str) -> anyhow::Error {
    let meant = diagnosis::meant(what, Code::ALL.iter().map(|code| code.id()));
    let meant = meant.map(|code| format!("; did you mean {code}?")).unwrap_or_default();
    super::Usage::error(format!("there is no code, name or message {what:?}{meant}"))
}

/// Explains one code, or lists several that have the same name.
fn words(meaning: &Meaning, lang: Lang) -> String {
    let mut said = String::new();
    if let Some(cause) = meaning.client_error {
        said += &format!("{} (SDK)\n\n{}\n", cause.name, cause.text(lang));
    }
    let all = meaning.codes.iter().filter_map(|code| Some((code, text::of(*code, lang)?)));
    match meaning.codes.as_slice() {
        [_] => all.for_each(|(code, text)| {
            said += &format!("{code}: {}\n\n{}\n\n{}\n", text.title, text.cause, text.fix);
        }),
        _ => all.for_each(|(code, text)| said += &format!("{:<32} {}\n", code.id(), text.title)),
    }
    said
}

fn json(meaning: &Meaning, lang: Lang) -> String {
    let explained = |code: &Code| {
        let text = text::of(*code, lang)?;
        Some(json!({ "code": code.id(), "title": text.title, "cause": text.cause, "fix": text.fix }))
    };
    let mut all: Vec<Value> = meaning.codes.iter().filter_map(explained).collect();
    all.extend(meaning.client_error.map(|cause| json!({ "sdk": cause.name, "cause": cause.text(lang) })));
    // One meaning is one object, as before there were names.
    match (all.pop(), all.is_empty()) {
        (Some(one), true) => format!("{one:#}\n"),
        (Some(last), false) => format!("{:#}\n", Value::Array([all, vec![last]].concat())),
        (None, _) => String::new(),
    }
}
