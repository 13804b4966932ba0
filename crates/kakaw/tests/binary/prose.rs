//! The words of documents, help texts, printed lines and comments. Some words were once private words of this project, or read like
//! a translation. They must not return: a newcomer who knows OAuth servers must know our words.

use std::path::{Path, PathBuf};

/// A word that nobody should need to look up, and what to write instead. `*` stands for any ending.
type Word = (&'static str, &'static str);

/// Words that occur nowhere: not in documents, programs' texts, clients, scripts or comments.
const NOWHERE: [Word; 18] = [
    ("anew", "again"),
    ("bend", "change"),
    ("bends", "changes"),
    ("bent", "changed"),
    ("burn*", "invalidate"),
    ("hurried", "prioritized"),
    ("hurry", "prioritize"),
    ("led", "routed, redirected, took"),
    ("mend", "fix"),
    ("mended", "fixed"),
    ("mending", "fixing"),
    ("mends", "fixes"),
    ("rehears*", "simulate; overrides"),
    ("rewind*", "restore; snapshot"),
    ("spoil*", "inject a fault"),
    ("told", "notified; set; shown"),
    ("whom", "the name of who is meant"),
    ("wish*", "request, options; ask for"),
];

/// Words that documents do not use either.
const IN_DOCUMENTS: [Word; 6] = [
    ("log-in*", "login (noun), log in (verb)"),
    ("log-out*", "logout (noun), log out (verb)"),
    ("parked", "pending"),
    ("picker*", "address selection"),
    ("picking", "address selection"),
    ("set-up", "setup (noun), set up (verb)"),
];

/// Where a word stays: the end of the file's path, and the word.
const EXCEPTIONS: [(&str, &str); 0] = [];

/// Folders that are not ours, or that programs write.
const SKIPPED: [&str; 7] = ["target", "node_modules", "upgrade", "artefacts", ".hypothesis", "__pycache__", "errors"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn files(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !SKIPPED.contains(&name.as_str()) && (!name.starts_with('.') || name == ".ci") {
                files(&path, all);
            }
        } else {
            all.push(path);
        }
    }
}

/// What people read of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Read {
    /// A document, or a program whose names are read too.
    All,
    /// Its comments.
    Comments,
    Nothing,
}

impl Read {
    fn of(path: &Path) -> Self {
        let (name, text) = (path.file_name().unwrap().to_string_lossy(), path.to_string_lossy());
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("md" | "py") => Self::All,
            Some("mjs") => {
                if text.contains("/clients/") {
                    Self::All
                } else {
                    Self::Comments
                }
            }
            // Its texts are printed.
            Some("rs") => {
                if text.contains("/kakaw/src/") {
                    Self::All
                } else {
                    Self::Comments
                }
            }
            None if ["run", "make", "test", "justfile"].contains(&&*name) => Self::All,
            _ => Self::Nothing,
        }
    }

    fn is_read(self, line: &str) -> bool {
        let comment = ["//", "/*", "* "].iter().any(|start| line.trim_start().starts_with(start));
        self == Self::All || (self == Self::Comments && comment)
    }
}

/// The words of a line that are in the list, with what to write instead.
fn refused<'a>(line: &str, words: &'a [Word]) -> Vec<&'a Word> {
    let line = line.to_lowercase();
    let all = line.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '_').map(|word| word.trim_matches('-'));
    let is = |found: &str, (word, _): &Word| match word.strip_suffix('*') {
        Some(start) => found.starts_with(start),
        None => found == *word,
    };
    all.flat_map(|found| words.iter().filter(move |word| is(found, word))).collect()
}

#[test]
fn private_words_stay_out() {
    let root = root();
    let (mut all, mut found, mut excused) = (Vec::new(), Vec::new(), Vec::new());
    files(&root, &mut all);
    let documents = all.iter().filter(|path| path.extension().is_some_and(|ending| ending == "md")).count();
    assert!(documents > 20, "{documents} documents: is this the workspace? {}", root.display());
    for path in all {
        let read = Read::of(&path);
        if read == Read::Nothing {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let is_document = path.extension().is_some_and(|ending| ending == "md");
        let words = if is_document { [&NOWHERE[..], &IN_DOCUMENTS].concat() } else { NOWHERE.to_vec() };
        for (number, line) in text.lines().enumerate().filter(|(_, line)| read.is_read(line)) {
            for (word, instead) in refused(line, &words) {
                let exception = EXCEPTIONS.iter().find(|(file, other)| path.ends_with(file) && other == word);
                if let Some(exception) = exception {
                    excused.push(exception);
                    continue;
                }
                let place = path.strip_prefix(&root).unwrap().display();
                found.push(format!("{place}:{}: {word}: write {instead}", number + 1));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    let idle: Vec<_> = EXCEPTIONS.iter().filter(|exception| !excused.contains(exception)).collect();
    assert!(idle.is_empty(), "these exceptions are not needed: {idle:?}");
}

#[test]
fn words_are_found_whole_and_by_their_beginning() {
    let of = |line: &str| refused(line, &NOWHERE).iter().map(|(word, _)| *word).collect::<Vec<_>>();
    assert_eq!(of("Who is LED here must wish, and the rehearsal spoils it."), ["led", "wish*", "rehears*", "spoil*"]);
    assert!(of("A handled, enabled or cancelled bundle is a recommended amendment.").is_empty());
    assert_eq!(refused("A set-up of `log-in` pages", &IN_DOCUMENTS).len(), 2);
}

/// The glossary names what a newcomer meets in the code.
#[test]
fn the_glossary_has_the_names_of_the_code() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let (_, glossary) = text.split_once("## Glossary").unwrap();
    let rows = glossary.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let rows: Vec<&str> = rows.collect();
    for word in [
        "address selection",
        "authorization response",
        "error",
        "form token",
        "inject",
        "injection",
        "interaction",
        "invalidate",
        "notify",
        "overrides",
        "pending result",
        "problem",
        "record",
        "refusal",
        "request context",
        "snapshot",
        "status",
        "subject",
    ] {
        assert!(rows.contains(&word), "{word} is not in the glossary: {rows:?}");
    }
}
