//! Finds the lines of values in the text of a world file.

use kakaw_core::wire::SettingProblem;
use kakaw_wire::text::Lang;
use toml::de::{DeTable, DeValue};

use crate::manage::Refused;

/// Returns every problem with a file, one per line, each with the line of the file.
#[must_use]
pub fn with_lines(refused: &Refused, text: &str, file: &str) -> String {
    let Refused::Problems(problems) = refused else { return format!("{file}: {refused}") };
    let table = DeTable::parse(text).ok();
    let located = problems.iter().map(|problem| {
        let line = table.as_ref().map(|table| line(text, table.get_ref(), problem));
        let line = line.map(|line| format!(", line {line}")).unwrap_or_default();
        format!("{file}{line}: {}", problem.text(Lang::En))
    });
    located.collect::<Vec<_>>().join("\n")
}

/// Returns the line of the value, or of the nearest table around it in the file.
fn line(text: &str, table: &DeTable<'_>, problem: &SettingProblem) -> usize {
    let mut offset = 0;
    let mut steps = steps(&problem.path).into_iter();
    let mut value = match steps.next().and_then(|step| table.get(step)) {
        Some(value) => value,
        None => return 1,
    };
    loop {
        // A table that is only implied has the span of its first line. A list of tables has no span of its own.
        offset = if value.span().start > 0 { value.span().start } else { offset };
        let Some(step) = steps.next() else { break };
        let next = match value.get_ref() {
            DeValue::Array(array) => step.parse().ok().and_then(|index: usize| array.get(index)),
            DeValue::Table(table) => table.get(step),
            _ => None,
        };
        let Some(next) = next else { break };
        value = next;
    }
    line_at(text, offset)
}

/// Returns the number of the line that contains this byte offset, from 1.
pub(super) fn line_at(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or_default().matches('\n').count() + 1
}

/// Renamed keys of apps: the earlier name and the present one.
const RENAMED: [(&str, &str); 1] = [("standing", "status")];

/// Returns a warning for each earlier name of a key in the file. [`super::parse`] accepts these names.
#[must_use]
pub(super) fn renamed_keys(text: &str, file: &str) -> Vec<String> {
    // Few files have one, so most need not be parsed again.
    if RENAMED.iter().all(|(before, _)| !text.contains(before)) {
        return Vec::new();
    }
    let Ok(table) = DeTable::parse(text) else { return Vec::new() };
    let apps = table.get_ref().get("apps").and_then(|apps| apps.get_ref().as_array());
    let tables = apps.into_iter().flatten().filter_map(|app| app.get_ref().as_table());
    let keys = tables.flat_map(|app| app.keys()).filter_map(|key| {
        let (before, now) = RENAMED.iter().find(|(before, _)| before == key.get_ref())?;
        let line = line_at(text, key.span().start);
        Some(format!("{file}, line {line}: the key `{before}` is now `{now}`; the earlier name still works"))
    });
    keys.collect()
}

/// Splits `apps[0].name` into `apps`, `0`, `name`.
fn steps(path: &str) -> Vec<&str> {
    path.split(['.', '[', ']']).filter(|step| !step.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use kakaw_core::wire::Expected;

    use super::*;

    #[test]
    fn a_problem_is_found_in_its_line() {
        let text = "[[apps]]\nid = 1\nname = \"A\"\n[[apps.rest_api_keys]]\nredirect_uris = [\n  \"https://a.example\",\n  \
                    \"ftp://a.example\",\n]\n[apps.consent_items]\ngender = \"optional\"\n\n[[people]]\nid = \"x\"\n";
        for (path, line) in [
            ("apps[0].name", 3),
            ("apps[0].rest_api_keys[0].redirect_uris[1]", 7),
            ("apps[0].rest_api_keys[0].key", 4),
            ("apps[0].consent_items.gender", 10),
            ("apps[0].consent_items.gender.purpose", 10),
            ("people[0].id", 13),
            ("people[0]", 12),
            ("nothing", 1),
        ] {
            let refused = Refused::Problems(vec![SettingProblem::new(path, "x", Expected::Once {})]);
            let said = with_lines(&refused, text, "w.toml");
            assert!(said.starts_with(&format!("w.toml, line {line}: {path}: ")), "{path}: {said}");
        }
    }

    #[test]
    fn a_renamed_key_of_an_app_is_found_in_its_line() {
        let text = "# standing\n[[apps]]\nid = 1\nname = \"standing\"\n\n[[apps]]\nid = 2\nstanding = \"blocked\"\n";
        let warning = "w.toml, line 8: the key `standing` is now `status`; the earlier name still works";
        assert_eq!(renamed_keys(text, "w.toml"), [warning]);
        assert!(renamed_keys("[[apps]]\nid = 1\nstatus = \"blocked\"\n", "w.toml").is_empty());
    }
}
