//! The checks of an authorization request against its app.

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

/// A check, and the codes that it can refuse with.
type Check = (&'static [Code], fn(&Candidate<'_>) -> Result<(), Refusal>);

/// The checks after the key is known (else KOE101), in the order of the contract.
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

/// An authorization request that may be answered by a redirect. Only [`Self::check`] makes one, and it has compared the
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
    /// Runs the checks that need the app. `found` is what the store has under `client_id`, of whatever kind.
    ///
    /// # Errors
    /// A refusal that must be shown on an error page of ours, never by a redirect.
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
            // Without `scope`, every log-in of an app with OpenID Connect has an ID token. With `scope`, it must
            // contain `openid`.
            openid: app.settings.oidc && (words.peek().is_none() || words.any(|word| word == OPENID)),
            wanted: Wanted {
                scope: items(app, parameters),
                service_terms: service_terms(parameters.others()),
                channels: channels(parameters.others()),
            },
            polls: code_polling::allows(key, policy),
        })
    }

    /// Returns the app that sent the request.
    #[must_use]
    pub const fn app(&self) -> &'a App {
        self.app
    }

    /// Returns the key that the request names.
    #[must_use]
    pub const fn key(&self) -> &'a AppKey {
        self.key
    }

    /// Returns the redirect URI, which is registered for the key.
    #[must_use]
    pub fn redirect_uri(&self) -> &'a str {
        self.parameters.redirect_uri()
    }

    /// Returns `state`, which the response repeats unchanged.
    #[must_use]
    pub fn state(&self) -> Option<&'a str> {
        self.parameters.others().state.as_deref()
    }

    /// Returns `nonce`, which the ID token repeats.
    #[must_use]
    pub fn nonce(&self) -> Option<&'a str> {
        self.parameters.others().nonce.as_deref()
    }

    /// Returns the PKCE challenge: 43 characters of base64url.
    #[must_use]
    pub fn code_challenge(&self) -> Option<&'a str> {
        self.parameters.others().code_challenge.as_deref()
    }

    /// Returns which pages are shown, and to which person.
    #[must_use]
    pub const fn prompt(&self) -> Prompt {
        self.parameters.prompt()
    }

    /// Returns all parameters.
    #[must_use]
    pub const fn parameters(&self) -> &'a Parameters {
        self.parameters
    }

    /// Returns the consent items, service terms and channels that the request names.
    #[must_use]
    pub const fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Whether an ID token will be issued.
    #[must_use]
    pub const fn openid(&self) -> bool {
        self.openid
    }

    /// Whether a page may poll for the result.
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
    let any_port = policy.overrides.any_local_port && key.accepts_on_another_port(uri);
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
    // Explain at most 20 words: a longer list cannot be a real scope.
    let found = refused.iter().take(20).map(|word| why_not(word));
    Err(found.fold(Refusal::new(Problem::InvalidScope { scope: refused.join(",") }), Refusal::because))
}

fn item_ids() -> impl Iterator<Item = &'static str> {
    Item::ALL.iter().map(|item| item.id())
}

/// Explains why this app cannot request a word of `scope`.
fn why_not(word: &str) -> String {
    match Item::from_id(word) {
        _ if word == OPENID => "openid needs OpenID Connect, which is off for this app (oidc = true)".to_owned(),
        Some(_) => format!("{word} is a consent item that this app has not set (consent_items.{word})"),
        None => match diagnosis::meant(word, item_ids())
            .or_else(|| item_ids().find(|id| id.split('_').any(|part| part == word)))
        {
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

/// Refuses `agreement_code`: it is internal to Kakao's own pages, and this service issues none.
fn agreement_code_is_absent(candidate: &Candidate<'_>) -> Result<(), Refusal> {
    match candidate.parameters.others().agreement_code.clone() {
        Some(agreement_code) => Err(Problem::InvalidAgreementCode { agreement_code }.into()),
        None => Ok(()),
    }
}

/// Returns the consent items that `scope` names, in that order.
fn items(app: &App, parameters: &Parameters) -> Vec<Item> {
    let words: BTreeSet<&str> = parameters.scope().collect();
    words.into_iter().filter_map(Item::from_id).filter(|item| app.settings.item(*item).is_some()).collect()
}

/// Returns the tags that the request names. An empty list asks to show none.
fn service_terms(params: &Params) -> Option<Vec<String>> {
    let sent = params.service_terms.as_deref().or(params.extra_service_terms.as_deref())?;
    Some(scope::split(sent).map(str::to_owned).collect())
}

/// Returns the channels that the request names.
fn channels(params: &Params) -> Option<Vec<String>> {
    Some(scope::split(params.channel_public_id.as_deref()?).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests;
