//! Tests of opening a database: what was committed, and what an earlier version made.

use super::*;

#[tokio::test]
async fn a_store_that_is_opened_again_has_what_was_committed() {
    let folder = tempfile::tempdir().unwrap();
    let url = Url::Sqlite(folder.path().join("t.db"));
    fill(&Store::open(&url).await.unwrap()).await;
    let again = Store::open(&url).await.unwrap();
    assert!(accounts::by_id(&again, AccountId(7)).await.unwrap().is_some());
    assert_eq!(again.durability().await.unwrap(), "journal_mode=wal synchronous=full", "an answer waits for the disk");
}

#[tokio::test]
async fn a_pending_result_survives_the_new_name_of_its_table() {
    let folder = tempfile::tempdir().unwrap();
    for url in [Some(Url::Sqlite(folder.path().join("t.db"))), postgres().await].into_iter().flatten() {
        let store = Store::open(&url).await.unwrap();
        // The schema that migrations 1 to 4 make.
        for text in [
            "drop table pending_results",
            "drop table failed_logins",
            "drop table sealing_keys",
            "drop table audit",
            "drop table audit_batches",
            "drop table audit_anchors",
            "drop table audit_people",
            "drop table consents",
            "drop table consent_texts",
            "alter table signing_keys drop column retired_at",
            "alter table accounts drop column private",
            "create table parked_codes (id text not null primary key, app_id bigint not null, answer text, \
             expires_at bigint not null, read_at bigint)",
            "create index parked_codes_by_expiry on parked_codes (expires_at)",
            "delete from schema_history where version >= 5",
            "insert into parked_codes (id, app_id, answer, expires_at, read_at) values ('t', 1, 'sealed', 9, 5)",
        ] {
            done(&store, vec![db::sql(text)]).await;
        }
        assert!(pending_results::by_id(&store, "t").await.is_err(), "the earlier table");
        drop(store);
        let store = Store::open(&url).await.unwrap();
        let found = pending_results::by_id(&store, "t").await.unwrap().unwrap();
        assert_eq!((found.app_id, found.answer.as_deref()), (AppId(1), Some("sealed")));
        assert_eq!((found.expires_at, found.read_at), (Millis(9), Some(Millis(5))));
        sweep::batch(&store, KEPT, NOW).await.unwrap();
        assert_eq!(pending_results::by_id(&store, "t").await.unwrap(), None, "swept when it has expired");
    }
}
