//! Tests of the use cases for settings and people: what they check, commit and report.

use kakaw_core::AppId;
use kakaw_core::account::Attributes;
use kakaw_core::app::{AppSettings, KeyKind, KeySettings};
use kakaw_core::crypto::secret::Secret;
use kakaw_platform::manage::keys::Key;
use kakaw_platform::manage::{
    Actor, AddKey, Change, ChangeAccount, ChangeApp, ChangeKey, CreateAccount, CreateApp, DeleteAccount, DeleteKey,
    NewSecret, Refused, Restrict, SetSecret, Unlink, Version, What, accounts::Person, world_file,
};
use kakaw_store::{accounts, app_keys, apps};
use kakaw_wire::Expected;
use kakaw_wire::event::UnlinkReason;
use serde_json::{Value, json};

use crate::support::*;

const ACTOR: Actor = Actor::CommandLine;

fn found(refused: &Refused) -> Vec<(&str, &Expected)> {
    let Refused::Problems(problems) = refused else { panic!("{refused}") };
    problems.iter().map(|problem| (problem.path.as_str(), &problem.expected)).collect()
}

fn rest(redirect_uri: &str) -> Key {
    let settings = KeySettings { redirect_uris: vec![redirect_uri.to_owned()], ..KeySettings::default() };
    Key { kind: KeyKind::RestApi, key: None, settings, client_secret: Some(Secret::new("s3cret")) }
}

async fn version(server: &TestServer, app: i64) -> Version {
    Version(apps::by_id(&server.world.platform.store, AppId(app)).await.unwrap().unwrap().version)
}

#[tokio::test]
async fn an_app_is_made_changed_and_given_keys_and_each_change_says_what_it_was() {
    on_each_database(async |server| {
        let platform = &*server.world.platform;
        let create = CreateApp { id: 9001, settings: AppSettings::new("New") };
        let made = create.run(platform, &ACTOR, None).await.unwrap();
        assert_eq!((&made.what, &made.before), (&What::App { app: 9001 }, &None));
        assert_eq!(made.after.as_ref().unwrap()["settings"]["name"], "New");
        assert_eq!(found(&create.run(platform, &ACTOR, None).await.unwrap_err()), [("id", &Expected::Free {})]);

        let seen = version(&server, 9001).await;
        let renamed = ChangeApp { id: 9001, settings: AppSettings::new("Newer") };
        let change = renamed.run(platform, &ACTOR, Some(seen)).await.unwrap();
        assert_eq!(change.before, Some(json!({ "settings": { "name": "New" } })), "only what differs");
        assert_eq!(change.after, Some(json!({ "settings": { "name": "Newer" } })));
        let refused = renamed.run(platform, &ACTOR, Some(seen)).await.unwrap_err();
        assert!(matches!(refused, Refused::Changed { expected, found } if expected == seen && found.0 == seen.0 + 1));

        let add = AddKey { app: 9001, key: rest("https://a.example/cb") };
        let (change, key) = add.run(platform, &ACTOR, Some(version(&server, 9001).await)).await.unwrap();
        let row = serde_json::to_string(&change).unwrap();
        assert!(row.contains(key.expose()) && !row.contains("s3cret") && row.contains("command_line"), "{row}");
        assert_ne!(version(&server, 9001).await.0, seen.0 + 1, "a key is a part of its app");
        let settings = KeySettings { redirect_uris: vec!["https://b.example/cb".to_owned()], ..KeySettings::default() };
        let change = ChangeKey { app: 9001, key: key.expose().to_owned(), settings };
        change.run(platform, &ACTOR, None).await.unwrap();
        let set = |secret| SetSecret { app: 9001, key: key.expose().to_owned(), secret };
        let (change, secret) = set(NewSecret::Made).run(platform, &ACTOR, None).await.unwrap();
        let row = serde_json::to_string(&change).unwrap();
        assert!(!row.contains(secret.unwrap().expose()) && change.before != change.after, "{row}");
        let (change, _) = set(NewSecret::Off).run(platform, &ACTOR, None).await.unwrap();
        assert_eq!(change.after.unwrap()["keys"][key.expose()]["client_secret"], Value::Null);
        let delete = DeleteKey { app: 9001, key: key.expose().to_owned() };
        delete.run(platform, &ACTOR, None).await.unwrap();
        assert_eq!(found(&delete.run(platform, &ACTOR, None).await.unwrap_err()), [("key", &Expected::KnownKey {})]);
        let stored = app_keys::of_app(&platform.store, AppId(9001)).await.unwrap();
        assert!(stored.len() == 1 && stored[0].key.deleted && stored[0].key.epoch == 1);
    })
    .await;
}

#[tokio::test]
async fn whoever_has_seen_an_older_version_changes_nothing() {
    on_each_database(async |server| {
        let platform = &*server.world.platform;
        let seen = version(&server, 1001).await;
        let change = |name: &str| ChangeApp { id: 1001, settings: AppSettings::new(name) };
        let (a, b) = (change("A"), change("B"));
        let (a, b) = tokio::join!(a.run(platform, &ACTOR, Some(seen)), b.run(platform, &ACTOR, Some(seen)));
        assert_eq!(usize::from(a.is_ok()) + usize::from(b.is_ok()), 1, "{a:?} {b:?}");
        assert!([a, b].iter().any(|result| matches!(result, Err(Refused::Changed { .. }))));
        assert_eq!(version(&server, 1001).await.0, seen.0 + 1);
    })
    .await;
}

#[tokio::test]
async fn people_are_made_changed_restricted_and_deleted() {
    on_each_database(async |server| {
        let platform = &*server.world.platform;
        let person = |nickname: &str| {
            let (email, nickname) = (Some("new@example.com".to_owned()), Some(nickname.to_owned()));
            let attributes = Attributes { email, nickname, ..Attributes::default() };
            Person { attributes, agreed_to_terms: true, password: Some(Secret::new("first")), ..Person::default() }
        };
        let made = CreateAccount(person("New")).run(platform, &ACTOR, None).await.unwrap();
        assert!(!serde_json::to_string(&made).unwrap().contains("first"), "{made:?}");
        let again = CreateAccount(person("New")).run(platform, &ACTOR, None).await.unwrap_err();
        assert_eq!(found(&again), [("email", &Expected::Free {})]);
        let change: Change = ChangeAccount(person("Newer")).run(platform, &ACTOR, Some(Version(1))).await.unwrap();
        assert_eq!(change.before, Some(json!({ "attributes": { "nickname": "New" } })));
        assert_eq!(change.after, Some(json!({ "attributes": { "nickname": "Newer" } })));
        let login = "New@Example.com".to_owned();
        let restrict = Restrict { login: login.clone(), restricted: true };
        restrict.run(platform, &ACTOR, Some(Version(2))).await.unwrap();
        assert!(matches!(
            restrict.run(platform, &ACTOR, Some(Version(2))).await,
            Err(Refused::Changed { found: Version(3), .. })
        ));
        let delete = DeleteAccount { login: login.clone(), reason: UnlinkReason::AccountDelete };
        assert!(matches!(delete.run(platform, &ACTOR, Some(Version(1))).await, Err(Refused::Changed { .. })));
        let gone = delete.run(platform, &ACTOR, Some(Version(3))).await.unwrap();
        assert!(gone.after.is_none() && gone.before.is_some());
        let nobody = delete.run(platform, &ACTOR, None).await.unwrap_err();
        assert_eq!(found(&nobody), [("login", &Expected::KnownPerson {})]);
        let nobody = Unlink { app: 1001, user_id: 7, reason: UnlinkReason::UnlinkFromApps };
        let nobody = nobody.run(platform, &ACTOR, None).await.unwrap_err();
        assert_eq!(found(&nobody), [("user_id", &Expected::KnownLink { app: 1001 })]);
    })
    .await;
}

const WRONG: &str = r#"
[[apps]]
id = 9001
name = "New"
logout_redirect_uris = ["javascript:alert(1)"]
[[apps.rest_api_keys]]
redirect_uris = ["https://good@evil/", "https://*.x/cb"]
[apps.consent_items]
phone_number = { consent = "optional", collect_if_missing = true }

[[people]]
email = "new@example.com"
password = "p"
birthyear = "2999"
[[people.links]]
app = 9002
"#;

#[tokio::test]
async fn a_world_file_is_applied_whole_or_not_at_all_and_all_its_problems_are_said() {
    on_each_database(async |server| {
        let platform = &*server.world.platform;
        let before = world_file::export_text(platform, world_file::Secrets::Written).await.unwrap();
        let file = world_file::parse(WRONG, "w.toml").unwrap();
        let refused = world_file::apply(platform, &ACTOR, &file).await.unwrap_err();
        let expected = [
            ("apps[0].logout_redirect_uris[0]", &Expected::HttpUrl {}),
            ("apps[0].consent_items.phone_number.collect_if_missing", &Expected::Collectable {}),
            ("apps[0].rest_api_keys[0].redirect_uris[0]", &Expected::NoUserInfo {}),
            ("apps[0].rest_api_keys[0].redirect_uris[1]", &Expected::NoWildcard {}),
            ("people[0].birthyear", &Expected::NotInFuture {}),
            ("people[0].links[0].app", &Expected::KnownApp {}),
        ];
        assert_eq!(found(&refused), expected);
        let lines = world_file::with_lines(&refused, WRONG, "w.toml");
        for (line, (path, _)) in [5, 9, 7, 7, 14, 16].into_iter().zip(expected) {
            assert!(lines.contains(&format!("w.toml, line {line}: {path}: ")), "{path}: {lines}");
        }
        let answer = control_text(&server, WRONG).await;
        assert_eq!(answer.status.as_u16(), 400);
        let problems = answer.json()["problems"].clone();
        assert_eq!((problems.as_array().unwrap().len(), &problems[4]["expected"]["id"]), (6, &json!("not_in_future")));
        assert!(problems[4]["text"]["ko"].as_str().unwrap().contains("오늘"), "{problems}");
        // A conflict at the end of a file undoes all of it.
        let taken = "[[apps]]\nid = 9001\nname = \"New\"\n[[people]]\nid = \"x\"\nemail = \"a@example.com\"\n\
                     [[people]]\nemail = \"a@example.com\"\n";
        let file = world_file::parse(taken, "w.toml").unwrap();
        let refused = world_file::apply(platform, &ACTOR, &file).await.unwrap_err();
        assert_eq!(found(&refused), [("people[1].email", &Expected::Free {})]);
        let after = world_file::export_text(platform, world_file::Secrets::Written).await.unwrap();
        assert_eq!(before, after);
    })
    .await;
}

#[tokio::test]
async fn applying_a_file_twice_changes_nothing() {
    on_each_database(async |server| {
        let platform = &*server.world.platform;
        let text = world_file::export_text(platform, world_file::Secrets::Written).await.unwrap();
        let file = world_file::parse(&text, "w.toml").unwrap();
        assert_eq!(world_file::apply(platform, &ACTOR, &file).await.unwrap(), []);
        let text = text.replace("nickname = \"Ryan\"", "nickname = \"Brian\"");
        let file = world_file::parse(&text, "w.toml").unwrap();
        let changes = world_file::apply(platform, &ACTOR, &file).await.unwrap();
        let what: Vec<&What> = changes.iter().map(|change| &change.what).collect();
        assert_eq!(what, [&What::Account { login: "ryan@example.com".to_owned() }]);
        let stored = accounts::page(&platform.store, accounts::Place::START, 100).await.unwrap();
        assert!(stored.iter().all(|listed| listed.stored.account.version <= 2));
    })
    .await;
}

#[tokio::test]
async fn people_are_listed_by_pages() {
    on_each_database(async |server| {
        let page = async |query: &str| {
            let answer = control(&server, "GET", &format!("/control/v1/people?{query}"), Value::Null).await;
            assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
            answer.json().as_array().unwrap().clone()
        };
        let names = |people: &[Value]| people.iter().map(|person| person["person"].clone()).collect::<Vec<_>>();
        let all = page("").await;
        assert_eq!(all.len(), 5);
        let (mut after, mut walked) = (String::new(), Vec::new());
        loop {
            let people = page(&format!("limit=2{after}")).await;
            let Some(last) = people.last() else { break };
            after = format!("&after={}", last["cursor"].as_str().unwrap());
            walked.extend(people);
        }
        assert_eq!(names(&walked), names(&all));
        for (query, part) in [("limit=0", "1 or more"), ("after=x", "cursor"), ("limits=1", "limits")] {
            let refused = control(&server, "GET", &format!("/control/v1/people?{query}"), Value::Null).await;
            assert!(refused.status == 400 && refused.body.contains(part), "{}", refused.body);
        }
    })
    .await;
}

async fn control_text(server: &TestServer, text: &str) -> Answer {
    let request = axum::http::Request::post("/control/v1/apply").header("host", "localhost:7700");
    let request = request.header("kakaw-control", "1").body(axum::body::Body::from(text.to_owned())).unwrap();
    server.send(request).await
}
