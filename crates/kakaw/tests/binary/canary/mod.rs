//! Plants a marked value of every secret and every personal datum, uses the server in all ways, and looks for the values
//! where they must not be: logs, error replies, figures, HAR, summaries, what a crash leaves, the list of processes, backups,
//! the files of the database.

mod ends;

use std::path::Path;
use std::process::Stdio;

use kakaw_store::db::{self, Url};
use kakaw_store::{Outcome, Store};

use crate::client::Client;
use crate::running::{Running, curl, kakaw, run};

const KEY: &str = "ca4a000000000000000000000000c0de";
const SECRET: &str = "CanaryClientSecret9f86d081884c7d659a2f";
const ADMIN: &str = "ca4a59f86d081884c7d659a2feaa0c55";
const PASSWORD: &str = "canary-password-7Qx";
const CI: &str = "Y2FuYXJ5LWxpbmtpbmctaW5mb3JtYXRpb24";
const EMAIL: &str = "canary.email@example.com";
const AUTHORIZE: &str = "/oauth/authorize?client_id=ca4a000000000000000000000000c0de\
                         &redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fcallback&response_type=code&state=canary-state-4711";

const WORLD: &str = r#"[[apps]]
id = 4711
name = "Birds"
oidc = true
webhooks = { unlink = { url = "https://hooks.birds.example/unlink" }, account_status = { url = "https://hooks.birds.example/events", events = [] } }
[[apps.rest_api_keys]]
key = "ca4a000000000000000000000000c0de"
client_secret = "CanaryClientSecret9f86d081884c7d659a2f"
redirect_uris = ["http://localhost:3000/callback"]
[[apps.admin_keys]]
key = "ca4a59f86d081884c7d659a2feaa0c55"
[apps.consent_items]
profile_nickname = "optional"
account_email = "optional"
name = "optional"
phone_number = "optional"
birthday = "optional"
birthyear = "optional"
shipping_address = "optional"
account_ci = "optional"
[[people]]
email = "canary.email@example.com"
password = "canary-password-7Qx"
nickname = "Canary Nickname"
name = "Canary Realname"
talk = true
phone_number = "+82 10-9182-7364"
birthyear = "1977"
birthday = "0917"
ci = "Y2FuYXJ5LWxpbmtpbmctaW5mb3JtYXRpb24"
[[people.shipping_addresses]]
is_default = true
address = { name = "Canary Cage", base_address = "17 Canary Road", receiver_name = "Canary Receiver", receiver_phone_number1 = "010-5555-7364", zone_number = "12345", type = "NEW" }
"#;
const ITEMS: [&str; 8] = [
    "profile_nickname",
    "account_email",
    "name",
    "phone_number",
    "birthday",
    "birthyear",
    "shipping_address",
    "account_ci",
];

/// Personal data. The pages and replies for the person and for services show it on purpose, and nothing else does.
const PERSONAL: [(&str, &str); 9] = [
    ("email", EMAIL),
    ("email, encoded", "canary.email%40example.com"),
    ("nickname", "Canary Nickname"),
    ("name", "Canary Realname"),
    ("phone number", "9182-7364"),
    ("phone number, compared", "91827364"),
    ("birthday", "\"0917\""),
    ("address", "Canary Road"),
    ("receiver", "Canary Receiver"),
];

/// What the files of the database must not contain. Email, phone number, name and nickname are in clear, and SECURITY.md
/// says why.
const SEALED: [(&str, &str); 8] = [
    ("password", PASSWORD),
    ("client secret", SECRET),
    ("admin key", ADMIN),
    ("CI", CI),
    ("birthday", "\"0917\""),
    ("birthyear", "\"1977\""),
    ("address", "Canary Road"),
    ("receiver", "Canary Receiver"),
];

/// What was used and seen.
struct Used {
    secrets: Vec<(&'static str, String)>,
    /// Replies that refuse something.
    refusals: Vec<String>,
}

async fn use_everything(url: &str) -> Used {
    let mut secrets: Vec<(&str, String)> = Vec::new();
    let mut refusals = Vec::new();
    let mut client = Client::new(url);
    let wrong = client.type_password(AUTHORIZE, EMAIL, "canary-wrong-password").await.unwrap();
    assert_eq!(wrong.status, 403, "{}", wrong.text);
    // The page shows the typed log-in id again, to its sender.
    refusals.push(wrong.text.replace(EMAIL, ""));
    secrets.push(("wrong password", "canary-wrong-password".to_owned()));
    let page = client.log_in(AUTHORIZE, EMAIL, PASSWORD).await.unwrap();
    assert_eq!(page.status, 200, "{} {}", page.location, page.text);
    let back = client.agree(AUTHORIZE, &page, &ITEMS).await.unwrap();
    let code = back.parameter("code").unwrap_or_else(|| panic!("{} {}", back.location, back.text));
    secrets.extend(client.cookies().into_iter().map(|cookie| ("cookie", cookie)));
    let exchange = |secret: &'static str| {
        let form = [("grant_type", "authorization_code"), ("client_id", KEY), ("client_secret", secret)];
        let more = [("redirect_uri", "http://localhost:3000/callback"), ("code", code.as_str())];
        [&form[..], &more].concat()
    };
    let refused = client.post("/oauth/token", &exchange("CanaryWrongSecret")).await.unwrap();
    assert_eq!(refused.status, 401, "{}", refused.text);
    secrets.push(("wrong secret", "CanaryWrongSecret".to_owned()));
    refusals.push(refused.text);
    let tokens = client.post("/oauth/token", &exchange(SECRET)).await.unwrap();
    assert_eq!(tokens.status, 200, "{}", tokens.text);
    let (tokens, held) =
        (tokens.json(), |name: &str, json: &serde_json::Value| json[name].as_str().unwrap().to_owned());
    let (access, refresh) = (held("access_token", &tokens), held("refresh_token", &tokens));
    let me = client.get_with_token("/v2/user/me", &access).await.unwrap();
    for planted in [EMAIL, CI, "Canary Realname", "9182-7364", "0917", "Canary Nickname"] {
        assert!(me.text.contains(planted), "{planted} is planted: {}", me.text);
    }
    let addresses = client.get_with_token("/v1/user/shipping_address", &access).await.unwrap();
    assert!(addresses.text.contains("17 Canary Road"), "{}", addresses.text);
    let agt = client.post("/api/agt", &[("client_id", KEY), ("access_token", &access)]).await.unwrap().json();
    let agt = held("agt", &agt);
    let with_agt = client.get(&format!("{AUTHORIZE}&agt={agt}&scope=account_email")).await.unwrap();
    assert!(with_agt.status < 400, "{}", with_agt.text);
    for value in [access.as_str(), refresh.as_str()] {
        let broken = format!("{value}x");
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", KEY),
            ("client_secret", SECRET),
            ("refresh_token", &broken),
        ];
        refusals.push(client.post("/oauth/token", &form).await.unwrap().text);
        refusals.push(client.get_with_token("/v2/user/me", &broken).await.unwrap().text);
    }
    for path in [
        "/oauth/authorize?client_id=nope&redirect_uri=x&response_type=code&login_hint=canary.email%40example.com",
        "/oauth/token?code=canary-code-in-query",
        "/login?continue=nowhere&password=canary-password-7Qx",
    ] {
        refusals.push(client.get(path).await.unwrap().text);
    }
    secrets.push(("code in a query", "canary-code-in-query".to_owned()));
    refusals.push(
        curl(&format!("{url}/v1/user/ids"), &["-H", "Authorization: KakaoAK ca4a59f86d081884c7d659a2ffffffff"]).1,
    );
    secrets.push(("wrong admin key", "ca4a59f86d081884c7d659a2ffffffff".to_owned()));
    let admin = format!("Authorization: KakaoAK {ADMIN}");
    let sub = serde_json::from_str::<serde_json::Value>(&me.text).unwrap()["id"].to_string();
    let target = format!("target_id_type=user_id&target_id={sub}");
    let (status, text) = curl(&format!("{url}/v1/user/unlink"), &["-H", &admin, "-d", &target]);
    assert_eq!(status, 200, "{text}");
    refusals.push(client.get_with_token("/v2/user/me", &access).await.unwrap().text);
    // KOE320 repeats the spent code to its sender, as Kakao's does.
    let spent = client.post("/oauth/token", &exchange(SECRET)).await.unwrap().text;
    refusals.push(spent.replace(&code, ""));
    secrets.extend([("code", code), ("access token", access), ("refresh token", refresh), ("agt", agt)]);
    let planted = [("password", PASSWORD), ("client secret", SECRET), ("admin key", ADMIN), ("CI", CI)];
    secrets.extend(planted.map(|(name, value)| (name, value.to_owned())));
    Used { secrets, refusals }
}

fn found(place: &str, text: &[u8], name: &str, value: &str, all: &mut Vec<String>) {
    if text.windows(value.len()).any(|window| window == value.as_bytes()) {
        let at = text.windows(value.len()).position(|window| window == value.as_bytes()).unwrap();
        let around = String::from_utf8_lossy(&text[at.saturating_sub(60)..(at + value.len() + 20).min(text.len())]);
        all.push(format!("{place}: {name}: …{around}…"));
    }
}

/// Reads every file of a folder.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.is_file())
        .map(|path| (path.display().to_string(), std::fs::read(&path).unwrap()))
        .collect()
}

/// Makes a backup that is encrypted and one that is not. The first must show nothing, the second nothing that is sealed
/// in the database. What the command prints is public, too.
fn back_up(folder: &Path, public: &mut Vec<(String, Vec<u8>)>) -> Vec<(String, Vec<u8>)> {
    std::fs::write(folder.join("passphrase"), "a long passphrase of the test").unwrap();
    for args in [&["backup", "closed.age", "--passphrase-file", "passphrase"][..], &["backup", "open", "--unencrypted"]]
    {
        let (code, out, err) = run(folder, &[args, &["--config", "kakaw.toml"]].concat());
        assert_eq!(code, Some(0), "{out}{err}");
        public.push((args.join(" "), format!("{out}{err}").into_bytes()));
    }
    public.push(("closed.age".to_owned(), std::fs::read(folder.join("closed.age")).unwrap()));
    let open = std::fs::read(folder.join("open")).unwrap();
    assert!(open.windows(EMAIL.len()).any(|part| part == EMAIL.as_bytes()), "the backup has the person");
    vec![("open".to_owned(), open)]
}

/// Starts a server, uses it, ends it, and returns everything that was found where it must not be.
async fn search(args: &[&str], format: &str, folder: &Path, host: &str) -> Vec<String> {
    let log = folder.join(format!("log.{format}"));
    let mut command = kakaw(folder, args);
    command.env("KAKAW_LOG__LEVEL", "debug").env("KAKAW_LOG__FORMAT", format);
    let mut server = Running::wait_with_log(command, Stdio::from(std::fs::File::create(&log).unwrap()));
    let url = format!("http://{host}:{}", server.url.rsplit_once(':').unwrap().1);
    let used = use_everything(&url).await;
    let mut public: Vec<(String, Vec<u8>)> = Vec::new();
    let process = format!("/proc/{}", server.child.id());
    for name in ["cmdline", "environ"] {
        public.push((name.to_owned(), std::fs::read(format!("{process}/{name}")).unwrap()));
    }
    if args[0] == "dev" {
        for path in ["/control/v1/requests/har", "/control/v1/requests", "/__kakaw/summary"] {
            let (status, text) = curl(&format!("{url}{path}"), &["-H", "kakaw-control: 1"]);
            assert!(status == 200 || status == 404, "{path} {status}");
            assert!(!path.ends_with("har") || text.contains("/oauth/token"), "{text}");
            public.push((path.to_owned(), text.into_bytes()));
        }
    }
    let mut backups = Vec::new();
    if args[0] == "serve" {
        let management = server.printed_after("management on ");
        for path in ["/metrics", "/readyz", "/healthz"] {
            let (status, text) = curl(&format!("{management}{path}"), &[]);
            assert_eq!(status, 200, "{path}: {text}");
            assert!(path != "/metrics" || text.contains("kakaw_logins_total"), "{text}");
            public.push((path.to_owned(), text.into_bytes()));
        }
        backups = back_up(folder, &mut public);
    }
    let database = files(&folder.join("live"));
    assert!(database.iter().any(|(name, text)| name.ends_with("kakaw.db-wal") && !text.is_empty()));
    server.signal("TERM");
    server.child.wait().unwrap();
    public.push(("log".to_owned(), std::fs::read(&log).unwrap()));
    assert!(public.last().unwrap().1.len() > 1000, "the log is at level debug");
    for (n, refusal) in used.refusals.iter().enumerate() {
        public.push((format!("refusal {n}"), refusal.clone().into_bytes()));
    }
    let mut all = Vec::new();
    // The request log of a stand-in and its HAR show `state`, which is neither secret nor personal; a log does not.
    let log = public.iter().filter(|(place, _)| place == "log");
    log.for_each(|(place, text)| found(place, text, "state", "canary-state-4711", &mut all));
    for (place, text) in &public {
        used.secrets.iter().for_each(|(name, value)| found(place, text, name, value, &mut all));
        // Whoever uses the request log of a stand-in sees which log-in id was typed. A HAR, which is sent to others, hides it.
        if place != "/control/v1/requests" {
            PERSONAL.iter().for_each(|(name, value)| found(place, text, name, value, &mut all));
        }
    }
    for (place, text) in database.iter().chain(&backups).chain(&files(&folder.join("live"))) {
        used.secrets.iter().for_each(|(name, value)| found(place, text, name, value, &mut all));
        SEALED.iter().for_each(|(name, value)| found(place, text, name, value, &mut all));
    }
    all
}

/// Takes the last migration back and starts again: the copy that is made before a migration, and what is said about it.
async fn search_copies_before_migration(folder: &Path) -> Vec<String> {
    let live = folder.join("live");
    let store = Store::open(&Url::Sqlite(live.join("kakaw.db"))).await.unwrap();
    let back = ["alter table accounts drop column private", "delete from schema_history where name = 'private'"];
    let committed = store.commit(back.into_iter().map(db::sql).collect()).await.unwrap();
    assert_eq!(committed, Outcome::Committed);
    drop(store);
    let log = std::fs::File::create(folder.join("log.migration")).unwrap();
    drop(Running::start_with_log(folder, log, &["serve", "--config", "kakaw.toml"]));
    let mut all = Vec::new();
    let copies: Vec<_> = files(&live).into_iter().filter(|(name, _)| name.contains("kakaw.db.version-")).collect();
    assert!(
        !copies.is_empty(),
        "the start makes a copy: {:?}",
        files(&live).iter().map(|(name, _)| name).collect::<Vec<_>>()
    );
    for (place, text) in copies.iter().chain(&files(&live)) {
        SEALED.iter().for_each(|(name, value)| found(place, text, name, value, &mut all));
    }
    let said = std::fs::read(folder.join("log.migration")).unwrap();
    SEALED.iter().chain(&PERSONAL).for_each(|(name, value)| found("log.migration", &said, name, value, &mut all));
    all
}

#[tokio::test]
async fn serve_shows_no_secret_and_no_personal_datum_where_it_must_not() {
    for format in ["text", "json"] {
        let folder = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = format!(
            "listen = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}\"\nbehind_proxy = true\ndata = \"live\"\nmanagement.listen = \"127.0.0.1:0\"\n"
        );
        std::fs::write(folder.path().join("kakaw.toml"), config).unwrap();
        std::fs::write(folder.path().join("world.toml"), WORLD).unwrap();
        let (code, out, err) = run(folder.path(), &["apply", "world.toml", "--config", "kakaw.toml"]);
        assert_eq!(code, Some(0), "{out}{err}");
        let all = search(&["serve", "--config", "kakaw.toml"], format, folder.path(), "127.0.0.1").await;
        assert!(all.is_empty(), "{}", all.join("\n"));
        let (_, export, _) = run(folder.path(), &["export", "--with-secrets", "--config", "kakaw.toml"]);
        assert!(export.contains("$argon2id$") && !export.contains(PASSWORD), "{export}");
        assert!(export.contains(CI) && export.contains("17 Canary Road"), "an export is complete: {export}");
        let all = search_copies_before_migration(folder.path()).await;
        assert!(all.is_empty(), "{}", all.join("\n"));
    }
}

#[tokio::test]
async fn dev_shows_no_secret_and_no_personal_datum_where_it_must_not() {
    for format in ["text", "json"] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("world.toml"), WORLD).unwrap();
        let args = ["dev", "--listen", "127.0.0.1:0", "--data", "live", "--world", "world.toml"];
        let all = search(&args, format, folder.path(), "localhost").await;
        assert!(all.is_empty(), "{}", all.join("\n"));
    }
}
