//! Checks that `docs/reference` is up to date: it is made from the code. `KAKAW_WRITE_DOCS=1 cargo test -p kakaw --test
//! binary docs` writes it; without that variable, a difference is an error.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use kakaw::config::Mode;
use kakaw::config::{self, Config};
use kakaw_platform::endpoint::{Credential, Endpoint, Method};
use kakaw_platform::http;
use kakaw_platform::manage::world_file::keys as world_keys;
use kakaw_standin::control::calls;
use kakaw_standin::faults::{self, causes};
use kakaw_standin::presets::Preset;
use kakaw_wire::problem::Status;
use kakaw_wire::text::{self, Lang};
use kakaw_wire::{Code, Problem};

use crate::running::run;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Compares a page with the text that the code makes, or writes it.
fn page(name: &str, text: &str) {
    let path = root().join("docs/reference").join(name);
    if std::env::var_os("KAKAW_WRITE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == text,
        "docs/reference/{name} is out of date: KAKAW_WRITE_DOCS=1 cargo test -p kakaw --test binary docs"
    );
}

/// Escapes a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[test]
fn commands() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "# Commands\n\nGenerated from the program's own help; a test compares the two.\n".to_owned();
    for command in [
        "", "dev", "run", "serve", "init", "ctl", "env", "hosts", "ca", "apply", "export", "people", "webhooks",
        "audit", "backup", "restore", "explain", "check", "config",
    ] {
        let args: Vec<&str> = [command, "--help"].into_iter().filter(|word| !word.is_empty()).collect();
        let (code, out, _) = run(folder.path(), &args);
        assert_eq!(code, Some(0));
        let name = format!("kakaw {command}");
        let _ = write!(text, "\n## {}\n\n```text\n{}\n```\n", name.trim_end(), out.trim_end());
    }
    text.push_str(
        "\nExit codes: 0 success; 1 failure; 2 a mistake in the command or its input. If you name something that does not exist,\n\
         the error suggests the nearest name.\n",
    );
    page("commands.md", &text);
}

#[test]
fn configuration() {
    let mut text = "# Configuration\n\nYou configure Kakaw with a TOML file: `kakaw serve --config FILE` or `kakaw dev --config FILE`. You can \
                    also set each key with\nan environment variable: `policy.code_lifetime` is `KAKAW_POLICY__CODE_LIFETIME`. \
                    Flags override variables, variables\noverride the file, and the file overrides the defaults. `kakaw config` \
                    shows the effective values and their sources.\nKakaw refuses unknown keys and unknown `KAKAW_…` variables, \
                    and suggests the nearest name.\n\n| key | default of dev | default of serve | meaning |\n|---|---|---|---|\n"
        .to_owned();
    let defaults = [Mode::Dev, Mode::Serve].map(|mode| serde_json::to_value(Config::defaults(mode)).unwrap());
    for key in config::keys() {
        // The default depends on the machine.
        let varies = key.name == "passwords.workers";
        let default = |mode: usize| {
            let value = key.name.split('.').fold(&defaults[mode], |value, part| &value[part]);
            if varies || value.is_null() { String::new() } else { format!("`{value}`") }
        };
        let _ = writeln!(text, "| `{}` | {} | {} | {} |", key.name, default(0), default(1), cell(&key.doc));
    }
    text.push_str("\n## Variables that are not settings\n\n| variable | purpose |\n|---|---|\n");
    for (name, about) in config::OTHERS {
        let rest = if name.ends_with('_') { "…" } else { "" };
        let _ = writeln!(text, "| `{name}{rest}` | {about} |");
    }
    text.push_str(
        "\nKakaw ignores the variables that Kubernetes and Docker set for a service called `kakaw…` (`KAKAW_SERVICE_HOST`,\n\
         `KAKAW_PORT_7700_TCP`, …).\n",
    );
    text.push_str(
        "\n## The log\n\n`kakaw serve`, `kakaw dev` and `kakaw run` log to standard error, one event per line. Each line has the \
         time (RFC 3339, UTC,\nmilliseconds), the level and a message. A line about a request also has its `request_id`: the \
         header `X-Request-Id` of a\nrefusal has the same value. A line about a refusal has a `code`, which `kakaw explain` \
         explains.\n\nIn the format `text`, the fields follow the message as `name=value`. In `json`, each line is an object with \
         `time`,\n`level`, `message` and the fields. Secrets, tokens, codes and query strings are not logged. If nobody \
         reads standard\nerror, lines are dropped and counted, and no request waits. Messages before the server starts, such as \
         a refused setting,\nare plain text.\n",
    );
    page("configuration.md", &text);
}

#[test]
fn world_file() {
    let mut text = "# World file\n\nA world file defines apps and people in TOML, for `kakaw dev --world FILE.toml` and `kakaw apply \
                    FILE.toml`. If you apply\na file twice, the second time changes nothing. `kakaw export` writes a file that \
                    `apply` reads. Kakaw refuses an unknown\nkey with its line and the nearest known key.\n"
        .to_owned();
    let mut table = "";
    for key in world_keys::KEYS {
        if key.table != table {
            table = key.table;
            let _ = write!(text, "\n## `{table}`\n\n| key | value | meaning |\n|---|---|---|\n");
        }
        let _ = writeln!(text, "| `{}` | {} | {} |", key.name, cell(key.kind), cell(key.doc));
    }
    page("world-file.md", &text);
}

/// Which other surface redirects to the endpoint.
fn entrance(endpoint: &Endpoint) -> String {
    let place = http::places().into_iter().find(|place| place.path == endpoint.path).unwrap();
    let from = place.entrance.filter(|_| endpoint.method == Method::Get);
    from.map(|from| format!(" With its own origin, {} redirects to it.", from.id())).unwrap_or_default()
}

#[test]
fn api() {
    let mut text = "# API\n\nEvery endpoint, generated from the code. A running server describes its endpoints as OpenAPI at `/docs/api`.\nSurfaces have one origin, or [each its own](../guides/origins.md).\n"
        .to_owned();
    for endpoint in http::endpoints() {
        let about = endpoint.about.unwrap();
        let _ = write!(text, "\n## `{endpoint}`\n\n{}\n", about.summary);
        if let Some(surface) = endpoint.surface {
            let _ = write!(text, "\nSurface: {}.{}\n", surface.id(), entrance(&endpoint));
        }
        let shown = match about.credential {
            Credential::None => "",
            Credential::Token => "With an access token.",
            Credential::AdminKey => "With an admin key.",
            Credential::TokenOrAdminKey => "With an access token, or with an admin key.",
        };
        for part in [shown, about.more].into_iter().filter(|part| !part.is_empty()) {
            let _ = write!(text, "\n{part}\n");
        }
        let in_path = endpoint.in_path().map(|name| (name, "path", "yes", ""));
        let in_query = endpoint.in_query().map(|param| (param.name, "query", param.needed.text(), param.rule));
        let in_form = endpoint.in_form().map(|param| (param.name, "form", param.needed.text(), param.rule));
        let rows: Vec<_> = in_path.chain(in_query).chain(in_form).collect();
        if !rows.is_empty() {
            text.push_str("\n| parameter | in | needed | rule |\n|---|---|---|---|\n");
        }
        for (name, place, needed, rule) in rows {
            let _ = writeln!(text, "| `{name}` | {place} | {needed} | {} |", cell(rule));
        }
    }
    page("api.md", &text);
}

/// The documentation of an endpoint consists of whole sentences.
#[test]
fn every_endpoint_is_described_in_whole_sentences() {
    for endpoint in http::endpoints() {
        let about = endpoint.about.unwrap();
        for sentence in [about.summary, about.more].into_iter().filter(|text| !text.is_empty()) {
            let quoted = sentence.matches('`').count() % 2 == 0;
            assert!(sentence.ends_with('.') && quoted, "{endpoint}: {sentence}");
            assert!(sentence.starts_with(char::is_uppercase), "{endpoint}: {sentence}");
        }
        assert!(!about.summary.is_empty(), "{endpoint}");
        let mut names: Vec<_> = endpoint.in_query().chain(endpoint.in_form()).map(|param| param.name).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|two| two[0] != two[1]), "{endpoint} names a parameter twice: {names:?}");
    }
}

#[test]
fn control() {
    let mut text = "# Control API\n\nThe control API controls a running stand-in (`kakaw dev`, `kakaw run`). This page is generated from the \
                    code. Paths are\nrelative to `/control/v1`, or to `/w/{name}/control/v1` for one of several worlds. Send the \
                    header `Kakaw-Control: 1` with\nevery request; from another machine, send the stand-in's token in this header. A \
                    stand-in describes the API as OpenAPI\nat `/docs/control`. On the command line, each call is \
                    `kakaw ctl VERB field=value`.\n"
        .to_owned();
    for call in calls::CALLS {
        let _ =
            write!(text, "\n## `{} {}`\n\n`kakaw ctl {}` — {}\n", call.method.name(), call.path, call.verb, call.about);
        let (fields, required) = (call.fields(), call.required());
        if !fields.is_empty() {
            text.push_str("\n| field | needed | meaning |\n|---|---|---|\n");
        }
        for (name, schema) in &fields {
            let needed = if required.contains(name) { "yes" } else { "no" };
            let _ = writeln!(text, "| `{name}` | {needed} | {} |", cell(schema["description"].as_str().unwrap()));
            for (inner, schema) in schema["properties"].as_object().into_iter().flatten() {
                let words = calls::words_of(schema);
                let words =
                    if words.is_empty() { String::new() } else { format!(" One of: `{}`.", words.join("`, `")) };
                let about = cell(schema["description"].as_str().unwrap());
                let _ = writeln!(text, "| `{name}.{inner}` | no | {about}{words} |");
            }
        }
    }
    text.push_str(
        "\n## Errors of the SDKs\n\nEach line makes the next such request fail with the error. The reply has the form of the real \
         error: JSON, a page, or a\nredirect to the app or to the picker's page. A test runs every line and decodes the reply \
         strictly.\n\n| error | command |\n|---|---|\n",
    );
    for cause in causes::all() {
        let _ = writeln!(text, "| `{}` | `kakaw ctl fault {}` |", cause.sdk, cause.fields().join(" "));
    }
    text.push_str(
        "\n## Messages\n\nSome codes have several messages. `fault.error` with the code injects the message that such a request \
         has; with one of\nthese names, this message. The words in braces are those of the request, or `fault.evidence.NAME`.\n\n\
         | name | code | message |\n|---|---|---|\n",
    );
    for (name, code) in faults::messages() {
        let problem = Problem::named(name, &|field| format!("{{{field}}}")).unwrap();
        let said = problem.answers().iter().map(|answer| answer.message).find(|message| !message.is_empty());
        let _ = writeln!(text, "| `{}` | {code} | {} |", faults::snake(name), cell(said.unwrap_or_default()));
    }
    text.push_str("\n## Presets\n\n| name | description |\n|---|---|\n");
    for preset in Preset::ALL {
        let _ = writeln!(text, "| `{}` | {} |", preset.id(), cell(preset.about()));
    }
    page("control.md", &text);
}

/// The table of features names only endpoints that exist.
#[test]
fn features_name_real_endpoints() {
    let text = std::fs::read_to_string(root().join("docs/guides/features.md")).unwrap();
    let known: Vec<_> = http::endpoints().into_iter().map(|endpoint| endpoint.path).collect();
    let paths = text.split('`').skip(1).step_by(2).map(|code| code.rsplit(' ').next().unwrap());
    let paths: Vec<_> = paths.filter(|path| path.starts_with('/') && !path.ends_with(".js")).collect();
    assert!(paths.len() > 20, "{paths:?}");
    for path in paths {
        assert!(known.iter().any(|known| known == path), "{path} is no endpoint");
    }
}

#[test]
fn error_codes() {
    let headings = [
        (Lang::Ko, "# 오류 코드", ["원인", "해결", "표시 위치", "이 버전에서 발생하지 않음"]),
        (Lang::En, "# Error codes", ["Why", "How to fix it", "Where it is shown", "Not answered by this version"]),
        (Lang::Ja, "# エラーコード", ["原因", "解決方法", "表示される場所", "このバージョンでは発生しません"]),
        (Lang::Zh, "# 错误代码", ["原因", "解决方法", "显示位置", "此版本不会返回"]),
    ];
    for (lang, heading, [why, how, place, never]) in headings {
        let mut text = format!("{heading}\n");
        for code in Code::ALL {
            let words = text::of(*code, lang).unwrap();
            let _ = write!(text, "\n## {code}: {}\n\n{why}: {}\n\n{how}: {}\n", words.title, words.cause, words.fix);
            if code.status() != Status::Raised {
                let _ = writeln!(text, "\n{never}.");
                continue;
            }
            let _ = writeln!(text, "\n{place}:\n");
            for answer in code.answers() {
                let _ = write!(text, "- {:?} {}", answer.surface, answer.status);
                for part in [answer.error, answer.message].into_iter().filter(|part| !part.is_empty()) {
                    let _ = write!(text, " `{part}`");
                }
                text.push('\n');
            }
        }
        page(&format!("errors/{}.md", lang.id()), &text);
    }
}

/// Links between the project's own pages have targets.
#[test]
fn links_between_pages_lead_somewhere() {
    let mut pages = vec![root().join("README.md"), root().join("ARCHITECTURE.md"), root().join("CONTRIBUTING.md")];
    pages.push(root().join("SECURITY.md"));
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { pages.push(path) }
        }
    }
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = target.split('#').next().unwrap();
            if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            assert!(page.parent().unwrap().join(target).exists(), "{}: {target} is not there", page.display());
        }
    }
}

#[test]
fn every_file_that_the_documents_name_is_there() {
    let mut missing = Vec::new();
    for document in ["ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"] {
        let text = std::fs::read_to_string(root().join(document)).unwrap();
        for path in text.split('`').skip(1).step_by(2) {
            let path = path.trim_start_matches("crates/").split(' ').next().unwrap_or_default();
            let is_ours = ["wire", "core", "store", "platform", "standin", "kakaw", "sdk"].iter().any(|name| {
                path.strip_prefix(name).is_some_and(|rest| rest.starts_with("/src/") || rest.starts_with("/tests/"))
            });
            if is_ours && !path.contains(['{', '<', '…']) && !root().join("crates").join(path).exists() {
                missing.push(format!("{document}: {path}"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
