//! The measured requests: logins, codes, tokens, user information.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use kakaw_bench::load::{self, Answer, Connection, Run, get, post};
use kakaw_bench::walk::{Browser, authorize, code_of};
use kakaw_wire::oidc::IdTokenClaims;

pub const KEY: &str = "00000000000000000000000000000001";
pub const OIDC_KEY: &str = "00000000000000000000000000000002";
pub const CONNECTIONS: usize = 64;
/// People of the full flow: each takes part once, because the second time there is no consent screen.
const WALKERS: usize = 1200;

/// Returns two apps, one of them with OpenID Connect, and people.
pub fn world() -> String {
    world_of(CONNECTIONS + WALKERS)
}

/// The same with a number of people.
pub fn world_of(people: usize) -> String {
    let mut text = String::new();
    for (id, key, oidc) in [(1, KEY, false), (2, OIDC_KEY, true)] {
        text.push_str(&format!(
            "[[apps]]\nid = {id}\nname = \"Bench {id}\"\noidc = {oidc}\n[apps.consent_items]\nprofile_nickname = \"required\"\n\
             [[apps.rest_api_keys]]\nkey = \"{key}\"\nredirect_uris = [\"http://localhost:3000/callback\"]\n"
        ));
    }
    for index in 0..people {
        text.push_str(&format!("[[people]]\nid = \"p{index}\"\npassword = \"password\"\nnickname = \"Bench\"\n"));
    }
    text
}

/// Returns the claims of an ID token of the benchmark.
pub fn claims() -> IdTokenClaims {
    IdTokenClaims {
        aud: OIDC_KEY.to_owned(),
        sub: "1234567890123456".to_owned(),
        auth_time: 1_790_000_000,
        iss: "http://localhost".to_owned(),
        exp: 1_790_021_600,
        iat: 1_790_000_000,
        nonce: None,
        nickname: Some("Bench".to_owned()),
        picture: None,
        email: None,
    }
}

/// Builds a token request.
fn token(key: &str, grant: &str, name: &str, value: &str) -> Vec<u8> {
    post("/oauth/token", &[], &[("grant_type", grant), ("client_id", key), (name, value)])
}

/// The value of a field of a token reply.
fn field(answer: &Answer, name: &str) -> anyhow::Result<String> {
    let json: serde_json::Value = serde_json::from_slice(&answer.body)?;
    let value = json[name].as_str().with_context(|| format!("{name} expected: {}", answer.text()))?;
    Ok(value.to_owned())
}

/// People who are logged in to both apps.
pub struct Prepared {
    address: String,
    cookies: Vec<String>,
    access: Vec<String>,
    refresh: [Vec<String>; 2],
}

impl Prepared {
    /// Logs in as many people as there are connections.
    pub async fn log_in(address: &str) -> anyhow::Result<Self> {
        Self::log_in_people(address, CONNECTIONS).await
    }

    /// Logs the first few people in.
    pub async fn log_in_people(address: &str, count: usize) -> anyhow::Result<Self> {
        let mut prepared =
            Self { address: address.to_owned(), cookies: vec![], access: vec![], refresh: [vec![], vec![]] };
        let mut connection = Connection::open(address).await?;
        for index in 0..count {
            let mut browser = Browser::default();
            for (slot, key) in [KEY, OIDC_KEY].into_iter().enumerate() {
                let code = browser.code(&mut connection, &authorize(key), &format!("p{index}"), "password").await?;
                let tokens = connection.send(&token(key, "authorization_code", "code", &code)).await?;
                prepared.refresh[slot].push(field(&tokens, "refresh_token")?);
                if slot == 0 {
                    prepared.access.push(field(&tokens, "access_token")?);
                }
            }
            prepared.cookies.push(browser.header());
        }
        Ok(prepared)
    }

    /// Builds requests for user information, for one person after the other.
    pub fn me(&self, count: usize) -> Vec<Vec<u8>> {
        self.calls("/v2/user/me", count)
    }

    /// Builds calls of the user API, for one person after the other.
    pub fn calls(&self, path: &str, count: usize) -> Vec<Vec<u8>> {
        let request = |token: &String| get(path, &[("authorization", &format!("Bearer {token}"))]);
        self.access.iter().cycle().take(count).map(request).collect()
    }

    /// Builds refreshes, for one person after the other.
    pub fn refresh(&self, key: &str, count: usize) -> Vec<Vec<u8>> {
        let tokens = &self.refresh[usize::from(key == OIDC_KEY)];
        tokens.iter().cycle().take(count).map(|text| token(key, "refresh_token", "refresh_token", text)).collect()
    }

    /// Sends authorization requests of people with a session. Returns their codes.
    pub async fn authorize(&self, key: &str, count: usize) -> anyhow::Result<(Run, Vec<String>)> {
        let path = authorize(key);
        let requests =
            self.cookies.iter().cycle().take(count).map(|cookie| get(&path, &[("cookie", cookie)])).collect();
        load::all("authorize with a session", &self.address, CONNECTIONS, requests, |answer| code_of(&answer)).await
    }

    /// Requests that exchange a code each.
    pub async fn exchanges(&self, key: &str, count: usize) -> anyhow::Result<Vec<Vec<u8>>> {
        let codes = self.authorize(key, count).await?.1;
        Ok(codes.iter().map(|code| token(key, "authorization_code", "code", code)).collect())
    }

    /// Exchanges each code once.
    pub async fn exchange(&self, name: &str, key: &str, codes: Vec<String>) -> anyhow::Result<Run> {
        let requests = codes.iter().map(|code| token(key, "authorization_code", "code", code)).collect();
        let check = |answer: Answer| field(&answer, "access_token").map(drop);
        Ok(load::all(name, &self.address, CONNECTIONS, requests, check).await?.0)
    }
}

/// Log in, consent, code, token, user information: each person once. Then only logins.
pub async fn full_flows(address: &str) -> anyhow::Result<(Run, Run)> {
    // As many at a time as the queue accepts without refusing any.
    let people = Rc::new(RefCell::new((CONNECTIONS..CONNECTIONS + WALKERS / 2).collect::<Vec<_>>()));
    let flows = at_a_time(4, address, people, async |connection, index| {
        let code = Browser::default().code(connection, &authorize(KEY), &format!("p{index}"), "password").await?;
        let tokens = connection.send(&token(KEY, "authorization_code", "code", &code)).await?;
        let bearer = format!("Bearer {}", field(&tokens, "access_token")?);
        let me = connection.send(&get("/v2/user/me", &[("authorization", &bearer)])).await?;
        anyhow::ensure!(me.status == 200, "{}", me.text());
        Ok(())
    });
    let (mut times, took) = flows.await?;
    let flow = load::summary("full flow", &mut times, took);
    let people = Rc::new(RefCell::new((CONNECTIONS..CONNECTIONS + WALKERS / 2).collect::<Vec<_>>()));
    let (mut times, took) =
        at_a_time(4, address, people, async |connection, index| log_in(connection, index).await).await?;
    Ok((flow, load::summary("logins", &mut times, took)))
}

/// One login: the page, then the form.
pub async fn log_in(connection: &mut Connection, index: usize) -> anyhow::Result<()> {
    let answer = log_in_answer(connection, index).await?;
    anyhow::ensure!(answer.status == 303, "{} {}", answer.status, answer.text());
    Ok(())
}

/// One login, whatever the reply.
pub async fn log_in_answer(connection: &mut Connection, index: usize) -> anyhow::Result<Answer> {
    let path = format!("/login?continue={}", load::encoded(&authorize(KEY)));
    let mut browser = Browser::default();
    let page = browser.get(connection, &path).await?;
    let form = kakaw_bench::walk::hidden(&page)?;
    let login = format!("p{index}");
    let fields = [("kakaw_form", form.as_str()), ("loginId", login.as_str()), ("password", "password")];
    browser.post(connection, &path, &fields).await
}

/// Runs `work` for every person, a few at a time.
async fn at_a_time(
    workers: usize,
    address: &str,
    people: Rc<RefCell<Vec<usize>>>,
    work: impl AsyncFn(&mut Connection, usize) -> anyhow::Result<()> + Clone + 'static,
) -> anyhow::Result<(Vec<Duration>, Duration)> {
    let started = Instant::now();
    let local = tokio::task::LocalSet::new();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..workers {
        let (people, address, work) = (people.clone(), address.to_owned(), work.clone());
        tasks.spawn_local_on(
            async move {
                let mut connection = Connection::open(&address).await?;
                let mut times = Vec::new();
                loop {
                    let Some(person) = people.borrow_mut().pop() else { break };
                    let sent = Instant::now();
                    work(&mut connection, person).await?;
                    times.push(sent.elapsed());
                }
                anyhow::Ok(times)
            },
            &local,
        );
    }
    let mut times = Vec::new();
    local
        .run_until(async {
            while let Some(done) = tasks.join_next().await {
                times.extend(done??);
            }
            anyhow::Ok(())
        })
        .await?;
    Ok((times, started.elapsed()))
}
