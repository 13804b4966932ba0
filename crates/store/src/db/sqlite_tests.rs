//! Tests of full disks, locked files and long reads.

use super::*;
use crate::db::sql;

fn session(id: &str) -> Statement {
    let text = "insert into sessions (id, account_id, auth_time, expires_at, account_epoch, device, address) \
                values ($1, 1, 0, 0, 0, $2, '')";
    sql(text).bind(id).bind("x".repeat(2000))
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

async fn count(sqlite: &Sqlite) -> i64 {
    let rows = sqlite.query(&sql("select count(*) as n from sessions"), soon()).await.expect("reads go on");
    rows.first().expect("a row").int("n").expect("a number")
}

/// Two statements, which make a commit with its own savepoint.
fn two(n: i64) -> Vec<Statement> {
    vec![session(&format!("{n}a")), session(&format!("{n}b"))]
}

async fn refuses_while_full_and_writes_again(sqlite: Sqlite) {
    let mut n = 0;
    let error = loop {
        match sqlite.commit(two(n), soon()).await {
            Ok(outcome) => assert_eq!(outcome, Outcome::Committed),
            Err(error) => break error,
        }
        n += 1;
        assert!(n < 1000, "the database is never full");
    };
    assert!(error.to_string().contains("full"), "{error}");
    for _ in 0..3 {
        assert!(sqlite.commit(two(n), soon()).await.is_err(), "still full");
        assert_eq!(count(&sqlite).await, 2 * n, "reads go on, and nothing of the refused commits is there");
    }
    let all = sqlite.commit(vec![sql("delete from sessions")], soon()).await;
    assert_eq!(all.expect("what needs no space is written"), Outcome::Committed);
    assert_eq!(sqlite.commit(two(n), soon()).await.expect("there is room again"), Outcome::Committed);
    assert_eq!(count(&sqlite).await, 2);
}

const FULL_SOON: &str = "pragma max_page_count = 100";

#[tokio::test]
async fn a_full_database_in_memory_refuses_and_writes_again_when_there_is_space() {
    let connection = Connection::open_in_memory().expect("opened");
    connection.execute_batch(FULL_SOON).expect("limited");
    refuses_while_full_and_writes_again(Sqlite::in_memory(connection).expect("store")).await;
}

#[tokio::test]
async fn a_full_database_file_refuses_and_writes_again_when_there_is_space() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("t.db");
    let connection = Connection::open(&path).expect("opened");
    prepare(&connection).expect("prepared");
    migrate(&connection).expect("migrated");
    connection.execute_batch(FULL_SOON).expect("limited");
    refuses_while_full_and_writes_again(Sqlite::written_by(connection, &path).expect("store")).await;
}

#[tokio::test]
async fn whoever_shares_a_transaction_with_a_refused_commit_is_refused_too_and_nothing_of_either_is_written() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("t.db");
    let connection = Connection::open(&path).expect("opened");
    prepare(&connection).expect("prepared");
    migrate(&connection).expect("migrated");
    connection.execute_batch(FULL_SOON).expect("limited");
    let (sender, jobs) = mpsc::channel();
    let mut group = Vec::new();
    for statements in [two(0), (1..100).flat_map(two).collect()] {
        let (done, _) = oneshot::channel();
        group.push(Job { statements, deadline: soon().into_std(), done });
    }
    let outcome = write_group(&connection, &jobs, &mut group, 1);
    drop(sender);
    assert!(outcome.is_err_and(|error| error.to_string().contains("full")));
    assert!(connection.is_autocommit(), "the transaction is over");
    let n: i64 = connection.query_row("select count(*) from sessions", [], |row| row.get(0)).expect("count");
    assert_eq!(n, 0);
}

#[tokio::test]
async fn a_locked_file_is_given_up_in_time_and_nothing_is_written_behind_the_callers_back() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("t.db");
    let sqlite = Sqlite::file(&path).expect("store");
    let other = Connection::open(&path).expect("opened");
    other.execute_batch("begin exclusive").expect("locked");
    let began = Instant::now();
    let short = || Instant::now() + Duration::from_millis(150);
    let all = [two(0), two(1), two(2)].map(|statements| sqlite.commit(statements, short()));
    let [a, b, c] = all;
    let (a, b, c) = tokio::join!(a, b, c);
    assert!(a.is_err() && b.is_err() && c.is_err());
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(count(&sqlite).await, 0, "reads go on");
    other.execute_batch("rollback").expect("unlocked");
    assert_eq!(sqlite.commit(two(3), soon()).await.expect("unlocked"), Outcome::Committed);
    assert_eq!(count(&sqlite).await, 2);
}

#[tokio::test]
async fn accounts_find_their_links_by_an_index() {
    let sqlite = Sqlite::memory().expect("store");
    for (text, index) in [
        ("explain query plan select * from links where account_id = $1 order by app_id", "links_by_account"),
        (
            "explain query plan select * from accounts where (created_at, id) > ($1, 0) order by created_at, id limit 1",
            "accounts_by_age",
        ),
    ] {
        let plan = sqlite.query(&sql(text).bind(1), soon()).await.expect("a plan");
        let plan: Vec<String> = plan.iter().map(|row| row.text("detail").expect("text")).collect();
        assert!(plan.iter().any(|line| line.contains(index)) && !plan.concat().contains("SORT"), "{plan:?}");
    }
}

#[tokio::test]
async fn a_long_read_sees_one_moment_and_holds_up_nobody() {
    let folder = tempfile::tempdir().expect("folder");
    for sqlite in [Sqlite::memory().expect("store"), Sqlite::file(&folder.path().join("t.db")).expect("store")] {
        assert_eq!(sqlite.commit(two(0), soon()).await.expect("written"), Outcome::Committed);
        let source = sqlite.source().expect("source");
        let text = "select count(*) as n from sessions";
        let slow = "with recursive c(n) as (select 1 union all select n + 1 from c where n < 3000000) select max(n) as n from c";
        let began = Instant::now();
        let read = std::thread::spawn(move || {
            let counts = source.read_at_once(&[sql(text), sql(slow), sql(text)]);
            let counts =
                counts.expect("read").iter().map(|rows| rows[0].int("n").expect("a number")).collect::<Vec<_>>();
            (counts, began.elapsed())
        });
        let mut written = 1;
        while !read.is_finished() && written < 200 {
            assert_eq!(sqlite.commit(two(written), soon()).await.expect("written"), Outcome::Committed);
            written += 1;
        }
        let (counts, took) = read.join().expect("finished");
        assert_eq!(counts[0], counts[2], "one moment, though {written} commits came between");
        assert!(written > 1, "nobody could write in {took:?}");
        assert_eq!(count(&sqlite).await, 2 * written);
    }
}
