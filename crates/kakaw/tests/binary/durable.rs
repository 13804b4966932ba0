//! Tests that data is on the disk before an answer promises it. `kill -9` cannot show that; system calls can.

use std::process::{Command, Stdio};

use crate::client::Client;
use crate::running::Running;

const KEY: &str = "0123456789abcdef0123456789abcdef";
const AUTHORIZE: &str = "/oauth/authorize?client_id=0123456789abcdef0123456789abcdef\
                         &redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fcallback&response_type=code";

/// Returns the number of system calls so far that wait for the disk.
fn syncs(trace: &std::path::Path) -> usize {
    let text = std::fs::read_to_string(trace).unwrap_or_default();
    text.lines().filter(|line| line.contains("fdatasync(") || line.contains("fsync(")).count()
}

#[test]
fn every_acknowledged_exchange_waited_for_the_disk() {
    let may_trace = Command::new("strace").args(["-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    if !may_trace.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: strace is not there, or may not trace");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let server = Running::start_traced(folder.path(), &trace, &["dev", "--listen", "127.0.0.1:0", "--data", "data"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut browser = Client::new(&server.url);
        let page = browser.log_in(AUTHORIZE, "ryan@example.com", "ryan-password").await.unwrap();
        let before = syncs(&trace);
        let first = browser.agree(AUTHORIZE, &page, &["profile_nickname", "account_email"]).await.unwrap();
        assert!(syncs(&trace) > before, "a code");
        let mut code = first.parameter("code").unwrap();
        for _ in 0..10 {
            let before = syncs(&trace);
            let form = [("grant_type", "authorization_code"), ("client_id", KEY), ("code", code.as_str())];
            let tokens = browser.post("/oauth/token", &form).await.unwrap().json();
            assert!(syncs(&trace) > before, "an exchange");
            let before = syncs(&trace);
            browser.api("/v1/user/logout", tokens["access_token"].as_str().unwrap()).await.unwrap();
            assert!(syncs(&trace) > before, "a log-out");
            code = browser.get(AUTHORIZE).await.unwrap().parameter("code").unwrap();
        }
    });
}
