//! Fuzzes every parser. A target takes bytes, must not panic, and checks what its parser promises.
//!
//! `fuzz/run` builds this with libFuzzer, which is guided by coverage. A normal build runs one file:
//! `cargo run --package kakaw-fuzz -- TARGET FILE`.

#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
mod guided;
mod targets;

use targets::{TARGETS, Target};

/// Returns the target with this name.
fn find(name: &str) -> anyhow::Result<&'static Target> {
    let names = || TARGETS.iter().map(|target| target.name).collect::<Vec<_>>().join(" ");
    let found = TARGETS.iter().find(|target| target.name == name);
    found.ok_or_else(|| anyhow::anyhow!("no target {name:?}; there is: {}", names()))
}

#[cfg(not(fuzzing))]
fn main() -> anyhow::Result<()> {
    use anyhow::Context as _;

    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, file] = arguments.as_slice() else { anyhow::bail!("usage: kakaw-fuzz TARGET FILE; to fuzz: fuzz/run") };
    let input = std::fs::read(file).with_context(|| format!("cannot read {file}"))?;
    (find(name)?.make)()(&input);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seed_keeps_the_promise_of_its_target() {
        for target in TARGETS {
            let (seeds, check) = ((target.seeds)(), (target.make)());
            assert!(!seeds.is_empty(), "{}", target.name);
            seeds.iter().for_each(|seed| check(seed));
        }
        assert!(find("forms").is_err_and(|error| error.to_string().contains("form authorize")));
    }
}
