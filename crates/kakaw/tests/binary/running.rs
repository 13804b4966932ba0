//! Runs the binary as a user does.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Builds a command of the binary, in `folder`.
pub fn kakaw(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kakaw"));
    command.args(args).current_dir(folder).env_remove("KAKAW_TEST_POSTGRES");
    command
}

/// Runs a command to its end.
pub fn run(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = kakaw(folder, args).output().expect("runs");
    (status.code(), String::from_utf8(stdout).expect("text"), String::from_utf8(stderr).expect("text"))
}

/// A server that runs until it is dropped.
pub struct Running {
    pub child: Child,
    pub url: String,
    /// What it printed after its first line.
    printed: Arc<Mutex<String>>,
}

impl Running {
    /// Starts a server and waits for its first line.
    pub fn start(folder: &Path, args: &[&str]) -> Self {
        Self::wait(kakaw(folder, args))
    }

    /// Starts a server with this log.
    pub fn start_with_log(folder: &Path, log: impl Into<Stdio>, args: &[&str]) -> Self {
        Self::wait_with_log(kakaw(folder, args), log.into())
    }

    /// Starts a server under strace, which writes the system calls that wait for the disk to a file.
    pub fn start_traced(folder: &Path, trace: &Path, args: &[&str]) -> Self {
        let mut command = Command::new("strace");
        command.args(["-f", "-e", "trace=fsync,fdatasync", "-o"]).arg(trace).arg(env!("CARGO_BIN_EXE_kakaw"));
        command.args(args).current_dir(folder);
        Self::wait(command)
    }

    /// Starts the command and waits for its first line.
    pub fn wait(command: Command) -> Self {
        Self::wait_with_log(command, Stdio::null())
    }

    /// The same with this log.
    pub fn wait_with_log(mut command: Command, log: Stdio) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().expect("the binary starts");
        let mut out = BufReader::new(child.stdout.take().expect("stdout"));
        let mut line = String::new();
        out.read_line(&mut line).expect("a line");
        let url = line.trim_end().strip_prefix("listening on ").unwrap_or_else(|| panic!("first line: {line:?}"));
        let url = url.to_owned();
        let printed = Arc::new(Mutex::new(String::new()));
        let lines = Arc::clone(&printed);
        // Continue to read, so that the server is not blocked.
        std::thread::spawn(move || {
            let mut line = String::new();
            while out.read_line(&mut line).is_ok_and(|read| read > 0) {
                lines.lock().unwrap().push_str(&line);
                line.clear();
            }
        });
        Self { child, url, printed }
    }

    /// Returns what follows this text in a later line of the output.
    pub fn printed_after(&self, text: &str) -> String {
        let began = Instant::now();
        loop {
            let printed = self.printed.lock().unwrap().clone();
            if let Some(rest) = printed.lines().find_map(|line| line.split_once(text)) {
                return rest.1.to_owned();
            }
            assert!(began.elapsed() < Duration::from_secs(5), "{text:?} is not printed: {printed}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends a signal, given by its name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(sent.expect("kill").success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The traced process would outlive strace.
        let _ = Command::new("pkill").args(["-KILL", "-P"]).arg(self.child.id().to_string()).status();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns status and body of a GET with curl.
pub fn curl(url: &str, more: &[&str]) -> (u16, String) {
    let output =
        std::process::Command::new("curl").args(["-s", "-w", "\n%{http_code}", url]).args(more).output().expect("curl");
    let text = String::from_utf8(output.stdout).expect("text");
    let (body, status) = text.rsplit_once('\n').expect("status");
    (status.parse().expect("a number"), body.to_owned())
}
