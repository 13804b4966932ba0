//! The servers as separate processes.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// A server that runs until it is dropped.
pub struct Server {
    child: Child,
    /// Its address.
    pub address: String,
    /// The time from the start to the first line, which the server prints when it is ready.
    pub took: Duration,
}

impl Server {
    /// Starts a program that prints its address in its first line.
    pub fn start(program: &Path, args: &[&str]) -> anyhow::Result<Self> {
        let started = Instant::now();
        let mut child =
            Command::new(program).args(args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().context("start")?;
        let mut out = BufReader::new(child.stdout.take().context("stdout")?);
        let mut line = String::new();
        out.read_line(&mut line)?;
        let took = started.elapsed();
        let Some(address) = line.trim_end().strip_prefix("listening on http://") else {
            bail!("{} said {line:?}", program.display())
        };
        let address = address.to_owned();
        std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        Ok(Self { child, address, took })
    }

    /// Returns the process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns the resident memory in MiB.
    pub fn memory(&self) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Builds the release binary and returns its path. `KAKAW_BENCH_BINARY` names another binary, for a profiler.
pub fn release_binary() -> anyhow::Result<PathBuf> {
    if let Some(path) = std::env::var_os("KAKAW_BENCH_BINARY") {
        return Ok(PathBuf::from(path));
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--release", "--package", "kakaw", "--bin", "kakaw"])
        .current_dir(&root)
        .status()?;
    anyhow::ensure!(status.success(), "the release build failed");
    Ok(root.join("target/release/kakaw"))
}
