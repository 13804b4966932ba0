//! Days on which something around the server fails: the disk is full, the log cannot be written.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::client::Client;
use crate::running::Running;

const KEY: &str = "0123456789abcdef0123456789abcdef";
const AUTHORIZE: &str = "/oauth/authorize?client_id=0123456789abcdef0123456789abcdef\
                         &redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fcallback&response_type=code";

/// A disk of its own, which can be filled without harm.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    /// Nothing where this process may not mount.
    fn mount(folder: &'a Path, size: &str) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(folder).stderr(Stdio::null());
        mount.status().is_ok_and(|status| status.success()).then_some(Self(folder))
    }

    /// Takes all space that is left.
    fn fill(&self) {
        let mut ballast = std::fs::File::create(self.0.join("ballast")).unwrap();
        while ballast.write_all(&[7; 4096]).is_ok() {}
    }

    fn make_space(&self) {
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
    let mut server = Running::start(folder.path(), &["dev", "--listen", "127.0.0.1:0", "--data", "data"]);
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

fn pairs(form: &[(String, String)]) -> Vec<(&str, &str)> {
    form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
