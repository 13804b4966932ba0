//! Tests with failures around the server: a full disk, a log that cannot be written.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::client::Client;
use crate::running::{Running, curl, kakaw};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const AUTHORIZE: &str = "/oauth/authorize?client_id=0123456789abcdef0123456789abcdef\
                         &redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fcallback&response_type=code";

/// A small mounted disk, which a test can fill without harm.
pub struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    /// Returns `None` if this process is not allowed to mount.
    pub fn mount(folder: &'a Path, size: &str) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(folder).stderr(Stdio::null());
        mount.status().is_ok_and(|status| status.success()).then_some(Self(folder))
    }

    /// Uses all space that is left.
    pub fn fill(&self) {
        let mut ballast = std::fs::File::create(self.0.join("ballast")).unwrap();
        while ballast.write_all(&[7; 4096]).is_ok() {}
    }

    /// Uses all space but some pages.
    pub fn fill_but(&self, pages: u64) {
        self.fill();
        let ballast = std::fs::File::options().write(true).open(self.0.join("ballast")).unwrap();
        ballast.set_len(ballast.metadata().unwrap().len() - pages * 4096).unwrap();
    }

    pub fn make_space(&self) {
        std::fs::remove_file(self.0.join("ballast")).unwrap();
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[test]
fn a_full_disk_refuses_writes_only_and_ends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path(), "4m") else {
        eprintln!("SKIPPED: a small disk cannot be mounted here");
        return;
    };
    let args = ["dev", "--listen", "127.0.0.1:0", "--data", "data"];
    // The log is often on the same disk.
    let mut server = Running::start_with_log(folder.path(), cannot_be_written(), &args);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut browser = Client::new(&server.url);
        let page = browser.log_in(AUTHORIZE, "ryan@example.com", "ryan-password").await.unwrap();
        let agreed = browser.agree(AUTHORIZE, &page, &["profile_nickname", "account_email"]).await.unwrap();
        let exchange = |code: &str| {
            [("grant_type", "authorization_code"), ("client_id", KEY), ("code", code)]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
        };
        let first = exchange(&agreed.parameter("code").unwrap());
        let tokens = browser.post("/oauth/token", &pairs(&first)).await.unwrap().json();
        let access = tokens["access_token"].as_str().unwrap();
        let kept = exchange(&browser.get(AUTHORIZE).await.unwrap().parameter("code").unwrap());
        disk.fill();
        let mut page = browser.get(AUTHORIZE).await.expect("an answer");
        for _ in 0..200 {
            if page.status != 302 {
                break;
            }
            page = browser.get(AUTHORIZE).await.expect("an answer");
        }
        assert_eq!((page.status, page.text.contains("(KOE003)")), (503, true), "{}", page.text);
        assert!(page.retry_after.is_some());
        for _ in 0..3 {
            let refused = browser.post("/oauth/token", &pairs(&kept)).await.expect("an answer");
            assert_eq!((refused.status, &refused.json()["error_code"]), (503, &"KOE003".into()), "{}", refused.text);
            assert_eq!(browser.api("/v1/user/logout", access).await.expect("an answer").json()["code"], -1);
            let checked = browser.get_with_token("/v1/user/access_token_info", access).await.expect("an answer");
            assert_eq!(checked.status, 200, "reads go on: {}", checked.text);
        }
        disk.make_space();
        let answer = browser.post("/oauth/token", &pairs(&kept)).await.unwrap();
        assert_eq!(answer.status, 200, "the code was not spent, and there is space: {}", answer.text);
        let again = browser.post("/oauth/token", &pairs(&kept)).await.unwrap();
        assert_eq!(again.json()["error_code"], "KOE320", "and it is good once");
        assert_eq!(browser.api("/v1/user/logout", access).await.unwrap().status, 200);
    });
    assert!(server.child.try_wait().unwrap().is_none(), "the process goes on");
    drop(server);
}

/// Returns a file that fails like a full disk.
fn cannot_be_written() -> std::fs::File {
    std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap()
}

/// Sends requests that are refused, because every refusal writes a log line.
async fn refusals_are_answered(server: &mut Running) {
    let mut client = Client::new(&server.url);
    for _ in 0..3 {
        let page = client.get("/oauth/authorize?client_id=nope&redirect_uri=x&response_type=code").await;
        assert!(page.expect("an answer").text.contains("(KOE101)"));
        let token = client.post("/oauth/token", &[("grant_type", "nope")]).await.expect("an answer");
        assert_eq!(token.status, 400, "{}", token.text);
        assert_eq!(client.get_with_token("/v2/user/me", "nope").await.expect("an answer").json()["code"], -401);
    }
    assert!(server.child.try_wait().unwrap().is_none(), "the process goes on");
}

#[tokio::test]
async fn a_log_on_a_full_disk_or_a_closed_pipe_fails_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["dev", "--listen", "127.0.0.1:0"];
    refusals_are_answered(&mut Running::start_with_log(folder.path(), cannot_be_written(), &args)).await;
    let (reader, writer) = std::io::pipe().unwrap();
    let mut server = Running::start_with_log(folder.path(), writer, &args);
    drop(reader);
    refusals_are_answered(&mut server).await;
}

/// A pipe holds 64 KiB, and a refusal is about 50 bytes of log, so anybody can fill it.
#[tokio::test]
async fn a_log_that_is_open_but_read_by_nobody_holds_up_no_request_and_not_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    let mut server = Running::start_with_log(folder.path(), writer, &["dev", "--listen", "127.0.0.1:0"]);
    let http = reqwest::Client::builder().no_proxy().timeout(std::time::Duration::from_secs(5)).build().unwrap();
    for _ in 0..1500 {
        let status = http.get(format!("{}/v1/nope", server.url)).send().await.expect("an answer").status();
        assert_eq!(status.as_u16(), 404);
    }
    server.signal("TERM");
    let began = std::time::Instant::now();
    while server.child.try_wait().unwrap().is_none() {
        assert!(began.elapsed() < std::time::Duration::from_secs(8), "it ends though its log is not read");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    drop(reader);
}

#[tokio::test]
async fn serve_answers_refusals_though_its_log_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let config = "listen = \"127.0.0.1:0\"\npublic_url = \"http://127.0.0.1\"\nbehind_proxy = true\ndata = \"live\"\n";
    std::fs::write(folder.path().join("kakaw.toml"), config).unwrap();
    let mut server = Running::start_with_log(folder.path(), cannot_be_written(), &["serve", "--config", "kakaw.toml"]);
    for _ in 0..3 {
        let (status, page) =
            curl(&format!("{}/oauth/authorize?client_id=nope", server.url), &["-H", "host: 127.0.0.1"]);
        assert!(status == 400 && page.contains("(KOE"), "{status} {page}");
    }
    assert!(server.child.try_wait().unwrap().is_none(), "the process goes on");
}

#[test]
fn a_command_whose_errors_nobody_reads_fails_with_its_own_code() {
    let folder = tempfile::tempdir().unwrap();
    let status = kakaw(folder.path(), &["serve", "--config", "absent.toml"]).stderr(cannot_be_written()).status();
    assert_eq!(status.unwrap().code(), Some(2));
}

fn pairs(form: &[(String, String)]) -> Vec<(&str, &str)> {
    form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
