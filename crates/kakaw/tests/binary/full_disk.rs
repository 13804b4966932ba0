//! Tests of `serve` with SQLite on a disk that is full or slow, from the first start to a sweep.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use kakaw_store::db::{Url, sql};
use kakaw_store::{Outcome, Store, agts};

use crate::bad_day::SmallDisk;
use crate::bad_days::{self, LIMIT, configure, log_in, recovers, refresh};
use crate::running::{Running, curl, kakaw};
use crate::shop::AUTHORIZE;

/// A folder for the configuration and the log, with a small disk for the data. `None`: this process may not mount.
fn on<'a>(folder: &Path, disk: &'a Path) -> Option<SmallDisk<'a>> {
    std::fs::create_dir(disk).unwrap();
    let mounted = SmallDisk::mount(disk, "4m");
    match &mounted {
        Some(_) => assert!(disk.starts_with(folder)),
        None => eprintln!("SKIPPED: a small disk cannot be mounted here"),
    }
    mounted
}

#[test]
fn a_first_start_on_a_full_disk_says_so_and_continues_when_there_is_space() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("disk");
    let Some(disk) = on(folder.path(), &place) else { return };
    let config = "listen = \"127.0.0.1:0\"\npublic_url = \"http://127.0.0.1\"\nbehind_proxy = true\ndata = \"disk/data\"\n\
                  management.listen = \"127.0.0.1:0\"\n";
    std::fs::write(folder.path().join("kakaw.toml"), config).unwrap();
    // The file of the database, the file beside it, its tables, the key file: at each, the space may end.
    let (mut refused, mut waited) = (0, 0);
    for pages in [0, 4, 40, 70, 72, 74, 76, 78, 80, 82] {
        let _ = std::fs::remove_dir_all(place.join("data"));
        disk.fill_but(pages);
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut command = kakaw(folder.path(), &["serve", "--config", "kakaw.toml"]);
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let first = first_line(&mut child);
        if let Some(first) = first {
            // It runs, and has no space for the signing keys.
            waited += 1;
            assert!(first.starts_with("listening on"), "{first}");
            let _ = child.kill();
        } else {
            refused += 1;
            let text = std::fs::read_to_string(folder.path().join("log")).unwrap();
            let says =
                text.contains("the disk is full, and nothing was written") || text.contains("No space left on device");
            assert!(says && child.wait().unwrap().code() == Some(1), "{pages} pages: {text}");
        }
        let _ = child.wait();
        disk.make_space();
        let server = Running::start(folder.path(), &["serve", "--config", "kakaw.toml"]);
        let management = server.printed_after("management on ");
        assert_eq!(curl(&format!("{management}/healthz"), &[]).0, 200, "{pages} pages: it starts when there is space");
    }
    assert!(refused > 3 && waited > 0, "{refused} {waited}");
}

/// Returns the first line that a process prints; `None` if it ends without one.
fn first_line(child: &mut Child) -> Option<String> {
    use std::io::BufRead as _;
    let mut line = String::new();
    std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (!line.is_empty()).then_some(line)
}

/// Delays these system calls of a running process by two seconds each, until it is dropped.
struct Slow(Child);

impl Slow {
    fn down(server: &Running, calls: &str) -> Self {
        let mut strace = Command::new("strace");
        strace.args(["-f", "-p", &server.child.id().to_string(), "-e", &format!("trace={calls}"), "-o", "/dev/null"]);
        strace.args(["-e", &format!("inject={calls}:delay_enter=2000000")]).stderr(Stdio::null());
        let child = strace.spawn().unwrap();
        let status = format!("/proc/{}/status", server.child.id());
        let began = Instant::now();
        while std::fs::read_to_string(&status).unwrap().contains("TracerPid:\t0\n") {
            assert!(began.elapsed() < Duration::from_secs(10), "strace does not attach");
            std::thread::sleep(Duration::from_millis(20));
        }
        // All threads.
        std::thread::sleep(Duration::from_millis(200));
        Self(child)
    }
}

impl Drop for Slow {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg("-INT").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

/// Rows that a sweep deletes, in several batches. The last one expires last.
pub async fn expired_rows(store: &Store) {
    let insert = sql("insert into agts (id, grant_id, expires_at) \
                      with recursive n (i) as (select 1 union all select i + 1 from n where i < 1000) \
                      select i || $1, 1, i from n")
    .bind("x".repeat(300));
    assert_eq!(store.commit(vec![insert]).await.unwrap(), Outcome::Committed);
}

pub async fn is_swept(store: &Store) -> bool {
    agts::by_id(store, &format!("1000{}", "x".repeat(300))).await.unwrap().is_none()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_on_a_full_disk_is_made_up_for_and_a_slow_disk_is_waited_for_three_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("disk");
    let Some(disk) = on(folder.path(), &place) else { return };
    configure(folder.path(), "data = \"disk/data\"\nmanagement.listen = \"127.0.0.1:0\"");
    let database = Url::Sqlite(place.join("data/kakaw.db"));
    let store = Store::open(&database).await.unwrap();
    expired_rows(&store).await;
    drop(store);
    // Space for the start, and not for a batch of the sweep.
    disk.fill_but(24);
    let log = folder.path().join("log");
    let mut server = Running::start_with_log(
        folder.path(),
        std::fs::File::create(&log).unwrap(),
        &["serve", "--config", "kakaw.toml"],
    );
    let began = Instant::now();
    let read = || std::fs::read_to_string(&log).unwrap();
    while !read().contains("ERROR sweep") {
        assert!(began.elapsed() < Duration::from_secs(30), "{}", read());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(read().contains("the disk is full, and nothing was written"), "{}", read());
    disk.make_space();
    let store = Store::open(&database).await.unwrap();
    assert!(!is_swept(&store).await, "the sweep has failed");
    let mut browser = bad_days::client(&server);
    let tokens = log_in(&mut browser).await;

    slow_disk(&server, &mut browser, &tokens).await;
    recovers(&mut browser, &tokens).await;
    while !is_swept(&store).await {
        assert!(began.elapsed() < Duration::from_secs(60), "the next sweep deletes what is left");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(server.child.try_wait().unwrap().is_none(), "the process goes on");
}

/// Each write or each sync takes two seconds. Reads go on.
async fn slow_disk(server: &Running, browser: &mut crate::client::Client, tokens: &(String, String)) {
    if Command::new("strace").arg("-V").output().is_err() {
        eprintln!("SKIPPED: strace is not installed");
        return;
    }
    let slow = Slow::down(server, "fdatasync,fsync");
    let began = Instant::now();
    let page = browser.get(AUTHORIZE).await.unwrap();
    let took = began.elapsed();
    assert!(page.status == 302 && page.parameter("code").is_some(), "one sync is in time: {}", page.text);
    assert!(took > Duration::from_secs(1) && took < LIMIT, "{took:?}");
    drop(slow);
    let _slow = Slow::down(server, "pwrite64,fdatasync,fsync");
    let writes = (0..3).map(|_| {
        let mut browser = browser.moved_with_host(&server.url);
        tokio::spawn(async move {
            let began = Instant::now();
            let page = browser.get(AUTHORIZE).await.expect("an answer");
            (page, began.elapsed())
        })
    });
    let writes: Vec<_> = writes.collect();
    for _ in 0..5 {
        let began = Instant::now();
        assert_eq!(browser.get_with_token("/v2/user/me", &tokens.0).await.unwrap().status, 200, "reads go on");
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
        // It is far from its end, so it is a read too.
        assert_eq!(refresh(browser, &tokens.1).await.unwrap().status, 200);
    }
    for write in writes {
        let (page, took) = write.await.unwrap();
        assert!(took < LIMIT, "{took:?}");
        assert_eq!((page.status, page.text.contains("(KOE003)")), (503, true), "{}", page.text);
        assert!(page.retry_after.is_some());
    }
}
