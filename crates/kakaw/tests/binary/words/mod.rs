//! Every text that people read, in four languages, against the glossary in `wire/glossary.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use regex_lite::Regex;
use serde::Deserialize;

use self::texts::{Kind, LANGUAGES, Text, every_text, name, root, table};

mod texts;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Glossary {
    terms: Vec<Term>,
    sentences: BTreeMap<String, Sentences>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Term {
    name: String,
    say: BTreeMap<String, String>,
    #[serde(default)]
    not: BTreeMap<String, Vec<String>>,
    english: Option<String>,
    #[serde(default)]
    say_so: BTreeMap<String, String>,
    #[serde(default)]
    in_full: BTreeMap<String, [String; 2]>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sentences {
    ends: String,
    request: String,
    statement: String,
}

fn glossary() -> Glossary {
    let path = root().join("crates/wire/glossary.toml");
    let glossary: Glossary = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for term in &glossary.terms {
        assert!(LANGUAGES.iter().all(|lang| term.say.contains_key(*lang)), "{}: a language is missing", term.name);
        assert!(term.english.is_none() == term.say_so.is_empty(), "{}: english without say_so", term.name);
    }
    glossary
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"))
}

fn compiled(patterns: &BTreeMap<String, String>) -> BTreeMap<&str, Regex> {
    patterns.iter().map(|(lang, pattern)| (lang.as_str(), regex(pattern))).collect()
}

fn refuse(found: &[String]) {
    assert!(found.is_empty(), "{} texts break the glossary:\n{}", found.len(), found.join("\n"));
}

#[test]
fn no_text_has_a_word_that_the_glossary_refuses() {
    let (mut found, texts) = (Vec::new(), every_text());
    for term in glossary().terms {
        for (lang, patterns) in &term.not {
            for pattern in patterns.iter().map(|pattern| regex(pattern)) {
                for text in texts.iter().filter(|text| text.lang == lang) {
                    if let Some(hit) = pattern.find(&text.prose()) {
                        found.push(text.refused(hit.as_str(), &format!("{} is {:?}", term.name, term.say[lang])));
                    }
                }
            }
        }
        for (lang, [short, full]) in &term.in_full {
            let [short, full] = [short, full].map(|pattern| regex(pattern));
            for text in texts.iter().filter(|text| text.lang == lang) {
                let prose = text.prose();
                if let (Some(hit), None) = (short.find(&prose), full.find(&prose)) {
                    found.push(text.refused(hit.as_str(), &format!("{} is {:?}", term.name, term.say[lang])));
                }
            }
        }
    }
    refuse(&found);
}

/// The same texts in every language, with the same holes, and the same term for the same English word.
#[test]
fn the_four_languages_say_the_same() {
    let mut groups: BTreeMap<(String, String), BTreeMap<&str, Text>> = BTreeMap::new();
    for text in every_text() {
        let group = groups.entry((text.file.clone(), text.key.clone())).or_default();
        assert!(group.insert(text.lang, text.clone()).is_none(), "{}: twice", text.place());
    }
    let terms = glossary().terms;
    let same =
        terms.iter().filter_map(|term| Some((&term.name, regex(term.english.as_ref()?), compiled(&term.say_so))));
    let same: Vec<_> = same.collect();
    let mut found = Vec::new();
    for ((file, key), group) in &groups {
        assert_eq!(group.len(), 4, "{file} {key} is in {:?} only", group.keys());
        let english = &group["en"];
        for text in group.values() {
            if text.text.trim() != text.text || text.text.is_empty() {
                found.push(text.refused(&text.text, "a text is not empty and has no space around it"));
            }
            if text.holes() != english.holes() {
                found.push(text.refused(&format!("{:?}", text.holes()), &format!("English has {:?}", english.holes())));
            }
            for (name, pattern, words) in &same {
                let Some(word) = words.get(text.lang) else { continue };
                if pattern.is_match(&english.prose()) && !word.is_match(&text.prose()) {
                    found.push(text.refused(word.as_str(), &format!("English says {name} here: {}", english.text)));
                }
            }
        }
    }
    refuse(&found);
}

#[test]
fn sentences_end_as_statements_requests_or_questions() {
    let glossary = glossary().sentences;
    let compile = |rules: &Sentences| [&rules.ends, &rules.request, &rules.statement].map(|rule| regex(rule));
    let compiled: BTreeMap<_, _> = glossary.iter().map(|(lang, rules)| (lang.as_str(), compile(rules))).collect();
    let aside = regex(r"\([^)]*\)|（[^）]*）");
    let mut found = Vec::new();
    for text in every_text() {
        let [ends, request, statement] = &compiled[text.lang];
        let is_whole = |sentence: &str| ends.is_match(&aside.replace_all(sentence, ""));
        let full_stop = if matches!(text.lang, "ja" | "zh") { '。' } else { '.' };
        let sentences = text.sentences();
        match text.kind {
            Kind::Title if text.text.ends_with(['.', '。', '!', '！']) => {
                found.push(text.refused(&text.text, "a title is no sentence"));
            }
            Kind::Title | Kind::Setting => {}
            Kind::Page => {
                for sentence in sentences.iter().filter(|sentence| sentence.ends_with(full_stop)) {
                    if !is_whole(sentence) {
                        found.push(text.refused(sentence, &format!("a sentence ends in {ends}")));
                    }
                }
            }
            Kind::Sentences | Kind::Fix => {
                // Evidence may stand after the sentence and a colon.
                let has_evidence = |sentence: &str| sentence.ends_with("{}") && text.key == "message";
                for sentence in &sentences {
                    if !is_whole(sentence) && !has_evidence(sentence) {
                        found.push(text.refused(sentence, &format!("a sentence ends in {ends}")));
                    }
                }
            }
        }
        if text.kind == Kind::Fix {
            if !sentences.iter().any(|sentence| request.is_match(sentence)) {
                found.push(text.refused(&text.text, "a fix asks for something"));
            }
            for sentence in &sentences {
                if !request.is_match(sentence) && !statement.is_match(sentence) {
                    found
                        .push(text.refused(sentence, "a sentence of a fix is a request, or says what follows from it"));
                }
            }
        }
    }
    refuse(&found);
}

/// Names of protocol fields stand in code, also in translations, where the page shows code.
#[test]
fn names_of_the_protocol_stand_in_code() {
    let (name, gloss) =
        (regex(r"[a-z]+(_[a-z0-9]+)+|\b(Bearer|KakaoAK|Content-Type|Retry-After)\b"), regex(r"[(（][a-z_ ]+[)）]"));
    let mut found = Vec::new();
    let mut codes: BTreeMap<(String, String), BTreeMap<&str, BTreeSet<String>>> = BTreeMap::new();
    for text in every_text().into_iter().filter(|text| matches!(text.kind, Kind::Title | Kind::Sentences | Kind::Fix)) {
        let prose = text.prose();
        if let Some(hit) = name.find(&gloss.replace_all(&prose, "")) {
            found.push(text.refused(hit.as_str(), "names of protocol fields stand between backticks"));
        }
        if text.text.matches('`').count() % 2 == 1
            || (prose.contains('`') && matches!(text.key.as_str(), "title" | "message"))
        {
            found.push(text.refused("`", "code stands in causes and fixes only, and is closed"));
        }
        let spans = text.text.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        codes.entry((text.file.clone(), text.key.clone())).or_default().insert(text.lang, spans);
    }
    for ((file, key), all) in codes {
        if all.values().any(|spans| *spans != all["en"]) {
            found.push(format!("{file} {key}: every language names the same code: {all:?}"));
        }
    }
    refuse(&found);
}

/// Nobody reads a text that no page shows.
#[test]
fn every_text_of_a_page_is_used() {
    for of in ["platform", "standin"] {
        let mut sources = String::new();
        for_each_file(&root().join("crates").join(of), &mut |path, text| {
            let is_source = path.extension().is_some_and(|end| end == "rs" || end == "html");
            sources.push_str(if is_source { text } else { "" });
        });
        let items = std::fs::read_to_string(root().join("crates/wire/src/scope.rs")).unwrap();
        for key in table(&root().join(format!("crates/{of}/locales/en.toml"))).keys() {
            let is_item = key.strip_prefix("item_").is_some_and(|item| items.contains(&format!("\"{item}\"")));
            assert!(is_item || sources.contains(&format!("\"{key}\"")), "{of}: no page uses {key:?}");
        }
    }
}

fn for_each_file(folder: &Path, see: &mut dyn FnMut(&Path, &str)) {
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            for_each_file(&path, see);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            see(&path, &text);
        }
    }
}

/// Texts of these languages are in the text files, where the tests above see them.
#[test]
fn no_text_hides_in_the_sources() {
    // Spelled by Kakao, and a value of a sample person.
    let known = ["닉네임을 등록해주세요", "프리셋"];
    let foreign = regex("[가-힣ぁ-んァ-ヶ一-龥]");
    let test = regex(r"#\[cfg\((all\()?test");
    let mut found = Vec::new();
    let mut seen = 0;
    for folder in ["crates", "clients"] {
        for_each_file(&root().join(folder), &mut |path, text| {
            let file = name(path);
            let is_text = ["/texts/", "/glossary.toml", "/locales/", "/tests/", "/node_modules/", "/."]
                .iter()
                .any(|part| file.contains(part));
            let is_test = file.ends_with("tests.rs") || file.contains("test");
            if is_text || is_test {
                return;
            }
            seen += 1;
            let shown = test.find(text).map_or(text, |hit| &text[..hit.start()]);
            for (number, line) in shown.lines().enumerate() {
                let line = known.iter().fold(line.to_owned(), |line, known| line.replace(known, ""));
                let is_comment = line.trim_start().starts_with("//");
                if foreign.is_match(&line) && !is_comment {
                    found.push(format!("{file}:{}: {}", number + 1, line.trim()));
                }
            }
        });
    }
    assert!(seen > 200, "{seen} files");
    assert!(found.is_empty(), "texts of pages belong into locales, of errors into texts:\n{}", found.join("\n"));
}

/// The generated pages of error codes have headings of their own.
#[test]
fn the_pages_of_error_codes_follow_the_glossary() {
    let terms = glossary().terms;
    // The markup's own colon after a heading is of no language.
    let terms: Vec<_> = terms.iter().filter(|term| term.name != "punctuation").collect();
    let mut found = Vec::new();
    for lang in LANGUAGES {
        let file = format!("docs/reference/errors/{lang}.md");
        let page = std::fs::read_to_string(root().join(&file)).unwrap();
        let lines = page.lines().filter(|line| !line.starts_with("- ")).map(str::to_owned);
        let line = |text| Text { file: file.clone(), key: String::new(), lang, kind: Kind::Page, text };
        let lines: Vec<Text> = lines.map(line).collect();
        for term in &terms {
            for pattern in term.not.get(lang).into_iter().flatten().map(|pattern| regex(pattern)) {
                for text in &lines {
                    if let Some(hit) = pattern.find(&text.prose()) {
                        found.push(text.refused(hit.as_str(), &format!("{} is {:?}", term.name, term.say[lang])));
                    }
                }
            }
        }
    }
    refuse(&found);
}
