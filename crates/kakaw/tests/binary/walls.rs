//! Tests of the walls between the crates: what each crate must not depend on.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn dependencies(package: &Value) -> BTreeSet<String> {
    let all = package["dependencies"].as_array().unwrap().iter();
    let normal = all.filter(|dependency| dependency["kind"].is_null());
    normal.map(|dependency| dependency["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn no_crate_knows_what_it_must_not() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let of = |name: &str| {
        let packages = metadata["packages"].as_array().unwrap();
        dependencies(packages.iter().find(|package| package["name"] == name).unwrap_or_else(|| panic!("{name}")))
    };
    let network = ["axum", "http", "hyper", "reqwest", "tower"];
    let databases = ["rusqlite", "tokio-postgres", "deadpool-postgres"];
    let outer = ["kakaw-store", "kakaw-platform", "kakaw-standin", "kakaw"];
    for (name, forbidden) in [
        ("kakaw-wire", [&network[..], &databases, &["tokio", "kakaw-core"], &outer].concat()),
        ("kakaw-core", [&network[..], &databases, &["tokio", "rand"], &outer].concat()),
        ("kakaw-store", [&network[..], &outer[1..]].concat()),
        ("kakaw-platform", [&databases[..], &["clap", "rcgen"], &outer[2..]].concat()),
        ("kakaw-standin", [&databases[..], &["clap", "kakaw"]].concat()),
        ("kakaw", databases.to_vec()),
        ("kakaw-sdk", [&databases[..], &["axum", "kakaw-core"], &outer].concat()),
    ] {
        let known = of(name);
        let wrong: Vec<_> = forbidden.iter().filter(|dependency| known.contains(**dependency)).collect();
        assert!(wrong.is_empty(), "{name} knows {wrong:?}");
    }
    assert!(of("kakaw-wire").len() < 10, "{:?}", of("kakaw-wire"));
    let lock = include_str!("../../../../Cargo.lock");
    for stack in ["openssl-sys", "native-tls"] {
        assert!(!lock.contains(&format!("name = \"{stack}\"")), "one crypto stack: {stack} is in Cargo.lock");
    }
    for name in ["toml", "toml_edit", "winnow"] {
        let versions = lock.matches(&format!("name = \"{name}\"\n")).count();
        // age's translations are made by a macro, which uses an old one at build time. It is not in the program.
        let at_build_time = lock.matches(&format!("name = \"{name}\"\nversion = \"0.5.11\"")).count();
        let versions = versions - at_build_time;
        assert!(versions <= 1, "{versions} versions of {name} in Cargo.lock");
    }
    // Measured: 249; 299 with TLS for webhooks (the lock file includes other platforms); 328 with the authority of
    // `kakaw run`; 324 without figment and with TLS for PostgreSQL; 408 with age, whose translations bring most of them.
    // A new dependency must be a conscious decision.
    let packages = lock.matches("[[package]]").count();
    assert!(packages <= 410, "{packages} packages in Cargo.lock; raise this bound only on purpose");
}

/// The login platform stands alone: it does not even name what only a stand-in has. Two uses of these words are
/// allowed: "fault" in the catalogue's `TemporaryFault`, and the world file, which is a format.
#[test]
fn the_platform_does_not_speak_of_the_stand_in() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../platform");
    let folders = ["src", "templates", "assets", "locales"].map(|folder| root.join(folder));
    let (mut folders, mut found) = (folders.to_vec(), Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                // Both use the format of the world file.
                folders.extend((!path.ends_with("world_file")).then_some(path));
                continue;
            }
            for (number, line) in std::fs::read_to_string(&path).unwrap().lines().enumerate() {
                let line = line.to_lowercase().replace("world file", "").replace("world_file", "");
                let words: Vec<_> = line.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '_').collect();
                let wrong = [
                    "dev",
                    "is_dev",
                    "stand-in",
                    "standin",
                    "fault",
                    "faults",
                    "snapshot",
                    "snapshots",
                    "world",
                    "worlds",
                ];
                if let Some(word) = words.iter().find(|word| wrong.contains(word)) {
                    found.push(format!("{}:{}: {word}", path.display(), number + 1));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The folders of `core` in the order of ARCHITECTURE.md: each uses only itself and those before it, so there is no
/// cycle.
#[test]
fn the_folders_of_core_use_only_those_before_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src");
    let order = ["crypto", "account", "app", "link", "authorize", "token", "webhook"];
    for (place, name) in order.iter().enumerate() {
        let folder = root.join(name);
        let files = if folder.is_dir() { files(&folder) } else { vec![folder.with_extension("rs")] };
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            let uses = |later: &&&str| text.contains(&format!("crate::{later}::"));
            let later: Vec<_> = order[place + 1..].iter().filter(uses).collect();
            assert!(later.is_empty(), "{} uses {later:?}, which come after {name}", file.display());
        }
    }
}

/// Returns the files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Every rule has a table of cases or a property beside it: in its own file, in `FILE/tests.rs` or in `FILE_tests.rs`.
/// Files that only declare modules, and those that only tests use, have none.
#[test]
fn every_file_of_core_is_tested_beside_itself() {
    let of_tests = |path: &Path| {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        stem == "samples" || stem.split('_').next_back() == Some("tests")
    };
    let only_names = |text: &str| {
        let mut lines = text.lines().map(str::trim);
        let names = ["//", "#[", "mod ", "pub mod ", "use ", "pub use "];
        lines.all(|line| line.is_empty() || names.iter().any(|start| line.starts_with(start)))
    };
    let core = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src"));
    let untested = core.iter().filter(|path| !of_tests(path)).filter(|path| {
        let text = std::fs::read_to_string(path).unwrap();
        let inside = text.split_once("#[cfg(test)]").map_or("", |(_, tests)| tests);
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let beside = [path.with_extension("").join("tests.rs"), path.with_file_name(format!("{stem}_tests.rs"))];
        let beside =
            inside.contains("mod tests;").then(|| beside.map(|path| std::fs::read_to_string(path).unwrap_or_default()));
        !only_names(&text)
            && !inside.contains("#[test]")
            && !beside.is_some_and(|texts| texts.concat().contains("#[test]"))
    });
    let untested: Vec<_> = untested.map(|path| path.display().to_string()).collect();
    assert!(untested.is_empty(), "no test beside {untested:#?}");
}

/// Documentation that the program prints comes from its types and tables, not from its source text.
#[test]
fn no_source_text_is_in_the_program() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut included = Vec::new();
    for name in ["wire", "core", "store", "platform", "standin", "kakaw", "sdk"] {
        for path in files(&crates.join(name).join("src")) {
            let text = std::fs::read_to_string(&path).unwrap();
            let calls = text.split("include_str!").skip(1).chain(text.split("include_bytes!").skip(1));
            let of_source = |call: &&str| call.split(';').next().unwrap().contains(".rs\"");
            included.extend(calls.filter(of_source).map(|_| path.display().to_string()));
        }
    }
    assert!(included.is_empty(), "{included:?}");
    // Lines that only a source file has. A doc comment of a type that a library reads is not a separate line there.
    let program = std::fs::read(env!("CARGO_BIN_EXE_kakaw")).unwrap();
    let of_source =
        |line: &&[u8]| [&b"//! "[..], b"use crate::", b"use kakaw_"].iter().any(|start| line.starts_with(start));
    let lines = program.split(|byte| *byte == b'\n').filter(of_source);
    let found: Vec<_> = lines.map(|line| String::from_utf8_lossy(&line[..line.len().min(120)])).collect();
    assert!(found.is_empty(), "{found:#?}");
}

/// What people do themselves, on their own pages and through their apps. All other changes of settings and people go
/// through `platform/src/manage`.
const OWN_ACTS: [(&str, &[&str]); 12] = [
    ("http/accounts/create_account.rs", &["accounts::insert", "accounts::put_login"]),
    ("http/accounts/login.rs", &["accounts::hash_password", "accounts::wake"]),
    ("http/accounts/terms.rs", &["accounts::agree_to_terms"]),
    (
        "http/kauth/authorize/consent.rs",
        &["accounts::put_login", "accounts::update_attributes", "links::insert", "links::update"],
    ),
    ("http/kapi/v1_user_logout.rs", &["links::log_out"]),
    ("http/kapi/v1_user_signup.rs", &["links::update"]),
    ("http/kapi/v1_user_unlink.rs", &["links::unlink"]),
    ("http/kapi/v1_user_update_profile.rs", &["links::update"]),
    ("http/kapi/v2_user_scopes.rs", &["links::update"]),
    ("http/kapi/v2_user_service_terms.rs", &["links::update"]),
    (
        "http/apps/address.rs",
        &[
            "links::update",
            "shipping_addresses::delete",
            "shipping_addresses::insert",
            "shipping_addresses::set_default",
            "shipping_addresses::update",
        ],
    ),
    ("signer.rs", &["signing_keys::insert"]),
];

/// Returns the functions of a table's file that make statements. Everything is written through these.
fn writes(table: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../store/src/{table}.rs"));
    let text = std::fs::read_to_string(path).unwrap();
    let functions = text.split("\npub fn ").skip(1).filter_map(|rest| {
        let signature = rest.split('{').next().unwrap();
        let name = rest.split(['(', '<']).next().unwrap();
        signature.contains("-> Statement").then(|| format!("{table}::{name}"))
    });
    functions.collect()
}

#[test]
fn settings_and_people_are_changed_by_one_door() {
    let tables = ["apps", "app_keys", "accounts", "links", "shipping_addresses", "signing_keys"];
    let writes: Vec<String> = tables.into_iter().flat_map(writes).collect();
    assert!(writes.len() > 18 && writes.contains(&"app_keys::put".to_owned()), "{writes:?}");
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders: Vec<_> = ["platform/src", "standin/src", "kakaw/src"].map(|name| crates.join(name)).into();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.extend((!path.ends_with("platform/src/manage")).then_some(path));
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap();
            let of_file = path.to_string_lossy();
            let allowed = OWN_ACTS.iter().filter(|(file, _)| of_file.ends_with(&format!("platform/src/{file}")));
            let allowed: Vec<&str> = allowed.flat_map(|(_, acts)| acts.iter().copied()).collect();
            // Functions are used with the name of their module, so each use contains it.
            let used = writes.iter().filter(|name| text.contains(&format!("{name}(")));
            found
                .extend(used.filter(|name| !allowed.contains(&name.as_str())).map(|name| format!("{of_file}: {name}")));
            let idle = allowed.iter().filter(|act| !text.contains(&format!("{act}(")));
            found.extend(idle.map(|act| format!("{of_file}: {act} is allowed and not used")));
            for table in tables {
                let taken_out = format!("use kakaw_store::{table}::");
                let lines = text.lines().filter(|line| line.starts_with(&taken_out));
                // Types may be imported from the module: their names begin with a capital letter.
                let named = lines.filter(|line| !line[taken_out.len()..].starts_with(|c: char| c.is_uppercase()));
                found.extend(named.map(|line| format!("{of_file}: {line}")));
            }
        }
    }
    assert!(found.is_empty(), "these go around manage/:\n{}", found.join("\n"));
}
