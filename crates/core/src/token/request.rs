//! `POST /oauth/token`: where its parameters are (in the body, or in the query of a request without one), and what they
//! request.

use kakaw_wire::Problem;
use kakaw_wire::form::Pairs;

use crate::app::platform::Identity;
use crate::authorize::code::Presented;
use crate::policy::Policy;

/// The parameters of a token request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    pub pairs: Pairs,
    /// Whether they are from the query.
    pub in_query: bool,
}

/// The finding for a request whose parameters were read from the query.
pub const CAME_IN_QUERY: &str =
    "the parameters came in the query; expected them in the body, as application/x-www-form-urlencoded";

/// Chooses between body and query. They are never mixed: a body that is not empty is the only source.
#[must_use]
pub fn parameters(body: Pairs, query: Pairs, policy: &Policy) -> Parameters {
    let in_query = policy.token_parameters_in_query && body.is_empty() && !query.is_empty();
    Parameters { pairs: if in_query { query } else { body }, in_query }
}

/// Describes what was sent in place of `grant_type` (KOE310). It repeats no name or value, because they may be secret.
#[must_use]
pub fn instead_of_grant_type(body: &Pairs, query: &Pairs) -> &'static str {
    let in_query = query.iter().any(|(name, _)| name == "grant_type");
    if body.iter().next().is_some_and(|(name, _)| name.trim_start().starts_with('{')) {
        return "the body is JSON although Content-Type says form; expected grant_type=…&client_id=… as text";
    }
    match (in_query, body.is_empty()) {
        (true, true) => {
            "grant_type came in the query, which is not read (policy.token_parameters_in_query is off); send all \
             parameters in the body"
        }
        (true, false) => "grant_type came in the query beside a body with other parameters; send all in the body",
        (false, true) if query.is_empty() => "the request has no parameters; expected a form in the body",
        (false, true) => "the body is empty, and the query has no grant_type; send all parameters in the body",
        (false, false) => "the body has other parameters, and no grant_type",
    }
}

/// A parsed token request. What it presents is checked after its client is authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRequest<'a> {
    pub grant: GrantRequest,
    pub client_id: Option<&'a str>,
    pub client_secret: Option<&'a str>,
    /// The identity of the app that the SDK reports.
    pub identity: Identity,
}

/// What the client presents for tokens (RFC 6749 §4.1.3 and §6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantRequest {
    AuthorizationCode(Presented),
    /// The token is empty when none was sent.
    RefreshToken {
        refresh_token: String,
    },
}

impl<'a> TokenRequest<'a> {
    /// Parses a request.
    ///
    /// # Errors
    /// A repeated parameter; then KOE310 for a missing or unknown `grant_type`.
    pub fn parse(pairs: &'a Pairs) -> Result<Self, Problem> {
        let one = |name| {
            pairs.one(name).map_err(|repeated| Problem::BadTokenRequest {
                reason: format!("{} was sent more than once", repeated.0),
            })
        };
        let own = |name| Ok::<_, Problem>(one(name)?.filter(|text| !text.is_empty()).map(str::to_owned));
        let grant_type = one("grant_type")?.unwrap_or_default();
        let (client_id, client_secret) = (one("client_id")?, one("client_secret")?);
        let presented = Presented {
            code: one("code")?.unwrap_or_default().to_owned(),
            redirect_uri: own("redirect_uri")?,
            code_verifier: own("code_verifier")?,
        };
        let refresh_token = one("refresh_token")?.unwrap_or_default().to_owned();
        let identity = Identity {
            android_key_hash: own("android_key_hash")?,
            ios_bundle_id: own("ios_bundle_id")?,
            web_origin: own("client_origin")?,
        };
        let grant = match grant_type {
            "authorization_code" => GrantRequest::AuthorizationCode(presented),
            "refresh_token" => GrantRequest::RefreshToken { refresh_token },
            "" => return Err(Problem::MissingGrantType {}),
            other => return Err(Problem::UnsupportedGrantType { grant_type: other.chars().take(100).collect() }),
        };
        Ok(Self { grant, client_id, client_secret, identity })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Pairs {
        Pairs::parse(text).expect("decodes")
    }

    #[test]
    fn the_query_counts_only_without_a_body_and_where_the_policy_allows_it() {
        let read = |body: &str, query: &str, policy: &Policy| parameters(pairs(body), pairs(query), policy);
        let of = |text: &str, in_query: bool| Parameters { pairs: pairs(text), in_query };
        assert_eq!(read("", "a=1", &Policy::DEV), of("a=1", true));
        assert_eq!(read("b=2", "a=1", &Policy::DEV), of("b=2", false));
        assert_eq!(read("", "", &Policy::DEV), of("", false));
        assert_eq!(read("", "a=1", &Policy::SERVE), of("", false));
    }

    #[test]
    fn what_came_instead_is_named_and_never_repeated() {
        let finding = |body: &str, query: &str| instead_of_grant_type(&pairs(body), &pairs(query));
        assert!(finding("", "grant_type=x&client_secret=hush").contains("token_parameters_in_query"));
        assert!(finding("code=x", "grant_type=x").contains("beside a body"));
        assert!(finding("%7B%22client_secret%22%3A%22hush%22%7D", "").contains("the body is JSON"));
        assert!(finding("", "").contains("no parameters"));
        assert!(finding("", "client_id=x").contains("the query has no grant_type"));
        assert!(finding("client_secret=hush", "").contains("no grant_type"));
    }

    #[test]
    fn a_request_is_read_as_its_grant_type_says() {
        let code = |code: &str, redirect_uri: Option<&str>, verifier: Option<&str>| {
            let (redirect_uri, code_verifier) = (redirect_uri.map(str::to_owned), verifier.map(str::to_owned));
            Ok(GrantRequest::AuthorizationCode(Presented { code: code.to_owned(), redirect_uri, code_verifier }))
        };
        let refresh = |token: &str| Ok(GrantRequest::RefreshToken { refresh_token: token.to_owned() });
        let repeated = |name: &str| Problem::BadTokenRequest { reason: format!("{name} was sent more than once") };
        let unsupported = |grant_type: &str| Problem::UnsupportedGrantType { grant_type: grant_type.to_owned() };
        for (text, expected) in [
            (
                "grant_type=authorization_code&code=c&redirect_uri=r&code_verifier=v&refresh_token=x",
                code("c", Some("r"), Some("v")),
            ),
            ("grant_type=authorization_code&redirect_uri=&code_verifier=", code("", None, None)),
            ("grant_type=refresh_token&refresh_token=t&code=x", refresh("t")),
            ("grant_type=refresh_token", refresh("")),
            ("", Err(Problem::MissingGrantType {})),
            ("grant_type=&client_id=a", Err(Problem::MissingGrantType {})),
            ("grant_type=password", Err(unsupported("password"))),
            ("grant_type=Refresh_token", Err(unsupported("Refresh_token"))),
            // Any repeated parameter is reported first. Parameters that nobody reads may be repeated.
            ("grant_type=x&code=a&code=b", Err(repeated("code"))),
            ("client_origin=a&client_origin=b", Err(repeated("client_origin"))),
            ("grant_type=refresh_token&other=a&other=b", refresh("")),
        ] {
            let pairs = pairs(text);
            assert_eq!(TokenRequest::parse(&pairs).map(|request| request.grant), expected, "{text}");
        }
        let long = "x".repeat(200);
        let cut = TokenRequest::parse(&pairs(&format!("grant_type={long}"))).map(|request| request.grant);
        assert_eq!(cut, Err(unsupported(&long[..100])), "what is echoed is cut");
    }

    #[test]
    fn a_request_says_who_sends_it() {
        let pairs = pairs("grant_type=refresh_token&client_id=&client_secret=s&ios_bundle_id=b&android_key_hash=");
        let request = TokenRequest::parse(&pairs).expect("is read");
        assert_eq!((request.client_id, request.client_secret), (Some(""), Some("s")));
        assert_eq!(request.identity, Identity { ios_bundle_id: Some("b".to_owned()), ..Identity::default() });
    }
}
