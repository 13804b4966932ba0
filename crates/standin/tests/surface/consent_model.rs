//! Tests consent and service terms against a small model: agree, revoke, add a required item later, unlink, link again.
//! In any order, screen, scopes and terms must be those of the model.

use std::collections::BTreeSet;

use kakaw_core::policy::Policy;
use kakaw_store::db::Url;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::Value;

use crate::support::*;

const ITEMS: [&str; 4] = ["profile_nickname", "account_email", "gender", "birthyear"];
const TERMS: [&str; 3] = ["use", "privacy", "news"];

#[derive(Debug, Clone)]
enum Step {
    /// Log in, naming items of use and terms, and ticking what the bits say in addition to what is required.
    LogIn {
        scope: Vec<usize>,
        tags: Option<Vec<usize>>,
        tick: u8,
    },
    RevokeItem(usize),
    Upgrade(usize),
    RevokeTerm(usize),
    Unlink,
    /// Make an item required, or not.
    Require(usize, bool),
    /// Publish a new version of a term.
    NewVersion(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let items = prop::collection::vec(0..ITEMS.len(), 0..3);
    let tags = prop::option::of(prop::collection::vec(0..TERMS.len(), 0..3));
    let step = prop_oneof![
        5 => (items, tags, any::<u8>()).prop_map(|(scope, tags, tick)| Step::LogIn { scope, tags, tick }),
        2 => (0..ITEMS.len()).prop_map(Step::RevokeItem),
        1 => (0..TERMS.len()).prop_map(Step::Upgrade),
        1 => (0..TERMS.len()).prop_map(Step::RevokeTerm),
        1 => Just(Step::Unlink),
        1 => (0..ITEMS.len(), any::<bool>()).prop_map(|(item, required)| Step::Require(item, required)),
        1 => (0..TERMS.len()).prop_map(Step::NewVersion),
    ];
    prop::collection::vec(step, 1..14)
}

/// The expected state.
#[derive(Default)]
struct Model {
    linked: bool,
    required: [bool; 4],
    items: BTreeSet<usize>,
    versions: [i64; 3],
    /// Terms with the version that the person agreed to.
    terms: std::collections::BTreeMap<usize, i64>,
}

impl Model {
    /// Returns the app's settings as a world file. `gender` is an item of use until it is made required.
    fn world(&self) -> String {
        let item = |index: usize| match (self.required[index], index) {
            (true, _) => "required",
            (false, 2) => "on_use",
            (false, _) => "optional",
        };
        let terms: String = (0..3)
            .map(|index| {
                let (tag, version) = (TERMS[index], self.versions[index] + 1);
                let required = index < 2;
                format!("[[apps.service_terms]]\ntag = \"{tag}\"\ntitle = \"T\"\nurl = \"https://m.example\"\nrequired = {required}\nversion = {version}\n")
            })
            .collect();
        let items: String = (0..4).map(|index| format!("{} = \"{}\"\n", ITEMS[index], item(index))).collect();
        format!(
            "[[apps]]\nid = 3001\nname = \"Model\"\nsimple_signup = {{ enabled = true, review_passed = true }}\n{terms}\
             [[apps.rest_api_keys]]\nkey = \"{MODEL}\"\nredirect_uris = [\"{CALLBACK}\"]\n[apps.consent_items]\n{items}"
        )
    }

    fn agreed_term(&self, index: usize) -> bool {
        self.terms.get(&index) == Some(&self.versions[index])
    }

    /// Returns what the screen asks for: items and terms, each with whether it is required.
    fn asks(&self, scope: &[usize], tags: Option<&[usize]>) -> (Vec<(usize, bool)>, Vec<usize>) {
        let items = (0..4).filter(|index| match self.linked {
            true => scope.contains(index) && !self.items.contains(index),
            false => match (self.required[*index], *index) {
                (true, _) => true,
                (false, 2) => scope.contains(&2),
                (false, _) => scope.is_empty() || scope.contains(index),
            },
        });
        let items = items.map(|index| (index, self.required[index] || index == 2)).collect();
        let shown = match tags {
            None => !self.linked,
            Some(tags) => tags.iter().any(|tag| *tag < 2),
        };
        let named = |index: &usize| tags.is_none_or(|tags| tags.contains(index));
        let terms = (0..3).filter(|index| shown && named(index) && !self.agreed_term(*index)).collect();
        (items, terms)
    }
}

const MODEL: &str = "c0000000000000000000000000000001";

struct Run {
    server: TestServer,
    browser: Browser,
    model: Model,
    token: Option<String>,
}

impl Run {
    async fn step(&mut self, step: &Step) {
        match step {
            Step::LogIn { scope, tags, tick } => self.log_in(scope, tags.as_deref(), *tick).await,
            Step::RevokeItem(index) => {
                let Some(token) = self.token.clone().filter(|_| self.model.linked) else { return };
                let answer = self
                    .server
                    .call("/v2/user/revoke/scopes", &token, &[("scopes", &format!("[\"{}\"]", ITEMS[*index]))])
                    .await;
                let (agreed, required) = (self.model.items.contains(index), self.model.required[*index]);
                let expected = if !agreed { Some(-2) } else { required.then_some(-3) };
                assert_eq!(answer.json()["code"].as_i64(), expected, "{}", answer.body);
                if agreed && !required {
                    self.model.items.remove(index);
                }
            }
            Step::Upgrade(index) => {
                let Some(token) = self.token.clone().filter(|_| self.model.linked) else { return };
                let answer =
                    self.server.call("/v2/user/upgrade/service_terms", &token, &[("tags", TERMS[*index])]).await;
                let added = answer.json()["agreed_service_terms"].as_array().unwrap().len();
                assert_eq!(added, usize::from(!self.model.agreed_term(*index)), "{}", answer.body);
                self.model.terms.insert(*index, self.model.versions[*index]);
            }
            Step::RevokeTerm(index) => {
                let Some(token) = self.token.clone().filter(|_| self.model.linked) else { return };
                let answer =
                    self.server.call("/v2/user/revoke/service_terms", &token, &[("tags", TERMS[*index])]).await;
                let agreed = self.model.agreed_term(*index);
                let expected = if !agreed { Some(-2) } else { (*index < 2).then_some(-3) };
                assert_eq!(answer.json()["code"].as_i64(), expected, "{}", answer.body);
                if agreed && *index == 2 {
                    self.model.terms.remove(index);
                }
            }
            Step::Unlink => {
                let Some(token) = self.token.take().filter(|_| self.model.linked) else { return };
                assert_eq!(self.server.api("POST", "/v1/user/unlink", &token).await.status, 200);
                (self.model.linked, self.model.items, self.model.terms) = (false, BTreeSet::new(), Default::default());
            }
            Step::Require(index, required) => {
                self.model.required[*index] = *required;
                self.server.apply(&self.model.world()).await;
            }
            Step::NewVersion(index) => {
                self.model.versions[*index] += 1;
                self.server.apply(&self.model.world()).await;
            }
        }
        self.compare().await;
    }

    async fn log_in(&mut self, scope: &[usize], tags: Option<&[usize]>, tick: u8) {
        let join = |all: &[&str], which: &[usize]| which.iter().map(|i| all[*i]).collect::<Vec<_>>().join(",");
        let mut more = format!("&scope={}", join(&ITEMS, scope));
        if let Some(tags) = tags {
            more.push_str(&format!("&service_terms={}", join(&TERMS, tags)));
        }
        let url = authorize(MODEL, &more);
        let (items, terms) = self.model.asks(scope, tags);
        let mut answer = self.browser.get(&self.server, &url).await;
        if self.model.linked && items.is_empty() && terms.is_empty() {
            assert!(answer.parameter("code").is_some(), "F12: {}", answer.body);
        } else {
            assert_eq!(answer.status, 200, "a screen for {items:?} {terms:?}");
            let values = |name: &str| -> Vec<String> {
                let marker = format!("name=\"{name}\" value=\"");
                answer.body.split(&marker).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
            };
            let mut expected: Vec<_> = items.iter().map(|(index, _)| ITEMS[*index].to_owned()).collect();
            let mut shown = values("scope");
            expected.sort();
            shown.sort();
            assert_eq!(shown, expected);
            assert_eq!(values("term"), terms.iter().map(|index| TERMS[*index].to_owned()).collect::<Vec<_>>());
            let form_value = hidden(&answer.body);
            let mut form = vec![("kakaw_form", form_value.as_str()), ("decision", "accept")];
            for (index, required) in &items {
                if *required || tick & (1 << index) != 0 {
                    form.push(("scope", ITEMS[*index]));
                    self.model.items.insert(*index);
                }
            }
            for index in &terms {
                if *index < 2 || tick & (16 << index) != 0 {
                    form.push(("term", TERMS[*index]));
                    self.model.terms.insert(*index, self.model.versions[*index]);
                }
            }
            answer = self.browser.post(&self.server, &url, &form).await;
            self.model.linked = true;
        }
        self.token = Some(token_of(&self.server.exchange(MODEL, &answer.parameter("code").unwrap()).await));
    }

    /// Compares scopes and terms with the model.
    async fn compare(&self) {
        let Some(token) = self.token.as_ref().filter(|_| self.model.linked) else { return };
        let agreed = |list: &Value, name: &str| -> BTreeSet<String> {
            let rows = list.as_array().unwrap().iter().filter(|row| row["agreed"] == true);
            rows.map(|row| row[name].as_str().unwrap().to_owned()).collect()
        };
        let scopes = self.server.api("GET", "/v2/user/scopes", token).await.json();
        assert_eq!(agreed(&scopes["scopes"], "id"), self.model.items.iter().map(|i| ITEMS[*i].to_owned()).collect());
        let terms = self.server.api("GET", "/v2/user/service_terms", token).await.json();
        let expected = (0..3).filter(|index| self.model.agreed_term(*index)).map(|i| TERMS[i].to_owned()).collect();
        assert_eq!(agreed(&terms["service_terms"], "tag"), expected);
    }
}

async fn run(url: &Url, steps: &[Step]) {
    let server = TestServer::start(url, Policy::DEV).await;
    let model = Model { required: [true, false, false, false], ..Model::default() };
    server.apply(&model.world()).await;
    let mut browser = Browser::default();
    let target = authorize(MODEL, "");
    server.log_in(&mut browser, &target, "ryan@example.com", "ryan-password").await;
    let mut run = Run { server, browser, model, token: None };
    for step in steps {
        run.step(step).await;
    }
}

fn check(url: impl AsyncFn() -> Option<Url>, cases: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new(ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() });
    let result = runner.run(&steps(), |steps| {
        runtime.block_on(async {
            if let Some(url) = url().await {
                run(&url, &steps).await;
            }
        });
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn consent_and_terms_follow_the_model_on_sqlite() {
    check(async || Some(Url::Memory), 60);
}

#[test]
fn consent_and_terms_follow_the_model_on_postgres() {
    check(postgres, 12);
}
