//! The entry point for libFuzzer: it calls the target that the variable `KAKAW_FUZZ` names, or lists all targets.

use std::cell::OnceCell;
use std::path::Path;

use super::targets::{Check, TARGETS};

/// Inputs that reached new code are kept here, and later runs start with them.
const CORPUS: &str = "target/fuzz/corpus";

thread_local! {
    static CHECK: OnceCell<Check> = const { OnceCell::new() };
}

/// Creates the target and writes its seeds to the folder that libFuzzer reads.
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "libFuzzer owns the command line")]
fn begin() {
    let Ok(name) = std::env::var("KAKAW_FUZZ") else {
        TARGETS.iter().for_each(|target| println!("{}", target.name));
        std::process::exit(0);
    };
    if let Err(error) = prepare(&name) {
        println!("{error:#}");
        std::process::exit(2);
    }
}

fn prepare(name: &str) -> anyhow::Result<()> {
    let target = super::find(name)?;
    let folder = Path::new(CORPUS).join(name);
    std::fs::create_dir_all(&folder)?;
    for (index, seed) in (target.seeds)().iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{index}")), seed)?;
    }
    CHECK.with(|check| check.set((target.make)())).map_err(|_| anyhow::anyhow!("begun twice"))
}

libfuzzer_sys::fuzz_target!(init: begin(), |input: &[u8]| {
    CHECK.with(|check| {
        if let Some(check) = check.get() {
            check(input);
        }
    });
});
