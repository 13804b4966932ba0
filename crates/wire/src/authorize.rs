//! Parameters of `GET /oauth/authorize`.

use crate::form::{Pairs, Repeated};

macro_rules! params {
    ($($(#[$doc:meta])* $field:ident,)*) => {
        /// What the request says, undecided. Unknown parameters are ignored; an empty value is an absent one.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct Params { $($(#[$doc])* pub $field: Option<String>,)* }

        impl Params {
            /// The parameters that are read, by name.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($field),)*];

            /// Reads the declared parameters.
            ///
            /// # Errors
            /// The first declared parameter that was sent more than once.
            pub fn read(pairs: &Pairs) -> Result<Self, Repeated> {
                let one = |name| Ok::<_, Repeated>(pairs.one(name)?.filter(|v| !v.is_empty()).map(str::to_owned));
                Ok(Self { $($field: one(stringify!($field))?,)* })
            }
        }
    };
}

params! {
    /// App key.
    client_id,
    /// Where to send the person back; compared letter for letter.
    redirect_uri,
    /// `code`.
    response_type,
    /// Consent items to ask for besides the first-login ones.
    scope,
    /// `login`, `none`, `create`, `select_account`.
    prompt,
    /// Prefills the log-in form.
    login_hint,
    /// Echoed untouched.
    state,
    /// Copied into the ID token.
    nonce,
    /// `ko`, `en`, `ja` or `zh`.
    lang,
    /// Talk Channels to show.
    channel_public_id,
    /// PKCE challenge (RFC 7636).
    code_challenge,
    /// `S256`.
    code_challenge_method,
    /// Predecessor of `prompt`: `reauthenticate`.
    auth_type,
    /// Telemetry of the JavaScript popup of version 1, retired.
    proxy,
}
