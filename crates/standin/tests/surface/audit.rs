//! Tests of the audit trail: what is recorded, what is found when it is changed, and that an erased person has no name.

use kakaw_core::audit::Event;
use kakaw_core::audit::chain::Finding;
use kakaw_core::{AppId, Millis, Span};
use kakaw_platform::audit::{self, Head, Shown};
use kakaw_platform::manage::{Actor, DeleteAccount, Resume, Unlink, signing, world_file};
use kakaw_store::audit::Filter;
use kakaw_store::db::sql;
use kakaw_store::{Outcome, Statement};
use kakaw_wire::event::UnlinkReason;
use serde_json::json;

use crate::support::*;

/// Returns every row of this filter.
async fn rows(server: &TestServer, filter: &Filter) -> Vec<Shown> {
    audit::page(&server.world.platform, filter, i64::MIN, 10_000).await.unwrap().0
}

async fn of_event(server: &TestServer, event: Event) -> Vec<Shown> {
    rows(server, &Filter { event: Some(event.name().to_owned()), ..Filter::default() }).await
}

async fn one(server: &TestServer, event: Event) -> Shown {
    let mut rows = of_event(server, event).await;
    assert_eq!(rows.len(), 1, "{}: {rows:#?}", event.name());
    rows.remove(0)
}

async fn name_of(server: &TestServer, login: &str) -> Option<String> {
    audit::find(&server.world.platform, login).await.unwrap().unwrap().name
}

/// Logs Ryan in to Market. Returns the access token.
async fn market(server: &TestServer, browser: &mut Browser) -> String {
    let (url, terms) = (authorize(MARKET, ""), ["use", "privacy"]);
    let back = server.walk_with(browser, &url, "ryan@example.com", &MARKET_ITEMS, &terms, &[]).await;
    token_of(&server.exchange(MARKET, &back.parameter("code").unwrap()).await)
}

async fn findings(server: &TestServer) -> Vec<Finding> {
    audit::verify(&server.world.platform, &[]).await.unwrap().findings
}

async fn write(server: &TestServer, statements: Vec<Statement>) {
    assert_eq!(server.world.platform.store.commit(statements).await.unwrap(), Outcome::Committed);
}

#[tokio::test]
async fn a_log_in_and_a_consent_are_recorded_with_who_where_and_what_they_read() {
    on_each_recording_database(async |server| {
        let mut browser = Browser::default();
        server.tokens(&mut browser, REST, "ryan@example.com", &ITEMS).await;
        let login = one(&server, Event::Login).await;
        assert_eq!((login.by.as_str(), login.login.as_deref()), ("person", Some("ryan@example.com")));
        assert_eq!(login.private.as_ref().unwrap()["address"], "127.0.0.1");
        assert_eq!(login.at, "2026-11-20T03:00:00Z");
        let link = one(&server, Event::Link).await;
        let consent = one(&server, Event::Consent).await;
        assert_eq!((link.app, consent.app, &link.person), (Some(1001), Some(1001), &login.person));
        assert_eq!(consent.detail["items"], json!(ITEMS));
        assert!(consent.private.as_ref().unwrap()["user_id"].as_i64().unwrap() > 0);
        // The record has the version of the text, its language and time, and the text itself.
        let found = audit::find(&server.world.platform, "ryan@example.com").await.unwrap().unwrap();
        let consents = audit::consents_of(&server.world.platform, found.account.unwrap()).await.unwrap();
        let [record] = &consents[..] else { panic!("{consents:?}") };
        let text = record.text.as_ref().unwrap();
        assert_eq!(consent.detail["text"], text.version.as_str());
        assert_eq!(
            (consent.detail["lang"].as_str(), record.at.rfc3339().as_str()),
            (Some("ko"), "2026-11-20T03:00:00Z")
        );
        assert!(text.shown.contains("[필수]") || text.shown.contains("필수"), "{}", text.shown);
        // Neither reads nor refreshes are rows.
        let before = rows(&server, &Filter::default()).await.len();
        let tokens = server.tokens(&mut browser, REST, "ryan@example.com", &[]).await;
        server.me(tokens["access_token"].as_str().unwrap()).await;
        server.refresh(REST, tokens["refresh_token"].as_str().unwrap()).await;
        assert_eq!(rows(&server, &Filter::default()).await.len(), before);
        // No secret is in a row: neither tokens nor passwords.
        let all = serde_json::to_string(&rows(&server, &Filter::default()).await).unwrap();
        for secret in [tokens["access_token"].as_str().unwrap(), "ryan-password", SECRET] {
            assert!(!all.contains(secret), "{secret}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_text_of_a_consent_is_the_one_that_was_shown_in_its_language() {
    on_each_recording_database(async |server| {
        for (index, (lang, login)) in [("en", "ryan@example.com"), ("ja", "ryan@example.com")].into_iter().enumerate() {
            let mut browser = Browser::default();
            let key = [REST, MARKET][index];
            if index == 1 {
                server.apply(PLATFORM).await;
            }
            let items: &[&str] = if index == 0 { &ITEMS } else { &MARKET_ITEMS };
            let url = authorize(key, &format!("&lang={lang}"));
            let back = server.walk_with(&mut browser, &url, login, items, &["use", "privacy"], &[]).await;
            assert!(back.parameter("code").is_some(), "{} {}", back.status, back.body);
        }
        let consents = of_event(&server, Event::Consent).await;
        let langs: Vec<_> = consents.iter().map(|row| row.detail["lang"].as_str().unwrap()).collect();
        assert_eq!(langs, ["en", "ja"]);
        let terms = &consents[1].detail["terms"];
        assert!(terms[0]["version"].as_i64().is_some(), "{terms}");
    })
    .await;
}

#[tokio::test]
async fn failures_are_one_row_for_each_account_and_minute_and_none_for_unknown_accounts() {
    on_each_recording_database(async |server| {
        let mut browser = Browser::default();
        for _ in 0..5 {
            let failed = server.log_in(&mut browser, "/oauth/authorize?x", "ryan@example.com", "wrong").await;
            assert_eq!(failed.status, 403);
            server.log_in(&mut browser, "/oauth/authorize?x", "nobody@example.com", "wrong").await;
        }
        let platform = &server.world.platform;
        audit::round(platform, false).await.unwrap();
        assert!(of_event(&server, Event::LoginFailed).await.is_empty(), "the minute is not over");
        server.world.place.clock.advance(Span::minutes(1));
        audit::round(platform, false).await.unwrap();
        let row = one(&server, Event::LoginFailed).await;
        assert_eq!((row.times, row.login.as_deref(), row.by.as_str()), (5, Some("ryan@example.com"), "stranger"));
        assert_eq!(row.private.unwrap()["networks"], json!(["127.0.0.1"]));
        server.log_in(&mut browser, "/oauth/authorize?x", "ryan@example.com", "wrong").await;
        audit::close(platform).await.unwrap();
        assert_eq!(of_event(&server, Event::LoginFailed).await.len(), 2, "the end of the process writes what is left");
        assert_eq!(findings(&server).await, []);
    })
    .await;
}

#[tokio::test]
async fn unlinks_withdrawals_and_sign_outs_everywhere_are_recorded_with_who_did_it() {
    on_each_recording_database(async |server| {
        server.apply(PLATFORM).await;
        let mut browser = Browser::default();
        let token = market(&server, &mut browser).await;
        let user = server.me(&token).await.json()["id"].as_i64().unwrap();
        server.call("/v2/user/revoke/scopes", &token, &[("scopes", "[\"account_email\"]")]).await;
        server.call("/v2/user/upgrade/service_terms", &token, &[("tags", "news")]).await;
        server.call("/v2/user/revoke/service_terms", &token, &[("tags", "news")]).await;
        let named = user.to_string();
        let person = [("target_id_type", "user_id"), ("target_id", named.as_str())];
        assert_eq!(server.admin(MARKET_ADMIN, "POST", "/v1/user/logout", &person).await.status, 200);
        let everywhere = one(&server, Event::LogoutEverywhere).await;
        assert_eq!((everywhere.by.as_str(), everywhere.app), ("app", Some(everywhere.app.unwrap())));
        let token = market(&server, &mut browser).await;
        assert_eq!(server.call("/v1/user/unlink", &token, &[]).await.status, 200);
        market(&server, &mut browser).await;
        assert_eq!(server.admin(MARKET_ADMIN, "POST", "/v1/user/unlink", &person).await.status, 200);
        let unlinks = of_event(&server, Event::Unlink).await;
        assert_eq!(unlinks.iter().map(|row| row.by.as_str()).collect::<Vec<_>>(), ["person", "app"]);
        let withdrawn = of_event(&server, Event::ConsentWithdrawn).await;
        let what: Vec<_> = withdrawn.iter().map(|row| row.detail.clone()).collect();
        assert_eq!(what, [json!({ "items": ["account_email"] }), json!({ "terms": ["news"] })]);
    })
    .await;
}

#[tokio::test]
async fn operators_changes_are_recorded_with_before_and_after_and_without_secrets() {
    on_each_recording_database(async |server| {
        let platform = &*server.world.platform;
        // The world file of the start made apps and people.
        assert!(of_event(&server, Event::AppCreated).await.len() > 3);
        assert!(of_event(&server, Event::AccountCreated).await.iter().all(|row| row.person.is_some()));
        let changed = of_event(&server, Event::AppChanged).await.len();
        server.edit("name = \"Coffee Club\"", "name = \"Renamed\"").await;
        let rows = of_event(&server, Event::AppChanged).await;
        let last = rows.last().unwrap();
        assert_eq!((rows.len(), last.by.as_str(), last.app), (changed + 1, "platform", Some(1001)));
        assert_eq!(last.detail["after"]["settings"]["name"], "Renamed");
        let mut browser = Browser::default();
        let token = server.tokens(&mut browser, REST, "ryan@example.com", &ITEMS).await;
        let user = server.me(token["access_token"].as_str().unwrap()).await.json()["id"].as_i64().unwrap();
        let unlink = Unlink { app: 1001, user_id: user, reason: UnlinkReason::UnlinkFromAdmin };
        unlink.run(platform, &Actor::CommandLine, None).await.unwrap();
        let deleted = one(&server, Event::LinkDeleted).await;
        assert_eq!((deleted.by.as_str(), &deleted.private.unwrap()["user_id"]), ("command_line", &json!(user)));
        signing::rotate(platform, &Actor::CommandLine).await.unwrap();
        assert!(one(&server, Event::SigningKeyCreated).await.detail["kid"].is_string());
        server.apply(PLATFORM).await;
        let webhook = Resume { app: 2001, webhook: "unlink".parse().unwrap() };
        let _ = webhook.run(platform, &Actor::CommandLine, None).await;
        let all = serde_json::to_string(&self::rows(&server, &Filter::default()).await).unwrap();
        assert!(!all.contains(SECRET) && !all.contains("ryan-password"));
        let text = world_file::export_text(platform, world_file::Secrets::LeftOut).await.unwrap();
        assert!(text.contains("ryan@example.com"), "{text}");
    })
    .await;
}

/// A part of the trail that is changed behind our back: the statement, and what `verify` must say about it.
type Damage = (&'static str, fn(&str) -> bool);

#[tokio::test]
async fn what_is_changed_removed_or_reordered_is_named() {
    const DAMAGES: [Damage; 8] = [
        ("update audit set actor = 'nobody' where id = (select min(id) from audit)", |f| {
            f.starts_with("node, batch 1, row 1 ") && f.ends_with("it was changed or moved")
        }),
        ("update audit set detail = '{\"a\":1}' where id = (select max(id) from audit where batch = 2)", |f| {
            f.starts_with("node, batch 2, row ")
        }),
        ("delete from audit where batch = 1 and place = 2", |f| f == "node, batch 1, row 2: it is missing"),
        ("delete from audit where batch = 2 and place = (select max(place) from audit where batch = 2)", |f| {
            f.starts_with("node, batch 2, row ") && f.ends_with("it is missing")
        }),
        ("update audit set place = 3 - place where batch = 1 and place < 3", |f| {
            f.starts_with("node, batch 1, row 1 ") || f.starts_with("node, batch 1, row 2 ")
        }),
        ("update audit set batch = null, chain = null where batch = 1 and place = 1", |f| {
            f == "node, batch 1, row 1: it is missing"
        }),
        ("delete from audit_batches where number = 1", |f| f == "node, batch 1: it is missing"),
        ("update audit_batches set head = 'x' where number = 1", |f| f.starts_with("node, batch ")),
    ];
    for (damage, expected) in DAMAGES {
        on_each_recording_database(async |server| {
            let platform = &server.world.platform;
            audit::round(platform, false).await.unwrap();
            server.tokens(&mut Browser::default(), REST, "ryan@example.com", &ITEMS).await;
            audit::round(platform, false).await.unwrap();
            assert_eq!(findings(&server).await, [], "before");
            write(&server, vec![sql(damage)]).await;
            let found: Vec<String> = findings(&server).await.iter().map(ToString::to_string).collect();
            assert!(!found.is_empty() && found.iter().all(|f| expected(f)), "{damage}: {found:#?}");
        })
        .await;
    }
}

#[tokio::test]
async fn what_is_cut_off_the_end_is_found_with_the_heads_of_the_log() {
    on_each_recording_database(async |server| {
        let platform = &server.world.platform;
        audit::round(platform, false).await.unwrap();
        server.tokens(&mut Browser::default(), REST, "ryan@example.com", &ITEMS).await;
        audit::round(platform, false).await.unwrap();
        let batches = kakaw_store::audit::batches(&platform.store, "node", 0, 10).await.unwrap();
        let heads: Vec<Head> = batches
            .iter()
            .map(|batch| Head { chain: batch.chain.clone(), batch: batch.number, head: batch.head.clone() })
            .collect();
        assert_eq!(audit::verify(platform, &heads).await.unwrap().findings, []);
        let last = heads.last().unwrap().batch;
        write(&server, vec![sql("delete from audit where batch = $1").bind(last)]).await;
        write(&server, vec![sql("delete from audit_batches where number = $1").bind(last)]).await;
        assert_eq!(findings(&server).await, [], "without the log nothing is missed");
        let missed = Finding::NoHead { chain: "node".to_owned(), batch: last };
        assert_eq!(audit::verify(platform, &heads).await.unwrap().findings, [missed]);
        // Every batch, and the chain with them.
        write(&server, vec![sql("delete from audit_batches"), sql("delete from audit")]).await;
        assert_eq!(audit::verify(platform, &heads).await.unwrap().findings.len(), heads.len());
    })
    .await;
}

#[tokio::test]
async fn old_batches_are_deleted_and_a_signed_anchor_takes_their_place() {
    on_each_recording_database(async |server| {
        let platform = &server.world.platform;
        audit::round(platform, true).await.unwrap();
        let before = rows(&server, &Filter::default()).await.len();
        server.world.place.clock.advance(Span::days(366));
        server.tokens(&mut Browser::default(), REST, "ryan@example.com", &ITEMS).await;
        audit::round(platform, true).await.unwrap();
        let after = rows(&server, &Filter::default()).await;
        assert!(before >= 10 && after.len() < 5, "{before} {after:#?}");
        let report = audit::verify(platform, &[]).await.unwrap();
        assert_eq!((report.findings, report.rows), (vec![], after.len()));
        // Whoever deletes more and counts on has no key to sign it.
        write(&server, vec![sql("update audit_anchors set number = number + 1")]).await;
        let found = findings(&server).await;
        assert!(found.contains(&Finding::Anchor { chain: "node".to_owned() }), "{found:?}");
        write(&server, vec![sql("delete from audit_anchors")]).await;
        let found = findings(&server).await;
        assert!(found.contains(&Finding::NoBatch { chain: "node".to_owned(), batch: 1 }), "{found:?}");
    })
    .await;
}

#[tokio::test]
async fn what_does_not_fit_is_not_pruned_away() {
    on_each_recording_database(async |server| {
        let platform = &server.world.platform;
        audit::round(platform, false).await.unwrap();
        write(&server, vec![sql("update audit set times = 7 where batch = 1 and place = 1")]).await;
        server.world.place.clock.advance(Span::days(366));
        audit::round(platform, true).await.unwrap();
        let found = findings(&server).await;
        assert!(matches!(found[..], [Finding::Row { batch: 1, place: 1, .. }]), "{found:?}");
    })
    .await;
}

#[tokio::test]
async fn an_erased_person_is_named_by_nothing_and_the_chain_is_whole() {
    on_each_recording_database(async |server| {
        let platform = &server.world.platform;
        server.tokens(&mut Browser::default(), REST, "ryan@example.com", &ITEMS).await;
        audit::round(platform, false).await.unwrap();
        let name = name_of(&server, "ryan@example.com").await.unwrap();
        let filter = Filter { person: Some(name.clone()), ..Filter::default() };
        let known = rows(&server, &filter).await;
        assert!(known.len() > 3 && known.iter().all(|row| row.login.is_some() && row.private.is_some()), "{known:#?}");
        let delete = DeleteAccount { login: "ryan@example.com".to_owned(), reason: UnlinkReason::AccountDelete };
        delete.run(platform, &Actor::CommandLine, None).await.unwrap();
        audit::round(platform, false).await.unwrap();
        assert_eq!(findings(&server).await, []);
        let rows = rows(&server, &filter).await;
        assert_eq!(rows.len(), known.len() + 1, "the rows are there, with the one of the deletion");
        assert!(rows.iter().all(|row| row.login.is_none() && row.private.is_none()), "{rows:#?}");
        let shown = serde_json::to_string(&rows).unwrap();
        assert!(!shown.contains("ryan") && !shown.contains("127.0.0.1"), "{shown}");
        let found = audit::find(platform, "ryan@example.com").await.unwrap();
        assert_eq!(found, None, "nobody has the login id");
        // The same login id again is another person in the trail.
        server.apply(include_str!("world.toml")).await;
        assert_ne!(name_of(&server, "ryan@example.com").await, Some(name));
    })
    .await;
}

#[tokio::test]
async fn two_processes_of_one_node_chain_every_row_once() {
    on_each_recording_database(async |server| {
        for _ in 0..3 {
            server.tokens(&mut Browser::default(), REST, "ryan@example.com", &ITEMS).await;
        }
        let platform = &server.world.platform;
        let rounds = (0..8).map(|_| {
            let platform = std::sync::Arc::clone(platform);
            tokio::spawn(async move { audit::round(&platform, false).await.unwrap() })
        });
        for round in rounds.collect::<Vec<_>>() {
            round.await.unwrap();
        }
        audit::round(platform, false).await.unwrap();
        let report = audit::verify(platform, &[]).await.unwrap();
        let all = rows(&server, &Filter::default()).await.len();
        assert_eq!((report.findings, report.waiting, report.rows), (vec![], 0, all));
    })
    .await;
}

#[tokio::test]
async fn rows_are_filtered_by_person_app_event_and_time() {
    on_each_recording_database(async |server| {
        let platform = &server.world.platform;
        server.tokens(&mut Browser::default(), REST, "ryan@example.com", &ITEMS).await;
        let start = Millis::from_rfc3339("2026-11-20T03:00:00Z").unwrap();
        server.world.place.clock.advance(Span::hours(1));
        server.tokens(&mut Browser::default(), REST, "ryan@example.com", &[]).await;
        let name = name_of(&server, "ryan@example.com").await;
        let logins = Filter { person: name, event: Some("login".to_owned()), ..Filter::default() };
        assert_eq!(rows(&server, &logins).await.len(), 2);
        let later = Filter { since: Some(start + Span::minutes(1)), ..logins.clone() };
        assert_eq!(rows(&server, &later).await.len(), 1);
        let earlier = Filter { until: Some(start + Span::minutes(1)), ..logins };
        assert_eq!(rows(&server, &earlier).await.len(), 1);
        let of_app = Filter { app: Some(AppId(1001)), event: Some("consent".to_owned()), ..Filter::default() };
        assert_eq!(rows(&server, &of_app).await.len(), 1);
        assert_eq!(rows(&server, &Filter { app: Some(AppId(77)), ..Filter::default() }).await, []);
        let found = audit::find(platform, "nobody@example.com").await.unwrap();
        assert_eq!(found, None);
    })
    .await;
}
