//! Tests the life of codes and tokens against a small model, with a moving clock: in any order, the server must answer
//! like the model.

use axum::http::StatusCode;
use kakaw_core::Span;
use kakaw_core::policy::Policy;
use kakaw_store::db::Url;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::support::*;

const DAY: i64 = 86_400;
const PEOPLE: [&str; 2] = ["ryan@example.com", "child@example.com"];

/// A step. Its numbers select from what exists so far.
#[derive(Debug, Clone)]
enum Step {
    Authorize(usize),
    Exchange(usize),
    Refresh(usize),
    Me(usize),
    Logout(usize),
    Unlink(usize),
    Advance(i64),
    Sweep,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let index = 0..100_usize;
    let step = prop_oneof![
        3 => (0..PEOPLE.len()).prop_map(Step::Authorize),
        4 => index.clone().prop_map(Step::Exchange),
        4 => index.clone().prop_map(Step::Refresh),
        4 => index.clone().prop_map(Step::Me),
        1 => index.clone().prop_map(Step::Logout),
        1 => index.prop_map(Step::Unlink),
        3 => prop::sample::select(vec![1, 29, 30, 599, 600, 21_599, 21_600, DAY, 29 * DAY, 30 * DAY, 31 * DAY, 60 * DAY])
            .prop_map(Step::Advance),
        1 => Just(Step::Sweep),
    ];
    prop::collection::vec(step, 1..40)
}

struct Code {
    text: String,
    person: usize,
    epoch: i64,
    expires: i64,
    /// Whether the code is used, and the grant that it was redeemed for.
    spent: Option<Option<usize>>,
}

struct Grant {
    person: usize,
    epoch: i64,
    ended: bool,
    generation: usize,
    expires: i64,
    rotated: i64,
    current: String,
}

struct Access {
    text: String,
    grant: usize,
    expires: i64,
}

struct Refresh {
    text: String,
    grant: usize,
    generation: usize,
    expires: i64,
}

/// The expected state.
#[derive(Default)]
struct Model {
    now: i64,
    epochs: [i64; PEOPLE.len()],
    codes: Vec<Code>,
    grants: Vec<Grant>,
    accesses: Vec<Access>,
    refreshes: Vec<Refresh>,
}

impl Model {
    fn is_live(&self, grant: usize) -> bool {
        let grant = &self.grants[grant];
        !grant.ended && grant.epoch == self.epochs[grant.person]
    }

    /// Applies an exchange to the model. Returns whether it succeeds.
    fn exchange(&mut self, index: usize, policy: &Policy) -> bool {
        let code = &self.codes[index];
        match code.spent {
            Some(first) => {
                if let (Some(first), true) = (first, policy.revoke_on_code_reuse) {
                    self.grants[first].ended = true;
                }
                false
            }
            None if self.now >= code.expires => false,
            None => {
                let current = code.epoch == self.epochs[code.person];
                let grant = current.then_some(self.grants.len());
                self.codes[index].spent = Some(grant);
                current
            }
        }
    }

    /// Applies a refresh to the model. Returns the generation of the refresh token in the reply: the old one or its
    /// successor. `None` means refused.
    fn refresh(&mut self, index: usize, policy: &Policy) -> Option<usize> {
        let Refresh { grant, generation, expires, .. } = self.refreshes[index];
        if self.now >= expires || !self.is_live(grant) {
            return None;
        }
        let row = &mut self.grants[grant];
        if generation != row.generation {
            if generation + 1 == row.generation && Span::seconds(self.now - row.rotated) < policy.refresh_grace {
                return Some(row.generation);
            }
            row.ended |= policy.revoke_on_refresh_reuse;
            return None;
        }
        if row.expires - self.now < 30 * DAY {
            row.generation += 1;
            row.expires = self.now + 60 * DAY;
            row.rotated = self.now;
        }
        Some(row.generation)
    }
}

async fn play(server: &TestServer, policy: Policy, steps: Vec<Step>) {
    let mut model = Model::default();
    let mut browsers = [Browser::default(), Browser::default()];
    for step in steps {
        match step {
            Step::Authorize(person) => {
                let browser = &mut browsers[person];
                let back = server.walk(browser, &authorize(PLAIN, ""), PEOPLE[person], &["profile_nickname"]).await;
                model.codes.push(Code {
                    text: back.parameter("code").unwrap(),
                    person,
                    epoch: model.epochs[person],
                    expires: model.now + 600,
                    spent: None,
                });
            }
            Step::Exchange(index) if !model.codes.is_empty() => {
                let index = index % model.codes.len();
                let expected = model.exchange(index, &policy);
                let answer = server.exchange(PLAIN, &model.codes[index].text).await;
                assert_eq!(answer.status == StatusCode::OK, expected, "{}", answer.body);
                if !expected {
                    assert_eq!(answer.json()["error_code"], "KOE320");
                    continue;
                }
                let (tokens, grant) = (answer.json(), model.grants.len());
                let refresh = tokens["refresh_token"].as_str().unwrap().to_owned();
                let (person, expires) = (model.codes[index].person, model.now + 60 * DAY);
                model.grants.push(Grant {
                    person,
                    epoch: model.epochs[person],
                    ended: false,
                    generation: 0,
                    expires,
                    rotated: 0,
                    current: refresh.clone(),
                });
                model.refreshes.push(Refresh { text: refresh, grant, generation: 0, expires });
                let text = tokens["access_token"].as_str().unwrap().to_owned();
                model.accesses.push(Access { text, grant, expires: model.now + 21_600 });
            }
            Step::Refresh(index) if !model.refreshes.is_empty() => {
                let index = index % model.refreshes.len();
                let (grant, before) = (model.refreshes[index].grant, model.refreshes[index].generation);
                let expected = model.refresh(index, &policy);
                let answer = server.refresh(PLAIN, &model.refreshes[index].text).await;
                let Some(generation) = expected else {
                    assert_eq!(answer.json()["error_code"], "KOE322", "{}", answer.body);
                    continue;
                };
                let tokens = answer.json();
                assert_eq!(answer.status, StatusCode::OK, "{tokens}");
                let replaced = tokens["refresh_token"].as_str();
                assert_eq!(replaced.is_some(), generation != before, "a new refresh token only by rotation");
                if let Some(text) = replaced {
                    let row = &mut model.grants[grant];
                    if model.refreshes.iter().any(|r| r.grant == grant && r.generation == generation) {
                        assert_eq!(text, row.current, "the same successor");
                    } else {
                        row.current = text.to_owned();
                        let expires = row.expires;
                        model.refreshes.push(Refresh { text: text.to_owned(), grant, generation, expires });
                    }
                }
                let text = tokens["access_token"].as_str().unwrap().to_owned();
                model.accesses.push(Access { text, grant, expires: model.now + 21_600 });
            }
            Step::Me(index) | Step::Logout(index) | Step::Unlink(index) if !model.accesses.is_empty() => {
                let Access { text, grant, expires } = &model.accesses[index % model.accesses.len()];
                let (grant, expected) = (*grant, model.now < *expires && model.is_live(*grant));
                let (method, path) = match step {
                    Step::Me(_) => ("GET", "/v2/user/me"),
                    Step::Logout(_) => ("POST", "/v1/user/logout"),
                    _ => ("POST", "/v1/user/unlink"),
                };
                let answer = server.api(method, path, text).await;
                assert_eq!(answer.status == StatusCode::OK, expected, "{path}: {}", answer.body);
                if !expected {
                    assert_eq!(answer.json()["code"], -401);
                } else if matches!(step, Step::Logout(_)) {
                    model.grants[grant].ended = true;
                } else if matches!(step, Step::Unlink(_)) {
                    model.epochs[model.grants[grant].person] += 1;
                }
            }
            Step::Advance(seconds) => {
                server.world.place.clock.advance(Span::seconds(seconds));
                model.now += seconds;
            }
            Step::Sweep => {
                // A used code is kept for a day after its expiry. After that, using it again ends nothing.
                for code in model.codes.iter_mut().filter(|code| code.expires < model.now - DAY) {
                    code.spent = Some(None);
                }
                while kakaw_platform::jobs::sweep(&server.world.platform).await.unwrap() {}
            }
            _ => {}
        }
    }
}

fn check(url: impl Fn() -> Option<Url>, cases: u32) {
    for policy in [Policy::DEV, Policy { redirect_uri_optional: true, ..Policy::SERVE }] {
        let mut runner =
            TestRunner::new(ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() });
        let result = runner.run(&steps(), |steps| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            if let Some(url) = url() {
                runtime.block_on(async { play(&TestServer::start(&url, policy).await, policy, steps).await });
            }
            Ok(())
        });
        if let Err(error) = result {
            panic!("{error}");
        }
    }
}

#[test]
fn codes_and_tokens_live_as_the_model_says_in_memory() {
    check(|| Some(Url::Memory), 80);
}

#[test]
fn codes_and_tokens_live_as_the_model_says_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    check(
        || {
            count.set(count.get() + 1);
            Some(Url::Sqlite(folder.path().join(format!("{}.db", count.get()))))
        },
        12,
    );
}

#[test]
fn codes_and_tokens_live_as_the_model_says_on_postgresql() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    check(|| runtime.block_on(postgres()), 12);
}
