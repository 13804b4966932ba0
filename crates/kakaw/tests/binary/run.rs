//! Tests of `kakaw run`: signals to its command, what it leaves behind, and where a browser goes.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::running::kakaw;

/// Prints that it runs, and ends by itself only if no signal arrives.
const WAITS: &str = "echo ready; i=0; while [ $i -lt 200 ]; do sleep 0.05; i=$((i + 1)); done";

#[test]
fn a_signal_reaches_the_command_and_its_end_is_that_of_the_run() {
    for (signal, trap, code) in [
        ("TERM", "", 143),
        ("HUP", "", 129),
        // Without a terminal, nobody else sends the signal to the command.
        ("INT", "", 130),
        ("TERM", "trap 'exit 7' TERM; ", 7),
        ("INT", "trap 'n=$((n + 1)); sleep 0.2; exit $((40 + n))' INT; ", 41),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let run = start(folder.path(), &[], &["sh", "-c", &format!("{trap}{WAITS}")]);
        let command = child_of(&run.child);
        run.signal(signal);
        let (status, err) = run.end();
        assert_eq!(status, Some(code), "{signal} {trap}: {err}");
        assert!(err.contains("requests to Kakao Login"), "the summary is missing: {err}");
        assert_eq!(left(folder.path()), [""; 0], "{signal}");
        assert!(!is_alive(command), "{signal}: the command still runs");
    }
}

#[test]
fn it_prints_the_addresses_and_how_to_start_a_browser_unless_quiet() {
    let folder = tempfile::tempdir().unwrap();
    let output = kakaw(folder.path(), &["run", "--", "sh", "-c", "echo $KAKAW_URL"]).output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let url = out.trim_end();
    assert!(url.starts_with("http://localhost:"), "standard output is the command's: {out}");
    let parts = [
        format!("kakaw: stand-in at {url}, inspector at {url}/inspector\n"),
        "kakaw run --browser".to_owned(),
        "--proxy-server=http://127.0.0.1:".to_owned(),
        "--ignore-certificate-errors-spki-list=".to_owned(),
    ];
    for part in parts {
        assert!(err.contains(&part), "{part:?} is missing: {err}");
    }
    let quiet = kakaw(folder.path(), &["run", "--quiet", "--", "true"]).output().unwrap();
    assert_eq!(String::from_utf8(quiet.stderr).unwrap(), "");
}

#[test]
fn a_browser_is_opened_with_its_traffic_routed_and_ends_with_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let programs = folder.path().join("programs");
    std::fs::create_dir(&programs).unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let browser = programs.join("chromium");
    let script =
        format!("#!/bin/sh\necho \"$$ $*\" >{0}/new && mv {0}/new {0}/opened\nexec sleep 30\n", programs.display());
    std::fs::write(&browser, script).unwrap();
    std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o755)).unwrap();
    let opened = programs.join("opened");
    let wait = format!("until [ -e {} ]; do sleep 0.02; done; echo $KAKAW_URL", opened.display());
    for (option, page) in
        [("--browser", "/inspector"), ("--browser=https://kauth.kakao.com/x", "https://kauth.kakao.com/x")]
    {
        let tmp = folder.path().join("tmp");
        std::fs::create_dir_all(&tmp).unwrap();
        let mut command = kakaw(folder.path(), &["run", option, "--", "sh", "-c", &wait]);
        let output = command.env("PATH", &path).env("TMPDIR", &tmp).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{err}");
        let arguments = std::fs::read_to_string(&opened).unwrap();
        let (id, arguments) = arguments.trim_end().split_once(' ').unwrap();
        let url = String::from_utf8(output.stdout).unwrap();
        let page = if page.starts_with('/') { format!("{}{page}", url.trim_end()) } else { page.to_owned() };
        assert!(arguments.ends_with(&page), "{arguments}");
        for part in ["--proxy-server=http://127.0.0.1:", "--ignore-certificate-errors-spki-list=", "--user-data-dir="] {
            assert!(arguments.contains(part), "{part} is missing: {arguments}");
        }
        assert!(!is_alive(id.parse().unwrap()), "the browser still runs");
        assert_eq!(left(&tmp), [""; 0]);
        std::fs::remove_file(&opened).unwrap();
    }
    let none = kakaw(folder.path(), &["run", "--browser", "--", "true"]).env("PATH", "/nowhere").output().unwrap();
    let err = String::from_utf8(none.stderr).unwrap();
    assert!(none.status.code() == Some(2) && err.contains("expected one of chromium"), "{err}");
}

/// A run whose temporary folder is below `folder`.
struct Run {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
}

fn start(folder: &Path, options: &[&str], command: &[&str]) -> Run {
    let mut run = kakaw(folder, &[&["run"], options, &["--"], command].concat());
    run.env("TMPDIR", folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = run.spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    Run { child, out }
}

impl Run {
    fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(sent.unwrap().success());
    }

    /// Returns exit code and standard error, once all writers have closed it.
    fn end(mut self) -> (Option<i32>, String) {
        let began = Instant::now();
        let mut err = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        self.out.read_to_string(&mut String::new()).unwrap();
        assert!(began.elapsed() < Duration::from_secs(8), "it ended by itself");
        (self.child.wait().unwrap().code(), err)
    }
}

/// Returns the process that a process has started.
fn child_of(parent: &Child) -> u32 {
    let output = Command::new("pgrep").arg("-P").arg(parent.id().to_string()).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

fn is_alive(process: u32) -> bool {
    Command::new("kill").arg("-0").arg(process.to_string()).stderr(Stdio::null()).status().unwrap().success()
}

/// Returns what is left in a folder.
fn left(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}
