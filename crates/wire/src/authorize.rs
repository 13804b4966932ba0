//! Parameters of `GET /oauth/authorize`.

use crate::form::{Pairs, Repeated};

macro_rules! params {
    ($($(#[$doc:meta])* $field:ident $name:literal,)*) => {
        /// The parameters as they were sent, before any check. Unknown parameters are ignored. An empty value counts as
        /// absent.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct Params { $($(#[$doc])* pub $field: Option<String>,)* }

        impl Params {
            /// The names of the declared parameters.
            pub const NAMES: &'static [&'static str] = &[$($name,)*];

            /// Reads the declared parameters.
            ///
            /// # Errors
            /// The first declared parameter that was sent more than once.
            pub fn read(pairs: &Pairs) -> Result<Self, Repeated> {
                // An empty value of these two parameters means "show none".
                let counts = |name: &str, v: &str| !v.is_empty() || name.ends_with("service_terms");
                let one = |name| Ok::<_, Repeated>(pairs.one(name)?.filter(|v| counts(name, v)).map(str::to_owned));
                Ok(Self { $($field: one($name)?,)* })
            }
        }
    };
}

params! {
    /// App key.
    client_id "client_id",
    /// Where to send the person back; compared letter for letter.
    redirect_uri "redirect_uri",
    /// `code`.
    response_type "response_type",
    /// Consent items to ask for besides the first-login ones.
    scope "scope",
    /// `login`, `none`, `create`, `select_account`.
    prompt "prompt",
    /// Prefills the log-in form.
    login_hint "login_hint",
    /// Echoed untouched.
    state "state",
    /// Copied into the ID token.
    nonce "nonce",
    /// `ko`, `en`, `ja` or `zh`.
    lang "lang",
    /// Talk Channels to show.
    channel_public_id "channel_public_id",
    /// PKCE challenge (RFC 7636).
    code_challenge "code_challenge",
    /// `S256`.
    code_challenge_method "code_challenge_method",
    /// Predecessor of `prompt`: `reauthenticate`.
    auth_type "auth_type",
    /// Service terms to show, by tag.
    service_terms "service_terms",
    /// The same, as the JavaScript SDK names it.
    extra_service_terms "extra.service_terms",
    /// Names the person by an access token, for additional consent.
    agt "agt",
    /// What the SDKs say of themselves.
    ka "ka",
    /// The transaction under which `/apiweb/code.json` is asked for the code.
    auth_tran_id "auth_tran_id",
    /// The same, as Flutter on the Web names it.
    state_token "state_token",
    /// `true`: the page that opened this popup polls `/apiweb/code.json`.
    is_popup "is_popup",
    /// A log-in by certificate that `/oauth/authorize/prepare` began.
    kauth_tx_id "kauth_tx_id",
    /// Internal to Kakao; refused.
    agreement_code "agreement_code",
    /// Telemetry of the JavaScript popup of version 1, retired.
    proxy "proxy",
}
