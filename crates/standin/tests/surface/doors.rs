//! Tests of first starts on one database, and of what is sealed and hashed in it.

use std::sync::Arc;

use kakaw_core::account::LoginId;
use kakaw_core::crypto::seal::Purpose;
use kakaw_core::policy::Policy;
use kakaw_platform::manage::{Actor, at_rest, world_file};
use kakaw_platform::signer::Signer;
use kakaw_store::accounts::{self, Stored};
use kakaw_store::db::{self, Url};
use kakaw_store::{Outcome, deliveries, shipping_addresses, snapshot};

use crate::support::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_that_start_at_once_publish_the_same_signing_keys() {
    for url in [Some(Url::Memory), postgres().await].into_iter().flatten() {
        let platform = Arc::new(TestServer::world(&url, Policy::DEV).await.platform);
        let started = (0..4).map(|_| {
            let platform = Arc::clone(&platform);
            tokio::spawn(async move {
                let signer = Signer::default();
                // A clock that goes wrong puts nobody's keys before those that others publish.
                signer.load(&platform).await.expect("keys");
                let published = signer.jwks().await.expect("keys").keys;
                published.into_iter().map(|key| key.kid).collect::<Vec<_>>()
            })
        });
        let mut published = Vec::new();
        for node in started.collect::<Vec<_>>() {
            published.push(node.await.expect("joined"));
        }
        assert!(published.iter().all(|kids| kids.len() == 2 && *kids == published[0]), "{published:?}");
    }
}

async fn stored(server: &TestServer, login: &str) -> Stored {
    accounts::by_login(&server.world.platform.store, &LoginId::of(login)).await.unwrap().unwrap()
}

/// Every row as it is stored.
async fn rows(server: &TestServer) -> String {
    format!("{:?}", snapshot::take(&server.world.platform.store).await.unwrap())
}

#[tokio::test]
async fn a_plain_password_is_hashed_when_it_is_applied_except_in_memory() {
    on_each_database(async |server| {
        let platform = &server.world.platform;
        let file = "[[people]]\nid = \"kestrel\"\npassword = \"kestrel-password\"\n";
        server.apply(file).await;
        let first = stored(&server, "kestrel").await;
        let in_memory = platform.store.is_in_memory();
        assert_eq!((first.password_hash.is_none(), first.sealed_password.is_some()), (in_memory, in_memory));
        let parsed = world_file::parse(file, "w").unwrap();
        let changes = world_file::apply(platform, &Actor::CommandLine, &parsed).await.unwrap();
        assert_eq!(changes.len(), 0, "the same password changes nothing");
        assert_eq!(stored(&server, "kestrel").await, first);
        server.apply(&file.replace("kestrel-password", "another")).await;
        let second = stored(&server, "kestrel").await;
        assert_eq!(second.account.epoch, first.account.epoch + 1, "another one ends sessions and tokens");
        let target = authorize(PLAIN, "");
        assert_eq!(server.log_in(&mut Browser::default(), &target, "kestrel", "another").await.status, 303);
        assert_eq!(server.log_in(&mut Browser::default(), &target, "kestrel", "kestrel-password").await.status, 403);
        if !in_memory {
            assert_eq!(stored(&server, "kestrel").await.sealed_password, None);
            let export = world_file::export_text(platform, world_file::Secrets::Written).await.unwrap();
            assert!(export.contains("$argon2id$") && !export.contains("\"another\""), "{export}");
        }
        // A file with a problem is refused whole.
        let wrong = format!("{file}[[people]]\nid = \"wren\"\npassword = \"\"\n");
        let wrong = world_file::parse(&wrong, "w").unwrap();
        assert!(world_file::apply(platform, &Actor::CommandLine, &wrong).await.is_err());
        assert_eq!(stored(&server, "kestrel").await, stored(&server, "kestrel").await);
    })
    .await;
}

const PRIVATE: &str = "[[people]]\nid = \"kestrel\"\nci = \"canary-ci\"\ngender = \"female\"\nbirthyear = \"1987\"\n\
                       birthday = \"0917\"\n[[people.shipping_addresses]]\nid = 7\n\
                       address = { receiver_name = \"Canary\" }\n";

#[tokio::test]
async fn ci_addresses_and_notices_are_sealed_in_the_database() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        server.apply(PRIVATE).await;
        let rows = rows(&server).await;
        assert!(!rows.contains("canary-ci") && !rows.contains("Canary") && rows.contains("sealed:"), "{rows}");
        for name in ["gender", "birthyear", "birthday"] {
            assert!(!rows.contains(&format!("\\\"{name}\\\":\\\"")), "{name}: {rows}");
        }
        let export = world_file::export_text(&server.world.platform, world_file::Secrets::Written).await.unwrap();
        for part in ["canary-ci", "Canary", "gender = \"female\"", "birthyear = \"1987\"", "birthday = \"0917\""] {
            assert!(export.contains(part), "{part}: {export}");
        }
        // The same file changes nothing, although the stored form is another one.
        let parsed = world_file::parse(PRIVATE, "w").unwrap();
        let changes = world_file::apply(&server.world.platform, &Actor::CommandLine, &parsed).await.unwrap();
        assert_eq!(changes.len(), 0, "{changes:?}");
    })
    .await;
}

/// While an older node runs on the same database, what it must read stays among the attributes.
#[tokio::test]
async fn private_attributes_stay_readable_for_older_nodes_until_the_last_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    for url in [Some(Url::Sqlite(folder.path().join("kakaw.db"))), postgres().await].into_iter().flatten() {
        let server = TestServer::start(&url, Policy::DEV).await;
        let platform = &server.world.platform;
        platform.store.leave_unsealed(true);
        server.apply(PRIVATE).await;
        let stored = "\\\"birthyear\\\":\\\"1987\\\"";
        let open = rows(&server).await;
        assert!(open.contains(stored) && open.contains("\\\"ci\\\":\\\"canary-ci\\\""), "{open}");
        platform.store.leave_unsealed(false);
        at_rest::catch_up(platform).await.unwrap();
        let sealed = rows(&server).await;
        assert!(!sealed.contains(stored) && !sealed.contains("canary-ci"), "{sealed}");
        let export = world_file::export_text(platform, world_file::Secrets::Written).await.unwrap();
        for part in ["canary-ci", "gender = \"female\"", "birthyear = \"1987\"", "birthday = \"0917\""] {
            assert!(export.contains(part), "{part}: {export}");
        }
    }
}

/// Two people with the same values have different texts, and a text works in its own row only.
#[tokio::test]
async fn private_attributes_are_bound_to_their_account() {
    on_each_database(async |server| {
        let person = |id: &str| format!("[[people]]\nid = \"{id}\"\npassword = \"x\"\ngender = \"male\"\nbirthyear = \"1990\"\n");
        server.apply(&format!("{}{}", person("one"), person("two"))).await;
        let store = &server.world.platform.store;
        let [one, two] = [stored(&server, "one").await.account, stored(&server, "two").await.account];
        assert_eq!(one.attributes.birthyear.as_deref(), Some("1990"));
        assert!(one.attributes.sealed.is_none() && one.attributes.gender == two.attributes.gender);
        let copy = "update accounts set private = (select private from accounts where id = $1) where id = $2";
        let same = "update accounts set version = 100 where id = $1 and private = (select private from accounts where id = $2)";
        let touched = store.commit(vec![db::sql(same).bind(one.id).bind(two.id)]).await.unwrap();
        assert_eq!(touched, Outcome::Committed);
        assert_eq!(stored(&server, "one").await.account.version, one.version, "their texts differ");
        let moved = store.commit(vec![db::sql(copy).bind(two.id).bind(one.id)]).await.unwrap();
        assert_eq!(moved, Outcome::Committed);
        let error = accounts::by_id(store, one.id).await.unwrap_err();
        assert!(error.to_string().contains("private"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn beside_nodes_of_an_earlier_version_everything_is_written_as_they_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let on_disk = Url::Sqlite(folder.path().join("t.db"));
    for url in [Some(on_disk), postgres().await].into_iter().flatten() {
        let server = TestServer::start(&url, Policy::DEV).await;
        let platform = &server.world.platform;
        platform.store.leave_unsealed(true);
        server.apply(PRIVATE).await;
        at_rest::catch_up(platform).await.unwrap();
        let beside = rows(&server).await;
        assert!(
            beside.contains("canary-ci") && beside.contains("\\\"Canary") && !beside.contains("sealed_ci"),
            "{beside}"
        );
        // The same person is saved again after the last of them has ended.
        platform.store.leave_unsealed(false);
        at_rest::catch_up(platform).await.unwrap();
        let after = rows(&server).await;
        assert!(!after.contains("canary-ci") && !after.contains("\\\"Canary"), "{after}");
        let export = world_file::export_text(platform, world_file::Secrets::Written).await.unwrap();
        assert!(export.contains("canary-ci") && export.contains("Canary"), "{export}");
    }
}

#[tokio::test]
async fn what_an_earlier_version_stored_is_hashed_and_sealed_in_batches() {
    let folder = tempfile::tempdir().unwrap();
    let on_disk = Url::Sqlite(folder.path().join("t.db"));
    for url in [Some(on_disk), postgres().await].into_iter().flatten() {
        let server = TestServer::start(&url, Policy::DEV).await;
        let platform = &server.world.platform;
        let mut file = PRIVATE.to_owned();
        for n in 0..120 {
            file.push_str(&format!("[[people]]\nid = \"bird{n}\"\npassword = \"bird{n}-password\"\n"));
        }
        server.apply(&file).await;
        let mut earlier = Vec::new();
        for n in 0..120 {
            let account = stored(&server, &format!("bird{n}")).await.account;
            let sealed = platform.sealer.seal(Purpose::Keep, format!("bird{n}-password").as_bytes());
            // `dev` kept the sealed password next to its hash.
            let hash = (n % 2 == 0).then(|| "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$x".to_owned());
            let text = "update accounts set password_hash = $1, sealed_password = $2 where id = $3";
            earlier.push(db::sql(text).bind(hash).bind(sealed).bind(account.id));
        }
        let text = "update accounts set attributes = $1 where id = $2";
        let plain = "{\"id\":\"kestrel\",\"ci\":\"canary-ci\",\"gender\":\"male\",\"birthyear\":\"1999\"}";
        earlier.push(db::sql(text).bind(plain).bind(stored(&server, "kestrel").await.account.id));
        let text = "update shipping_addresses set fields = $1 where id = 7";
        earlier.push(db::sql(text).bind("{\"receiver_name\":\"Canary\"}"));
        for id in 1..=120_i64 {
            let text = "insert into deliveries (id, app_id, kind, payload, state, created_at, due_at, attempts) \
                        values ($1, 1001, 'unlink', $2, 'delivered', 0, null, 0)";
            let notice = "{\"kind\":\"unlink\",\"user_id\":424242,\"referrer_type\":\"UNLINK_FROM_APPS\"}";
            earlier.push(db::sql(text).bind(id).bind(notice));
        }
        assert_eq!(platform.store.commit(earlier).await.unwrap(), Outcome::Committed);
        assert!(rows(&server).await.contains("canary-ci"));
        at_rest::catch_up(platform).await.unwrap();
        let after = rows(&server).await;
        for gone in ["canary-ci", "\\\"Canary", "424242", "birthyear\\\":\\\"", "gender\\\":\\\""] {
            assert!(!after.contains(gone), "{gone}");
        }
        for n in 0..120 {
            let stored = stored(&server, &format!("bird{n}")).await;
            assert!(stored.password_hash.is_some() && stored.sealed_password.is_none(), "{n}");
        }
        let target = authorize(PLAIN, "");
        for n in [0, 1, 119] {
            let login = format!("bird{n}");
            let back = server.log_in(&mut Browser::default(), &target, &login, &format!("{login}-password")).await;
            assert_eq!(back.status, 303, "{login}");
        }
        let export = world_file::export_text(platform, world_file::Secrets::Written).await.unwrap();
        assert!(export.contains("canary-ci") && export.contains("Canary"), "{export}");
        // What an earlier build writes meanwhile counts; the rest stays.
        for part in ["gender = \"male\"", "birthyear = \"1999\"", "birthday = \"0917\""] {
            assert!(export.contains(part), "{part}: {export}");
        }
        assert!(deliveries::by_id(&platform.store, 1).await.unwrap().is_some(), "it is readable");
        let kestrel = stored(&server, "kestrel").await.account.id;
        assert_eq!(shipping_addresses::of_account(&platform.store, kestrel).await.unwrap().len(), 1);
        let settled = rows(&server).await;
        at_rest::catch_up(platform).await.unwrap();
        assert_eq!(rows(&server).await, settled, "the second time changes nothing");
    }
}
