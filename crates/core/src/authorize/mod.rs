//! `GET /oauth/authorize`, decided: what a request must be, and what comes next for this person.
//!
//! The order of the checks is the contract (`KOE023` → `KOE207` → `KOE001` → `KOE101` → `KOE008` → `KOE004` → `KOE006`
//! → `KOE201`/`KOE202` → `KOE205` → `KOE102`, and `KOE005` after log-in): before the redirect URI is known to be
//! the app's, nothing is ever redirected.

pub mod authorization;
pub mod code;
pub mod code_polling;
pub mod pkce;

use kakaw_wire::Problem;
use kakaw_wire::authorize::Params;
use kakaw_wire::form::Pairs;
use kakaw_wire::scope::{self, Item, OPENID};

use crate::Millis;
use crate::account::Account;
use crate::app::client_id::{unknown_key, wrong_kind};
use crate::app::platform::{self, Identity};
use crate::app::{App, AppKey, KeyKind, is_built_in};
use crate::diagnosis::{self, Refusal};
use crate::link::Link;
use crate::link::consent::{self, Ask, Wanted};
use crate::policy::Policy;

/// Reads the parameters and makes the checks that need no app.
///
/// # Errors
/// `KOE023`, `KOE207`, `KOE001`, in this order.
pub fn parse(pairs: &Pairs) -> Result<Params, Refusal> {
    let sent = |name: &str| pairs.iter().any(|(n, value)| n == name && !value.is_empty());
    if pairs
        .iter()
        .any(|(name, value)| name == "proxy" && !value.is_empty() || (name, value) == ("redirect_uri", "kakaojs"))
    {
        return Err(Problem::PopupLoginRetired {}.into());
    }
    for parameter in ["client_id", "redirect_uri", "response_type"] {
        if !sent(parameter) {
            return Err(Problem::MissingParameter { parameter: parameter.to_owned() }.into());
        }
    }
    let malformed = |parameter: &str, reason: &str| {
        Refusal::new(Problem::MalformedRequest { parameter: parameter.to_owned(), reason: reason.to_owned() })
    };
    let params = Params::read(pairs).map_err(|repeated| malformed(&repeated.0, "it was sent more than once"))?;
    match (params.code_challenge.as_deref(), params.code_challenge_method.as_deref()) {
        (None, None) => {}
        (Some(challenge), Some("S256")) if pkce::is_challenge(challenge) => {}
        (Some(_), Some("S256")) => {
            return Err(malformed("code_challenge", "expected 43 characters of base64url, a SHA-256 value"));
        }
        (Some(_), _) => return Err(malformed("code_challenge_method", "expected S256")),
        (None, Some(_)) => {
            return Err(malformed("code_challenge", "it is missing although code_challenge_method was sent"));
        }
    }
    let prompts = prompts(&params);
    if prompts.contains(&"none") && prompts.iter().any(|p| ["login", "create", "select_account"].contains(p)) {
        return Err(malformed("prompt", "none goes with no other value"));
    }
    if params.agt.is_some() && params.scope.is_none() {
        return Err(malformed("scope", "agt asks for additional consent: scope must name the items"));
    }
    Ok(params)
}

/// An authorization request that may be answered by a redirect, because [`check`] has compared its redirect URI.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    pub app: &'a App,
    pub key: &'a AppKey,
    pub redirect_uri: String,
    pub state: Option<String>,
    pub nonce: Option<String>,
    pub code_challenge: Option<String>,
    /// Consent items, service terms and channels that the request names.
    pub wanted: Wanted,
    /// Whether an ID token will be issued.
    pub openid: bool,
    /// Show nothing, answer by redirect (`prompt=none`).
    pub silent: bool,
    /// Log in again, whoever is logged in (`prompt=login`, `prompt=cert`).
    pub reauthenticate: bool,
    /// Choose who logs in (`prompt=select_account`).
    pub choose_account: bool,
    /// Make an account first (`prompt=create`).
    pub create_account: bool,
    /// Whether a page may poll for the outcome.
    pub polls: bool,
}

/// Makes the checks that need the app. `found` is what the store has under `client_id`, of whatever kind.
///
/// # Errors
/// A refusal for an error page of ours; never for a redirect.
pub fn check<'a>(
    params: &Params,
    found: Option<(&'a App, &'a AppKey)>,
    policy: &Policy,
) -> Result<Request<'a>, Refusal> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let (app, key) = found.ok_or_else(|| unknown_key(&text(&params.client_id)))?;
    if key.kind == KeyKind::Admin {
        return Err(wrong_kind(key.kind, "an admin key belongs on servers only, in the Authorization header of kapi"));
    }
    if !app.settings.kakao_login {
        return Err(Problem::LoginDisabled { app: app.settings.name.clone() }.into());
    }
    let redirect_uri = text(&params.redirect_uri);
    let any_port = policy.rehearsal.any_local_port && key.accepts_on_another_port(&redirect_uri);
    if !key.accepts_redirect_uri(&redirect_uri) && !any_port {
        let mut refusal = Refusal::new(Problem::RedirectUriNotRegistered { redirect_uri: redirect_uri.clone() });
        for finding in diagnosis::difference(&redirect_uri, &key.settings.redirect_uris) {
            refusal = refusal.because(finding);
        }
        return Err(refusal.because(format!(
            "the request came with a {} key of {}",
            key.kind.label(),
            app.settings.name
        )));
    }
    if is_built_in(&redirect_uri) && !code_polling::allows(key, policy) {
        return Err(Refusal::new(Problem::RedirectUriNotRegistered { redirect_uri }).because(
            "pages may not poll for codes of this key: set code_polling = true for it, or register a redirect URI",
        ));
    }
    platform::check_at_kauth(key, &Identity::of(params.ka.as_deref().unwrap_or_default()))?;
    match params.response_type.as_deref() {
        Some("code") => {}
        Some("token") => return Err(Problem::ImplicitGrant {}.into()),
        other => {
            return Err(Problem::UnsupportedResponseType { response_type: other.unwrap_or_default().to_owned() }.into());
        }
    }
    let words: Vec<&str> = scope::split(params.scope.as_deref().unwrap_or_default()).collect();
    let scope = items(app, &words)?;
    let channels = channels(app, params)?;
    if let Some(agreement_code) = params.agreement_code.clone() {
        // It is internal to Kakao's own steps, and nothing here issues one.
        return Err(Problem::InvalidAgreementCode { agreement_code }.into());
    }
    let prompts = prompts(params);
    Ok(Request {
        app,
        key,
        redirect_uri,
        state: params.state.clone(),
        nonce: params.nonce.clone(),
        code_challenge: params.code_challenge.clone(),
        // Every log-in of an app with OpenID Connect has an ID token, but a request with `scope` must name `openid`.
        openid: app.settings.oidc && (words.is_empty() || words.contains(&OPENID)),
        wanted: Wanted { scope, service_terms: service_terms(params), channels },
        silent: prompts.contains(&"none"),
        reauthenticate: prompts.contains(&"login")
            || prompts.contains(&"cert")
            || params.auth_type.as_deref() == Some("reauthenticate"),
        choose_account: prompts.contains(&"select_account"),
        create_account: prompts.contains(&"create"),
        polls: code_polling::allows(key, policy),
    })
}

/// The tags that the request names; sent and empty, none are to be shown.
fn service_terms(params: &Params) -> Option<Vec<String>> {
    let sent = params.service_terms.as_deref().or(params.extra_service_terms.as_deref())?;
    Some(scope::split(sent).map(str::to_owned).collect())
}

/// The channels that the request names, each of which must be connected.
fn channels(app: &App, params: &Params) -> Result<Option<Vec<String>>, Refusal> {
    let Some(sent) = params.channel_public_id.as_deref() else { return Ok(None) };
    let ids: Vec<String> = scope::split(sent).map(str::to_owned).collect();
    let connected: Vec<&str> = app.settings.channels.iter().map(|channel| channel.id.as_str()).collect();
    match ids.iter().find(|id| !connected.contains(&id.as_str())) {
        None => Ok(Some(ids)),
        Some(_) if connected.is_empty() => {
            Err(Refusal::new(Problem::ChannelNotConnected {}).because("no Talk Channel is connected to this app"))
        }
        Some(id) => Err(Refusal::new(Problem::ChannelNotConnected {})
            .because(format!("{id} is not connected to this app; connected: {}", connected.join(", ")))),
    }
}

/// What comes next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Agree to the account's own terms first.
    AgreeToTerms,
    /// Choose an account.
    ChooseAccount,
    /// Make an account.
    CreateAccount,
    /// Show the consent screen.
    Consent(Ask),
    /// Issue a code for these scopes.
    Issue { scopes: Vec<Item> },
    /// Show the log-in page.
    LogIn,
    /// Send the person back with this error.
    Refuse(Problem),
    /// Tell the person that the account is restricted.
    Restricted,
    /// Show an error page.
    Stop(Refusal),
}

/// Who stands before the door.
#[derive(Debug, Clone, Copy)]
pub struct Visitor<'a> {
    pub account: &'a Account,
    /// The link to the request's app, connected or not.
    pub link: Option<&'a Link>,
    /// Whether this person logged in *for this request*: `prompt=login` is satisfied.
    pub fresh: bool,
    /// Whether this account was chosen for this request: `prompt=select_account` is satisfied.
    pub chosen: bool,
}

impl Request<'_> {
    /// Decides what comes next. `visitor` is nobody when no live session came with the request.
    #[must_use]
    pub fn next(&self, visitor: Option<Visitor<'_>>, now: Millis) -> Next {
        let visitor = match visitor {
            Some(visitor) if visitor.fresh => visitor,
            _ if self.create_account => return Next::CreateAccount,
            Some(visitor) if self.choose_account && !visitor.chosen => {
                // A restricted person is told so before anything else.
                if !visitor.account.restricted {
                    return Next::ChooseAccount;
                }
                visitor
            }
            Some(visitor) if !self.reauthenticate => visitor,
            _ if self.silent => return Next::Refuse(Problem::NotLoggedIn {}),
            _ => return Next::LogIn,
        };
        let Visitor { account, link, .. } = visitor;
        let settings = &self.app.settings;
        if account.restricted {
            return if self.silent { Next::Refuse(Problem::Restricted {}) } else { Next::Restricted };
        }
        if !account.agreed_to_terms {
            return if self.silent { Next::Refuse(Problem::TermsNeeded {}) } else { Next::AgreeToTerms };
        }
        let of_team = |login: &Option<String>| login.as_ref().is_some_and(|login| settings.team.contains(login));
        // An address that a person only typed on a consent screen makes nobody a member.
        let by_email = account.attributes.email_verified && of_team(&account.attributes.email);
        if settings.test_app && !by_email && !of_team(&account.attributes.id) {
            let refusal = Refusal::new(Problem::NotTeamMember { app: settings.name.clone() });
            return Next::Stop(refusal.because(format!("the team is: {}", settings.team.join(", "))));
        }
        if settings.denies_age_of(&account.attributes, now) {
            return Next::Refuse(Problem::UnderAge {});
        }
        let linked = link.filter(|link| link.connected);
        let ask = consent::ask(self.app, &account.attributes, linked, &self.wanted);
        match (linked, ask.is_empty()) {
            (Some(link), true) => Next::Issue { scopes: link.agreed(self.app) },
            (Some(_), false) if self.silent && ask.only_collects() => Next::Refuse(Problem::CollectionNeeded {}),
            _ if self.silent => Next::Refuse(Problem::ConsentMissing {}),
            _ => Next::Consent(ask),
        }
    }
}

fn prompts(params: &Params) -> Vec<&str> {
    scope::split(params.prompt.as_deref().unwrap_or_default()).collect()
}

fn items(app: &App, words: &[&str]) -> Result<Vec<Item>, Refusal> {
    let mut items = Vec::new();
    let mut refused = Vec::new();
    let mut findings = Vec::new();
    let words: std::collections::BTreeSet<&str> = words.iter().copied().collect();
    for word in &words {
        match Item::from_id(word).filter(|item| app.settings.item(*item).is_some()) {
            Some(item) if !items.contains(&item) => items.push(item),
            Some(_) => {}
            None if *word == OPENID && app.settings.oidc => {}
            None => {
                refused.push(*word);
                findings.push(match Item::from_id(word) {
                    _ if *word == OPENID => {
                        "openid needs OpenID Connect, which is off for this app (oidc = true)".to_owned()
                    }
                    Some(_) => format!("{word} is a consent item that this app has not set (consent_items.{word})"),
                    None => match diagnosis::meant(word, Item::ALL.iter().map(|item| item.id())) {
                        Some(meant) => format!("there is no consent item {word}; the nearest is {meant}"),
                        None => format!("there is no consent item {word}"),
                    },
                });
            }
        }
    }
    if refused.is_empty() {
        return Ok(items);
    }
    let scope = refused.join(",");
    // What is far too long to be a scope is not told word by word.
    findings.truncate(20);
    Err(findings.into_iter().fold(Refusal::new(Problem::InvalidScope { scope }), Refusal::because))
}
