//! Every text of the repository that people read.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml::Value;

pub const LANGUAGES: [&str; 4] = ["ko", "en", "ja", "zh"];

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What kind of text it is: rules differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The title of a code: no sentence.
    Title,
    /// Message or cause of a code.
    Sentences,
    /// What to do.
    Fix,
    /// A text of a page: a label or sentences.
    Page,
    /// What a setting must be: a phrase.
    Setting,
}

#[derive(Debug, Clone)]
pub struct Text {
    pub file: String,
    pub key: String,
    pub lang: &'static str,
    pub kind: Kind,
    pub text: String,
}

impl Text {
    /// The text with every `code` and every {hole} emptied.
    pub fn prose(&self) -> String {
        let mut prose = String::new();
        for (index, run) in self.text.split('`').enumerate() {
            if index > 0 {
                prose.push('`');
            }
            let mut rest = if index % 2 == 1 { "" } else { run };
            while let Some((before, after)) = rest.split_once('{') {
                let (_, after) = after.split_once('}').unwrap_or_else(|| panic!("{}: a hole is open", self.place()));
                prose.push_str(before);
                prose.push_str("{}");
                rest = after;
            }
            prose.push_str(rest);
        }
        prose
    }

    pub fn holes(&self) -> BTreeSet<String> {
        self.text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap().to_owned()).collect()
    }

    pub fn sentences(&self) -> Vec<String> {
        let (mut all, mut sentence) = (Vec::new(), String::new());
        let prose = self.prose();
        let mut characters = prose.chars().peekable();
        while let Some(character) = characters.next() {
            sentence.push(character);
            let ends = matches!(character, '。' | '？')
                || (matches!(character, '.' | '?') && characters.peek().is_none_or(|next| *next == ' '));
            if ends {
                all.push(std::mem::take(&mut sentence).trim().to_owned());
            }
        }
        if !sentence.trim().is_empty() {
            all.push(sentence.trim().to_owned());
        }
        all
    }

    pub fn place(&self) -> String {
        format!("{} {} [{}]", self.file, self.key, self.lang)
    }

    pub fn refused(&self, what: &str, rule: &str) -> String {
        format!("{}: {what:?}, but {rule}\n    {}", self.place(), self.text)
    }
}

pub fn table(path: &Path) -> toml::Table {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn name(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

fn files(folder: &str, end: &str) -> Vec<PathBuf> {
    let all = std::fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<PathBuf> = all.filter(|path| path.to_str().unwrap().ends_with(end)).collect();
    all.sort();
    assert!(!all.is_empty(), "{folder} has no {end}");
    all
}

/// Every text of the error codes, the settings and the pages.
pub fn every_text() -> Vec<Text> {
    let mut texts = Vec::new();
    for path in files("crates/wire/texts", ".toml") {
        let (file, table) = (name(&path), table(&path));
        match path.file_name().unwrap().to_str().unwrap() {
            file_name @ ("settings.toml" | "client_errors.toml") => {
                let kind = if file_name == "settings.toml" { Kind::Setting } else { Kind::Sentences };
                for (key, languages) in &table {
                    let all = languages.as_table().unwrap();
                    assert_eq!(all.len(), 4, "{file} {key}: four languages");
                    texts.extend(LANGUAGES.map(|lang| text(&file, key, lang, kind, &all[lang])));
                }
            }
            _ => {
                assert_eq!(table.len(), 4, "{file}: four languages");
                for lang in LANGUAGES {
                    for (key, value) in table[lang].as_table().unwrap() {
                        let kind = match key.as_str() {
                            "title" => Kind::Title,
                            "fix" => Kind::Fix,
                            _ => Kind::Sentences,
                        };
                        texts.push(text(&file, key, lang, kind, value));
                    }
                }
            }
        }
    }
    for folder in ["crates/platform/locales", "crates/standin/locales"] {
        for lang in LANGUAGES {
            let path = root().join(folder).join(format!("{lang}.toml"));
            texts.extend(table(&path).iter().map(|(key, value)| text(folder, key, lang, Kind::Page, value)));
        }
    }
    assert!(texts.len() > 2500, "{} texts", texts.len());
    texts
}

fn text(file: &str, key: &str, lang: &'static str, kind: Kind, value: &Value) -> Text {
    let text = value.as_str().unwrap_or_else(|| panic!("{file} {key} {lang} is no text")).to_owned();
    Text { file: file.to_owned(), key: key.to_owned(), lang, kind, text }
}
