//! An authorization request compared with its app.

use std::collections::BTreeSet;

use kakaw_wire::Problem;
use kakaw_wire::authorize::Params;
use kakaw_wire::problem::Code;
use kakaw_wire::scope::{self, Item, OPENID};

use crate::app::client_id::{unknown_key, wrong_kind};
use crate::app::platform::{self, Identity};
use crate::app::{App, AppKey, KeyKind, is_built_in};
use crate::authorize::{Parameters, Prompt, code_polling};
use crate::diagnosis::{self, Refusal};
use crate::link::consent::Wanted;
use crate::policy::Policy;

/// One check, and the codes that it refuses with.
type Check = (&'static [Code], fn(&Candidate<'_>) -> Result<(), Refusal>);

/// The checks once the key is known (else KOE101), in the order of the contract.
const CHECKS: [Check; 8] = [
    (&[Code::KOE008], key_is_not_an_admin_key),
    (&[Code::KOE004], kakao_login_is_on),
    (&[Code::KOE006], redirect_uri_is_registered),
    (&[Code::KOE009], platform_is_registered),
    (&[Code::KOE201, Code::KOE202], response_type_is_code),
    (&[Code::KOE205], scope_names_items_of_the_app),
    (&[Code::KOE102], channels_are_connected),
    (&[Code::KOE204], agreement_code_is_absent),
];

/// A request that is being checked.
struct Candidate<'a> {
    parameters: &'a Parameters,
    app: &'a App,
    key: &'a AppKey,
    policy: &'a Policy,
}

/// An authorization request that may be answered by a redirect: [`Self::check`] is its only maker, and has compared the
/// redirect URI.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    app: &'a App,
    key: &'a AppKey,
    parameters: &'a Parameters,
    wanted: Wanted,
    openid: bool,
    polls: bool,
}

impl<'a> Request<'a> {
    /// Makes the checks that need the app. `found` is what the store has under `client_id`, of whatever kind.
    ///
    /// # Errors
    /// A refusal for an error page of ours; never for a redirect.
    pub fn check(
        parameters: &'a Parameters,
        found: Option<(&'a App, &'a AppKey)>,
        policy: &Policy,
    ) -> Result<Self, Refusal> {
        let (app, key) = found.ok_or_else(|| unknown_key(parameters.client_id()))?;
        let candidate = Candidate { parameters, app, key, policy };
        CHECKS.iter().try_for_each(|(_, check)| check(&candidate))?;
        let mut words = parameters.scope().peekable();
        Ok(Self {
            app,
            key,
            parameters,
            // Every log-in of an app with OpenID Connect has an ID token, but a request with `scope` must name `openid`.
            openid: app.settings.oidc && (words.peek().is_none() || words.any(|word| word == OPENID)),
            wanted: Wanted {
                scope: items(app, parameters),
                service_terms: service_terms(parameters.others()),
                channels: channels(parameters.others()),
            },
            polls: code_polling::allows(key, policy),
        })
    }

    /// The app that asks.
    #[must_use]
    pub const fn app(&self) -> &'a App {
        self.app
    }

    /// The key that it asks with.
    #[must_use]
    pub const fn key(&self) -> &'a AppKey {
        self.key
    }

    /// Where the person is sent back to: registered for the key.
    #[must_use]
    pub fn redirect_uri(&self) -> &'a str {
        self.parameters.redirect_uri()
    }

    /// `state`, which is returned untouched.
    #[must_use]
    pub fn state(&self) -> Option<&'a str> {
        self.parameters.others().state.as_deref()
    }

    /// `nonce`, which the ID token repeats.
    #[must_use]
    pub fn nonce(&self) -> Option<&'a str> {
        self.parameters.others().nonce.as_deref()
    }

    /// The PKCE challenge: 43 characters of base64url.
    #[must_use]
    pub fn code_challenge(&self) -> Option<&'a str> {
        self.parameters.others().code_challenge.as_deref()
    }

    /// What is shown, and to whom.
    #[must_use]
    pub const fn prompt(&self) -> Prompt {
        self.parameters.prompt()
    }

    /// Every parameter.
    #[must_use]
    pub const fn parameters(&self) -> &'a Parameters {
        self.parameters
    }

    /// Consent items, service terms and channels that the request names.
    #[must_use]
    pub const fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Whether an ID token will be issued.
    #[must_use]
    pub const fn openid(&self) -> bool {
        self.openid
    }

    /// Whether a page may poll for the outcome.
    #[must_use]
    pub const fn polls(&self) -> bool {
        self.polls
    }
}

fn key_is_not_an_admin_key(candidate: &Candidate<'_>) -> Result<(), Refusal> {
    match candidate.key.kind {
        KeyKind::Admin => {
            Err(wrong_kind(KeyKind::Admin, "an admin key belongs on servers only, in the Authorization header of kapi"))
        }
        _ => Ok(()),
    }
}

fn kakao_login_is_on(candidate: &Candidate<'_>) -> Result<(), Refusal> {
    let settings = &candidate.app.settings;
    if settings.kakao_login { Ok(()) } else { Err(Problem::LoginDisabled { app: settings.name.clone() }.into()) }
}

fn redirect_uri_is_registered(candidate: &Candidate<'_>) -> Result<(), Refusal> {
    let Candidate { parameters, app, key, policy } = candidate;
    let uri = parameters.redirect_uri();
    let refusal = || Refusal::new(Problem::RedirectUriNotRegistered { redirect_uri: uri.to_owned() });
    let any_port = policy.rehearsal.any_local_port && key.accepts_on_another_port(uri);
    if !key.accepts_redirect_uri(uri) && !any_port {
        let found = diagnosis::difference(uri, &key.settings.redirect_uris);
        let refusal = found.into_iter().fold(refusal(), Refusal::because);
        return Err(refusal.because(format!(
            "the request came with a {} key of {}",
            key.kind.label(),
            app.settings.name
        )));
    }
    if is_built_in(uri) && !code_polling::allows(key, policy) {
        return Err(refusal().because(
            "pages may not poll for codes of this key: set code_polling = true for it, or register a redirect URI",
        ));
    }
    Ok(())
}

fn platform_is_registered(candidate: &Candidate<'_>) -> Result<(), Refusal> {
    let ka = candidate.parameters.others().ka.as_deref().unwrap_or_default();
    platform::check_at_kauth(candidate.key, &Identity::of(ka))
}

fn response_type_is_code(candidate: &Candidate<'_>) -> Result<(), Refusal> {
    match candidate.parameters.response_type() {
        "code" => Ok(()),
        "token" => Err(Problem::ImplicitGrant {}.into()),
        other => Err(Problem::UnsupportedResponseType { response_type: other.to_owned() }.into()),
    }
}

fn scope_names_items_of_the_app(candidate: &Candidate<'_>) -> Result<(), Refusal> {
    let settings = &candidate.app.settings;
    let is_good = |word: &&str| {
        (*word == OPENID && settings.oidc) || Item::from_id(word).is_some_and(|item| settings.item(item).is_some())
    };
    let words: BTreeSet<&str> = candidate.parameters.scope().collect();
    let refused: Vec<&str> = words.iter().copied().filter(|word| !is_good(word)).collect();
    if refused.is_empty() {
        return Ok(());
    }
    // What is far too long to be a scope is not explained word by word.
    let found = refused.iter().take(20).map(|word| why_not(word));
    Err(found.fold(Refusal::new(Problem::InvalidScope { scope: refused.join(",") }), Refusal::because))
}

/// Why this app cannot ask for a word of `scope`.
fn why_not(word: &str) -> String {
    match Item::from_id(word) {
        _ if word == OPENID => "openid needs OpenID Connect, which is off for this app (oidc = true)".to_owned(),
        Some(_) => format!("{word} is a consent item that this app has not set (consent_items.{word})"),
        None => match diagnosis::meant(word, Item::ALL.iter().map(|item| item.id())) {
            Some(meant) => format!("there is no consent item {word}; the nearest is {meant}"),
            None => format!("there is no consent item {word}"),
        },
    }
}

fn channels_are_connected(candidate: &Candidate<'_>) -> Result<(), Refusal> {
    let connected: Vec<&str> = candidate.app.settings.channels.iter().map(|channel| channel.id.as_str()).collect();
    let named = channels(candidate.parameters.others()).unwrap_or_default();
    let Some(unknown) = named.iter().find(|id| !connected.contains(&id.as_str())) else { return Ok(()) };
    let refusal = Refusal::new(Problem::ChannelNotConnected {});
    Err(if connected.is_empty() {
        refusal.because("no Talk Channel is connected to this app")
    } else {
        refusal.because(format!("{unknown} is not connected to this app; connected: {}", connected.join(", ")))
    })
}

/// It is internal to Kakao's own pages, and nothing here issues one.
fn agreement_code_is_absent(candidate: &Candidate<'_>) -> Result<(), Refusal> {
    match candidate.parameters.others().agreement_code.clone() {
        Some(agreement_code) => Err(Problem::InvalidAgreementCode { agreement_code }.into()),
        None => Ok(()),
    }
}

/// The consent items that `scope` names, in their order there.
fn items(app: &App, parameters: &Parameters) -> Vec<Item> {
    let words: BTreeSet<&str> = parameters.scope().collect();
    words.into_iter().filter_map(Item::from_id).filter(|item| app.settings.item(*item).is_some()).collect()
}

/// The tags that the request names; sent and empty, none are to be shown.
fn service_terms(params: &Params) -> Option<Vec<String>> {
    let sent = params.service_terms.as_deref().or(params.extra_service_terms.as_deref())?;
    Some(scope::split(sent).map(str::to_owned).collect())
}

/// The channels that the request names.
fn channels(params: &Params) -> Option<Vec<String>> {
    Some(scope::split(params.channel_public_id.as_deref()?).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use kakaw_wire::form::Pairs;
    use proptest::prelude::*;

    use super::*;
    use crate::app::{AppSettings, Channel, Consent, ConsentItem, KeySettings};
    use crate::{AppId, Millis};

    const GOOD: &str = "client_id=k&redirect_uri=https%3A%2F%2Fa.example%2F&response_type=code";

    fn app() -> App {
        let item = ConsentItem {
            consent: Consent::Optional,
            collect_if_missing: false,
            collect_since: Millis(0),
            purpose: String::new(),
            permission: true,
        };
        let denied = ConsentItem { permission: false, ..item.clone() };
        let consent_items = [(Item::ProfileNickname, item), (Item::AccountEmail, denied)].into();
        let channels = vec![Channel { id: "_a".to_owned(), name: "A".to_owned() }];
        App { id: AppId(1), version: 1, settings: AppSettings { consent_items, channels, ..AppSettings::new("App") } }
    }

    fn key(kind: KeyKind) -> AppKey {
        let settings = KeySettings { redirect_uris: vec!["https://a.example/".to_owned()], ..KeySettings::default() };
        AppKey { key: "k".to_owned(), app_id: AppId(1), kind, epoch: 0, deleted: false, settings, secret_hash: None }
    }

    fn code(query: &str, app: &App, key: &AppKey, policy: &Policy) -> Option<Code> {
        let parameters = Parameters::parse(&Pairs::parse(query).expect("decodes")).expect("good form");
        Request::check(&parameters, Some((app, key)), policy).err().map(|refusal| refusal.problem.code())
    }

    /// Everything is wrong at once, then one thing after the other is put right: the codes come in the contract's order.
    #[test]
    fn the_first_wrong_thing_is_answered() {
        let mut settings = AppSettings { kakao_login: false, ..app().settings };
        let mut key = key(KeyKind::Admin);
        key.settings.android =
            vec![crate::app::AndroidApp { package: "a".to_owned(), key_hashes: vec!["h".to_owned()] }];
        let mut query = "client_id=k&redirect_uri=https%3A%2F%2Fevil.example%2F&response_type=x&scope=x\
                         &channel_public_id=x&agreement_code=x&ka=os%2Fandroid-1%20android_pkg%2Fx%20origin%2Fx%3D"
            .to_owned();
        let parameters = Parameters::parse(&Pairs::parse(&query).expect("decodes")).expect("good form");
        let unknown = Request::check(&parameters, None, &Policy::SERVE).expect_err("no key");
        assert_eq!(unknown.problem.code(), Code::KOE101);
        let mut answered = Vec::new();
        for _ in 0..CHECKS.len() {
            let app = App { settings: settings.clone(), ..app() };
            let Some(code) = code(&query, &app, &key, &Policy::SERVE) else { break };
            answered.push(code);
            match code {
                Code::KOE008 => key.kind = KeyKind::Native,
                Code::KOE004 => settings.kakao_login = true,
                Code::KOE006 => query = query.replace("evil", "a"),
                Code::KOE009 => query = query.replace("&ka=", "&kb="),
                Code::KOE201 => query = query.replace("response_type=x", "response_type=code"),
                Code::KOE205 => query = query.replace("scope=x", "scope=profile_nickname"),
                Code::KOE102 => query = query.replace("channel_public_id=x", "channel_public_id=_a"),
                _ => query = query.replace("agreement_code", "agreement"),
            }
        }
        let contract: Vec<Code> = CHECKS.iter().map(|(codes, _)| codes[0]).collect();
        assert_eq!(answered, contract);
        assert_eq!(code(&query, &App { settings, ..app() }, &key, &Policy::SERVE), None, "all is put right");
    }

    #[test]
    fn each_check_by_itself() {
        let (rest, script) = (key(KeyKind::RestApi), key(KeyKind::Javascript));
        let sync = AppKey { settings: KeySettings { code_polling: true, ..KeySettings::default() }, ..script.clone() };
        let to = |uri: &str| format!("client_id=k&response_type=code&redirect_uri={uri}");
        for (query, key, policy, expected) in [
            (GOOD.to_owned(), &rest, &Policy::SERVE, None),
            (to("https%3A%2F%2Fa.example"), &rest, &Policy::DEV, Some(Code::KOE006)),
            (to("HTTPS%3A%2F%2Fa.example%2F"), &rest, &Policy::DEV, Some(Code::KOE006)),
            (to("JS-SDK"), &rest, &Policy::DEV, Some(Code::KOE006)),
            (to("JS-SDK"), &script, &Policy::DEV, None),
            (to("JS-SDK"), &script, &Policy::SERVE, Some(Code::KOE006)),
            (to("JS-SDK"), &sync, &Policy::SERVE, None),
            (GOOD.replace("=code", "=token"), &rest, &Policy::DEV, Some(Code::KOE202)),
            (GOOD.replace("=code", "=code%20id_token"), &rest, &Policy::DEV, Some(Code::KOE201)),
            (format!("{GOOD}&scope=profile_nickname"), &rest, &Policy::DEV, None),
            (format!("{GOOD}&scope=profile_nickname,openid"), &rest, &Policy::DEV, Some(Code::KOE205)),
            (format!("{GOOD}&scope=account_email"), &rest, &Policy::DEV, Some(Code::KOE205)),
            (format!("{GOOD}&channel_public_id=_a"), &rest, &Policy::DEV, None),
            (format!("{GOOD}&channel_public_id=_a,_b"), &rest, &Policy::DEV, Some(Code::KOE102)),
        ] {
            assert_eq!(code(&query, &app(), key, policy), expected, "{query}");
        }
    }

    #[test]
    fn openid_follows_the_app_and_scope() {
        let key = key(KeyKind::RestApi);
        let app = |oidc| App { settings: AppSettings { oidc, ..app().settings }, ..app() };
        let openid = |query: &str, app: &App| {
            let parameters = Parameters::parse(&Pairs::parse(query).expect("decodes")).expect("good form");
            Request::check(&parameters, Some((app, &key)), &Policy::DEV).expect("good").openid()
        };
        assert!(!openid(GOOD, &app(false)));
        assert!(openid(GOOD, &app(true)), "no scope: every log-in has an ID token");
        assert!(openid(&format!("{GOOD}&scope=profile_nickname,openid"), &app(true)));
        assert!(!openid(&format!("{GOOD}&scope=profile_nickname"), &app(true)));
    }

    #[test]
    fn empty_service_terms_are_not_absent_ones() {
        let key = key(KeyKind::RestApi);
        let wanted = |query: &str| {
            let parameters = Parameters::parse(&Pairs::parse(query).expect("decodes")).expect("good form");
            Request::check(&parameters, Some((&app(), &key)), &Policy::DEV).expect("good").wanted().clone()
        };
        assert_eq!(wanted(GOOD).service_terms, None);
        assert_eq!(wanted(&format!("{GOOD}&service_terms=")).service_terms, Some(Vec::new()));
        let tags = Some(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(wanted(&format!("{GOOD}&extra.service_terms=a,b")).service_terms, tags);
        assert_eq!(wanted(&format!("{GOOD}&channel_public_id=_a")).channels, Some(vec!["_a".to_owned()]));
    }

    proptest! {
        /// Whoever holds a request may redirect: its redirect URI is the registered one, to the letter.
        #[test]
        fn a_request_has_the_registered_redirect_uri(uri in "(https://a\\.example/?|[ -~]{1,30})", scope in "[a-z_, ]{0,30}") {
            let mut encoded = String::new();
            for byte in uri.bytes() {
                encoded.push_str(&format!("%{byte:02X}"));
            }
            let query = format!("client_id=k&response_type=code&redirect_uri={encoded}&scope={}", scope.replace(' ', "%20"));
            let parameters = Parameters::parse(&Pairs::parse(&query).expect("decodes"));
            let (app, key) = (app(), key(KeyKind::RestApi));
            if let Ok(parameters) = parameters
                && let Ok(request) = Request::check(&parameters, Some((&app, &key)), &Policy::DEV)
            {
                prop_assert_eq!(request.redirect_uri(), "https://a.example/");
                prop_assert!(request.wanted().scope.iter().all(|item| *item == Item::ProfileNickname));
            }
        }
    }
}
