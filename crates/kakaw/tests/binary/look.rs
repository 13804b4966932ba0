//! The style sheets and the templates: every class is defined and used, sizes, contrasts, and colors only in the tokens.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use kakaw_platform::brand::Rgb;
use regex_lite::Regex;

/// Classes without a rule: names on which tests and people's scripts rely.
const HOOKS: [&str; 2] = ["submit", "diagnosis"];
/// The most bytes of the sheet that narrow pages load.
const LARGEST: usize = 20_000;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn sheets() -> Vec<(&'static str, String)> {
    let names = ["platform/assets/kakaw.css", "platform/assets/shell.css", "standin/assets/tools.css"];
    names.map(|name| (name, read(name))).into()
}

fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let folder = format!("{folder}/");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(&folder);
    let names = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(ending)).map(|name| (name.clone(), read(&format!("{folder}{name}")))).collect()
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap()
}

/// Returns the classes of a template: those in `class`, and those that a page adds to the class of its body or content.
fn used(template: &str) -> BTreeSet<String> {
    // Tags of templates contain quotes.
    let plain = regex(r"\{[%{#][^}]*[%}#]\}").replace_all(template, " ").into_owned();
    let mut found: BTreeSet<String> = BTreeSet::new();
    for value in regex("class=\"([^\"]*)\"").captures_iter(&plain) {
        found.extend(value[1].split_whitespace().map(str::to_owned));
    }
    for block in regex(r"\{% block (?:broad|width) %\}(.*?)\{% endblock").captures_iter(template) {
        let plain = regex(r"\{%[^}]*%\}").replace_all(&block[1], " ").into_owned();
        found.extend(plain.split_whitespace().map(str::to_owned));
    }
    found
}

/// Returns the classes that a script gives to the elements that it makes.
fn used_by(script: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for value in
        regex(r#"element\("[a-z0-9]+",.*?, (?:[a-z.]+ \? )?"([a-z -]+)"( : "([a-z -]+)")?"#).captures_iter(script)
    {
        found.extend(value[1].split_whitespace().map(str::to_owned));
    }
    found
}

/// Returns the selectors of a sheet.
fn selectors(sheet: &str) -> Vec<String> {
    let plain = regex(r"(?s)/\*.*?\*/").replace_all(sheet, "").into_owned();
    let found = regex(r"([^{};]+)\{").captures_iter(&plain).map(|rule| rule[1].trim().to_owned()).collect::<Vec<_>>();
    found.into_iter().filter(|selector| !selector.starts_with('@')).collect()
}

fn classes(selector: &str) -> BTreeSet<String> {
    let plain = regex(r"\[[^\]]*\]").replace_all(selector, "").into_owned();
    regex(r"\.([a-z][a-z-]*)").captures_iter(&plain).map(|class| class[1].to_owned()).collect()
}

fn all_used() -> BTreeMap<String, BTreeSet<String>> {
    let templates = [files("platform/templates", ".html"), files("standin/templates", ".html")].concat();
    let mut all: BTreeMap<_, _> = templates.iter().map(|(name, text)| (name.clone(), used(text))).collect();
    let scripts = files("standin/assets", ".js");
    all.extend(scripts.iter().map(|(name, text)| (name.clone(), used_by(text))));
    all
}

#[test]
fn every_class_of_a_page_is_in_a_sheet_and_every_rule_is_used() {
    let defined: BTreeSet<String> =
        sheets().iter().flat_map(|(_, sheet)| selectors(sheet)).flat_map(|selector| classes(&selector)).collect();
    let mut problems = Vec::new();
    for (file, used) in all_used() {
        let unknown = used.iter().filter(|class| !defined.contains(*class) && !HOOKS.contains(&class.as_str()));
        problems.extend(unknown.map(|class| format!("{file}: no sheet has .{class}")));
    }
    let used: BTreeSet<String> = all_used().into_values().flatten().collect();
    assert!(used.len() > 40, "{used:?}");
    for (file, sheet) in sheets() {
        for selector in selectors(&sheet) {
            let unused = classes(&selector).into_iter().find(|class| !used.contains(class));
            problems.extend(unused.map(|class| format!("{file}: no page has .{class} ({selector})")));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_sheet_of_narrow_pages_is_small() {
    let bytes = sheets()[0].1.len();
    assert!(bytes < LARGEST, "kakaw.css has {bytes} bytes");
}

#[test]
fn only_the_tokens_name_colors() {
    for (file, sheet) in sheets() {
        let plain = regex(r"(?s)/\*.*?\*/").replace_all(&sheet, "").into_owned();
        let rules = plain.split('}').filter(|rule| !rule.contains(":root") && !rule.contains(".login-kakao"));
        for rule in rules {
            assert!(
                !regex(r"#[0-9a-f]{3,8}\b|rgb\(|hsl\(").is_match(rule.split_once('{').map_or("", |(_, body)| body)),
                "{file}: {rule}"
            );
        }
    }
    // Kakao's colors are in no sheet of the platform.
    for (file, sheet) in &sheets()[..2] {
        assert!(!sheet.to_lowercase().contains("fee500") && !sheet.contains("kakao"), "{file}");
    }
}

/// The tokens of light and dark.
fn tokens() -> [BTreeMap<String, Rgb>; 2] {
    let sheet = sheets().remove(0).1;
    let mut blocks = sheet.split(":root {").skip(1).map(|block| {
        let block = block.split_once('}').unwrap().0;
        let pattern = regex(r"--([a-z-]+):(#[0-9a-f]+);");
        let pairs = pattern.captures_iter(block).map(|pair| {
            let value = pair[2].to_owned();
            let long = match value.len() {
                4 => value.chars().skip(1).fold("#".to_owned(), |text, digit| format!("{text}{digit}{digit}")),
                _ => value,
            };
            (pair[1].to_owned(), Rgb::parse(&long).unwrap())
        });
        pairs.collect()
    });
    [blocks.next().unwrap(), blocks.next().unwrap()]
}

#[test]
fn tokens_have_the_contrast_that_text_and_controls_need() {
    let grounds = ["bg", "surface", "sunken"];
    let mut pairs: Vec<(&str, &str, f64)> = Vec::new();
    for ground in grounds {
        pairs.extend(["ink", "soft", "accent-ink"].map(|text| (text, ground, 4.5)));
        pairs.extend(["edge", "focus", "accent"].map(|part| (part, ground, 3.0)));
    }
    for (text, ground) in [
        ("on-accent", "accent"),
        ("on-accent", "accent-deep"),
        ("accent-ink", "accent-soft"),
        ("on-bad", "bad"),
        ("on-bad", "bad-deep"),
        ("bad", "surface"),
        ("bad", "bad-soft"),
        ("ink", "bad-soft"),
        ("warn", "warn-soft"),
        ("ink", "warn-soft"),
        ("good", "good-soft"),
        ("ink", "good-soft"),
        ("info", "info-soft"),
        ("ink", "info-soft"),
        ("soft", "info-soft"),
        ("ink", "mark"),
    ] {
        pairs.push((text, ground, 4.5));
    }
    let mut low = Vec::new();
    for (scheme, tokens) in ["light", "dark"].into_iter().zip(tokens()) {
        assert!(tokens.len() > 20, "{tokens:?}");
        for (one, other, needed) in &pairs {
            let found = tokens[*one].contrast(tokens[*other]);
            if found < *needed {
                low.push(format!("{scheme}: --{one} on --{other} has {found:.2}:1; {needed}:1 is needed"));
            }
        }
    }
    assert!(low.is_empty(), "{}", low.join("\n"));
}

#[test]
fn no_template_has_a_style_or_a_script_of_its_own() {
    for (name, text) in [files("platform/templates", ".html"), files("standin/templates", ".html")].concat() {
        assert!(!regex(r#"\sstyle=|\son[a-z]+="|<style|<script>|javascript:"#).is_match(&text), "{name}");
    }
}
