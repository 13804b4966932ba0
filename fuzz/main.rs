//! `fuzz/run SECONDS [TARGET]` — mutated input for every parser, on stable Rust. A target takes bytes, must not panic, and
//! checks what its parser promises. The first input that breaks one is printed, and the exit code is 1.

mod mutate;
mod targets;

use std::io::Write as _;
use std::panic;
use std::sync::Mutex;
use std::time::Duration;

use kakaw_platform::clock;
use mutate::Mutator;
use targets::{TARGETS, Target};

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let seconds: u64 = args.next().and_then(|text| text.parse().ok()).unwrap_or(60);
    let wanted = args.next();
    let chosen: Vec<&Target> = TARGETS.iter().filter(|t| wanted.as_deref().is_none_or(|name| name == t.name)).collect();
    if chosen.is_empty() {
        let names = TARGETS.iter().map(|target| target.name).collect::<Vec<_>>().join(", ");
        anyhow::bail!("no target {:?}; expected one of {names}", wanted.unwrap_or_default());
    }
    // The panics of targets are caught and printed with their input.
    panic::set_hook(Box::new(|_| {}));
    let queue = Mutex::new(chosen.into_iter());
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let broken = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores)
            .map(|_| {
                scope.spawn(|| {
                    let mut broken = false;
                    while let Some(target) = queue.lock().ok().and_then(|mut queue| queue.next()) {
                        broken |= !fuzz(target, Duration::from_secs(seconds));
                    }
                    broken
                })
            })
            .collect();
        workers.into_iter().any(|worker| worker.join().unwrap_or(true))
    });
    anyhow::ensure!(!broken, "a parser broke its promise");
    Ok(())
}

/// Whether the target holds for so long.
fn fuzz(target: &Target, span: Duration) -> bool {
    let started = clock::monotonic();
    let seed = started.elapsed().as_nanos() as u64 ^ u64::from(std::process::id());
    let mut mutator = Mutator::new(seed, (target.seeds)());
    let check = (target.make)();
    let mut count = 0_u64;
    while started.elapsed() < span {
        for _ in 0..256 {
            let input = mutator.next();
            count += 1;
            if let Err(reason) = panic::catch_unwind(panic::AssertUnwindSafe(|| check(&input))) {
                let reason = reason.downcast_ref::<String>().map_or("a panic", String::as_str);
                say(&format!("{}: {reason}\n  input {:?}", target.name, String::from_utf8_lossy(&input)));
                return false;
            }
        }
    }
    say(&format!("{:<12} {count} inputs in {} s, nothing broke", target.name, span.as_secs()));
    true
}

fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
