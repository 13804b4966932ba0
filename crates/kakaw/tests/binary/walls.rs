//! The walls between the crates: what each may not know.

use std::collections::BTreeSet;
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
    for (name, forbidden) in [
        ("kakaw-wire", [&network[..], &databases, &["tokio", "kakaw-core", "kakaw-store", "kakaw-server"]].concat()),
        ("kakaw-core", [&network[..], &databases, &["tokio", "rand", "kakaw-store", "kakaw-server"]].concat()),
        ("kakaw-store", [&network[..], &["kakaw-server"]].concat()),
        ("kakaw-server", databases.to_vec()),
        ("kakaw-sdk", [&databases[..], &["axum", "kakaw-core", "kakaw-store", "kakaw-server"]].concat()),
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
    // Measured: 249, 299 with TLS for webhooks (the lock file names other platforms too), 328 with the authority of `kakaw run`. A dependency enters
    // knowingly.
    let packages = lock.matches("[[package]]").count();
    assert!(packages <= 335, "{packages} packages in Cargo.lock; raise this bound only on purpose");
}
