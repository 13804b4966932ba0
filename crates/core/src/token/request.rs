//! Where the parameters of `POST /oauth/token` are: in the body, or in the query of a request without one.

use kakaw_wire::form::Pairs;

use crate::policy::Policy;

/// The parameters of a token request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    pub pairs: Pairs,
    /// Whether they came in the query.
    pub in_query: bool,
}

/// Said of a request whose parameters were read from the query.
pub const CAME_IN_QUERY: &str =
    "the parameters came in the query; expected them in the body, as application/x-www-form-urlencoded";

/// Chooses between body and query. The two are never mixed: a body with anything in it is the only source.
#[must_use]
pub fn parameters(body: Pairs, query: Pairs, policy: &Policy) -> Parameters {
    let in_query = policy.token_parameters_in_query && body.is_empty() && !query.is_empty();
    Parameters { pairs: if in_query { query } else { body }, in_query }
}

/// Says what came in place of `grant_type` (KOE310). No name or value is repeated: it may be a secret.
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
        let told = |body: &str, query: &str| instead_of_grant_type(&pairs(body), &pairs(query));
        assert!(told("", "grant_type=x&client_secret=hush").contains("token_parameters_in_query"));
        assert!(told("code=x", "grant_type=x").contains("beside a body"));
        assert!(told("%7B%22client_secret%22%3A%22hush%22%7D", "").contains("the body is JSON"));
        assert!(told("", "").contains("no parameters"));
        assert!(told("", "client_id=x").contains("the query has no grant_type"));
        assert!(told("client_secret=hush", "").contains("no grant_type"));
    }
}
