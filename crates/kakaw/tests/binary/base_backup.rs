//! A drill with a base backup of PostgreSQL and its archived log: the commands of docs/guides/backup.md.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::postgres_server::Server;
use crate::site::{KEY, PEOPLE, Site, block_on, log_in, status};

/// Returns the commands and the settings of the guide's section, with this folder for the backups.
fn of_the_guide(backups: &Path) -> (Vec<String>, String) {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides/backup.md");
    let text = std::fs::read_to_string(guide).unwrap().replace("/backups", &backups.display().to_string());
    let section = text.split_once("### To any moment").unwrap().1.split("\n## ").next().unwrap().to_owned();
    let blocks = |kind: &str| {
        let start = format!("```{kind}\n");
        let blocks = section.split(&start).skip(1);
        blocks.map(|rest| rest.split("```").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    (blocks("sh"), blocks("text").remove(0))
}

/// Runs commands in a shell as the user of PostgreSQL.
fn as_postgres(commands: &str, variables: &[(&str, &str)]) {
    let exports: String = variables.iter().map(|(name, value)| format!("export {name}='{value}'\n")).collect();
    let script = format!("set -e\n{exports}{commands}");
    let id = Command::new("id").arg("-u").output().unwrap();
    let mut shell = Command::new(if id.stdout == b"0\n" { "su" } else { "sh" });
    if id.stdout == b"0\n" {
        shell.args(["postgres", "-s", "/bin/sh"]);
    }
    let done = shell.args(["-c", &script]).output().unwrap();
    assert!(done.status.success(), "{script}\n{}", String::from_utf8_lossy(&done.stderr));
}

fn ask(url: &str, text: &str) -> String {
    let output = Command::new("psql").args([url, "-qAtc", text]).output().unwrap();
    assert!(output.status.success(), "{text}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_base_backup_of_postgresql_is_restored_to_a_moment_and_the_tombstones_are_replayed() {
    let backups = tempfile::Builder::new().prefix("kakaw-backups").tempdir().unwrap();
    std::fs::set_permissions(backups.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let (commands, settings) = of_the_guide(backups.path());
    let [take, restore] = &commands[..] else { panic!("{commands:?}") };
    let mut all: Vec<&str> = settings.lines().collect();
    all.extend(["wal_level=replica", "max_wal_senders=4"]);
    let all: Vec<String> = all.iter().map(|line| line.replacen(" = ", "=", 1)).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let Some(mut database) = Server::start(None, &all) else {
        eprintln!("SKIPPED: no PostgreSQL is installed (/usr/lib/postgresql)");
        return;
    };
    as_postgres(&format!("mkdir {}/wal", backups.path().display()), &[]);
    let base = database.url("127.0.0.1", "").trim_end_matches('?').to_owned();
    let site = Site::on(Some(base.clone()));
    let url = site.postgres.clone().unwrap();
    let server = site.serve();
    let (ryan, neo) =
        block_on(async { (log_in(&site, KEY, PEOPLE[0]).await.1, log_in(&site, KEY, PEOPLE[2]).await.1) });
    as_postgres(take, &[("DATABASE_URL", &url)]);
    // After the backup and before the moment, one person links an app; after it, another one unlinks it.
    block_on(log_in(&site, KEY, PEOPLE[1]));
    std::thread::sleep(Duration::from_millis(50));
    let moment = ask(&url, "select now()");
    std::thread::sleep(Duration::from_millis(50));
    block_on(async {
        assert_eq!(Client::new(&site.url).api("/v1/user/unlink", &ryan).await.unwrap().status, 200);
    });
    let last = ask(&url, "delete from accounts; select pg_walfile_name(pg_switch_wal())");
    let began = Instant::now();
    while ask(&url, "select coalesce(last_archived_wal, '') from pg_stat_archiver") < last {
        assert!(began.elapsed() < Duration::from_secs(20), "{last} is not archived");
        std::thread::sleep(Duration::from_millis(50));
    }
    Site::stop(server);
    // The server is lost.
    database.stop("QUIT");
    let data = database.folder.join("data");
    let data = data.to_str().unwrap();
    as_postgres(&format!("rm -r {data}; mkdir -m 700 {data}"), &[]);
    as_postgres(restore, &[("PGDATA", data), ("MOMENT", &moment)]);
    database.start_again();

    let out = site.run(&["restore", "--replay", "--yes"]);
    assert!(out.contains("1 tombstones; 1 links and 0 accounts were ended again; all sessions"), "{out}");
    let server = site.serve();
    block_on(async {
        for token in [&ryan, &neo] {
            assert_eq!(status(&site, token).await, 401);
        }
        let authorize = crate::site::authorize(KEY);
        let mut browser = Client::new(&site.url);
        let page = browser.log_in(&authorize, PEOPLE[0], crate::site::PASSWORD).await.unwrap();
        assert!(page.status == 200 && page.text.contains("decision"), "Ryan is asked again: {}", page.text);
        let linked = Client::new(&site.url).log_in(&authorize, PEOPLE[1], crate::site::PASSWORD).await.unwrap();
        assert!(linked.parameter("code").is_some(), "what happened after the backup is there: {}", linked.text);
        log_in(&site, KEY, PEOPLE[2]).await;
    });
    Site::stop(server);
    site.run(&["audit", "verify"]);
}
