//! The parameters of an authorization request, and the checks that need no app.

use kakaw_wire::Problem;
use kakaw_wire::authorize::Params;
use kakaw_wire::form::Pairs;
use kakaw_wire::problem::Code;
use kakaw_wire::scope;

use crate::authorize::pkce;
use crate::diagnosis::Refusal;

/// A check, and the code that it refuses with.
type Check<T> = (Code, fn(&T) -> Result<(), Refusal>);

/// Checks of the raw parameters, in the order of the contract.
const OF_WHAT_WAS_SENT: [Check<Pairs>; 2] =
    [(Code::KOE023, popup_is_not_the_retired_one), (Code::KOE207, required_are_sent)];

/// Checks of the parsed values, in the order of the contract.
const OF_THE_VALUES: [Check<Params>; 3] = [
    (Code::KOE001, code_challenge_is_s256),
    (Code::KOE001, prompt_none_stands_alone),
    (Code::KOE001, agt_comes_with_scope),
];

/// The parameters of an authorization request in valid form. Only [`Self::parse`] makes one.
#[derive(Debug, Clone)]
pub struct Parameters {
    client_id: String,
    redirect_uri: String,
    response_type: String,
    prompt: Prompt,
    others: Params,
}

/// The values of `prompt` (OpenID Connect Core §3.1.2.1, and those of Kakao Login).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Prompt {
    /// Show no page; respond by redirect.
    pub none: bool,
    /// The person must log in again, even with a session: `login`, `cert`, or `auth_type=reauthenticate`.
    pub login: bool,
    /// Show the page that creates an account first.
    pub create: bool,
    /// Show the account chooser.
    pub select_account: bool,
}

impl Parameters {
    /// Parses the parameters and runs the checks that need no app.
    ///
    /// # Errors
    /// `KOE023`, `KOE207`, `KOE001`, in this order.
    pub fn parse(pairs: &Pairs) -> Result<Self, Refusal> {
        OF_WHAT_WAS_SENT.iter().try_for_each(|(_, check)| check(pairs))?;
        let mut params =
            Params::read(pairs).map_err(|repeated| malformed(&repeated.0, "it was sent more than once"))?;
        OF_THE_VALUES.iter().try_for_each(|(_, check)| check(&params))?;
        let mut required = |name: &str, value: fn(&mut Params) -> &mut Option<String>| {
            value(&mut params).take().ok_or_else(|| missing(name))
        };
        Ok(Self {
            client_id: required("client_id", |params| &mut params.client_id)?,
            redirect_uri: required("redirect_uri", |params| &mut params.redirect_uri)?,
            response_type: required("response_type", |params| &mut params.response_type)?,
            prompt: Prompt::of(&params),
            others: params,
        })
    }

    /// Returns `client_id`.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Returns `redirect_uri`, which has not been compared with the registered ones.
    #[must_use]
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Returns `response_type`.
    #[must_use]
    pub fn response_type(&self) -> &str {
        &self.response_type
    }

    /// Returns the meaning of `prompt` and `auth_type`.
    #[must_use]
    pub const fn prompt(&self) -> Prompt {
        self.prompt
    }

    /// Returns the other parameters. Those with a method of their own are absent from it.
    #[must_use]
    pub const fn others(&self) -> &Params {
        &self.others
    }

    /// Returns the words of `scope`.
    pub fn scope(&self) -> impl Iterator<Item = &str> {
        scope::split(self.others.scope.as_deref().unwrap_or_default())
    }
}

impl Prompt {
    fn of(params: &Params) -> Self {
        let words: Vec<&str> = prompts(params).collect();
        let has = |word| words.contains(&word);
        Self {
            none: has("none"),
            login: has("login") || has("cert") || params.auth_type.as_deref() == Some("reauthenticate"),
            create: has("create"),
            select_account: has("select_account"),
        }
    }
}

fn prompts(params: &Params) -> impl Iterator<Item = &str> {
    scope::split(params.prompt.as_deref().unwrap_or_default())
}

fn missing(parameter: &str) -> Refusal {
    Problem::MissingParameter { parameter: parameter.to_owned() }.into()
}

fn malformed(parameter: &str, reason: &str) -> Refusal {
    Problem::MalformedRequest { parameter: parameter.to_owned(), reason: reason.to_owned() }.into()
}

fn popup_is_not_the_retired_one(pairs: &Pairs) -> Result<(), Refusal> {
    let retired = |(name, value): (&str, &str)| {
        name == "proxy" && !value.is_empty() || (name, value) == ("redirect_uri", "kakaojs")
    };
    if pairs.iter().any(retired) { Err(Problem::PopupLoginRetired {}.into()) } else { Ok(()) }
}

fn required_are_sent(pairs: &Pairs) -> Result<(), Refusal> {
    let sent = |name: &str| pairs.iter().any(|(n, value)| n == name && !value.is_empty());
    let absent = ["client_id", "redirect_uri", "response_type"].into_iter().find(|name| !sent(name));
    absent.map_or(Ok(()), |name| Err(missing(name)))
}

fn code_challenge_is_s256(params: &Params) -> Result<(), Refusal> {
    match (params.code_challenge.as_deref(), params.code_challenge_method.as_deref()) {
        (None, None) => Ok(()),
        (Some(challenge), Some("S256")) if pkce::is_challenge(challenge) => Ok(()),
        (Some(_), Some("S256")) => {
            Err(malformed("code_challenge", "expected 43 characters of base64url, a SHA-256 value"))
        }
        (Some(_), _) => Err(malformed("code_challenge_method", "expected S256")),
        (None, Some(_)) => Err(malformed("code_challenge", "it is missing although code_challenge_method was sent")),
    }
}

fn prompt_none_stands_alone(params: &Params) -> Result<(), Refusal> {
    let shows = |word: &str| ["login", "create", "select_account"].contains(&word);
    if prompts(params).any(|word| word == "none") && prompts(params).any(shows) {
        return Err(malformed("prompt", "none goes with no other value"));
    }
    Ok(())
}

fn agt_comes_with_scope(params: &Params) -> Result<(), Refusal> {
    if params.agt.is_some() && params.scope.is_none() {
        return Err(malformed("scope", "agt asks for additional consent: scope must name the items"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "client_id=k&redirect_uri=https%3A%2F%2Fa.example%2F&response_type=code";

    fn parse(query: &str) -> Result<Parameters, Code> {
        let pairs = Pairs::parse(query).expect("decodes");
        Parameters::parse(&pairs).map_err(|refusal| refusal.problem.code())
    }

    #[test]
    fn each_mistake_is_answered_with_its_code() {
        let challenge = "A".repeat(43);
        for (added, code) in [
            ("&proxy=easyXDM", Code::KOE023),
            ("&client_id=again", Code::KOE001),
            ("&code_challenge=short&code_challenge_method=S256", Code::KOE001),
            (&format!("&code_challenge={challenge}"), Code::KOE001),
            (&format!("&code_challenge={challenge}&code_challenge_method=plain"), Code::KOE001),
            ("&code_challenge_method=S256", Code::KOE001),
            ("&prompt=none,login", Code::KOE001),
            ("&prompt=select_account%20none", Code::KOE001),
            ("&agt=x", Code::KOE001),
        ] {
            assert_eq!(parse(&format!("{GOOD}{added}")).err(), Some(code), "{added}");
        }
        for query in [
            "",
            "client_id=k&redirect_uri=r",
            "client_id=k&response_type=code",
            "redirect_uri=r&response_type=code",
            "client_id=&redirect_uri=r&response_type=code",
            "client_id=k&redirect_uri=&response_type=code",
            "client_id=k&redirect_uri=r&response_type=",
            // Missing parameters are reported before malformed ones.
            "client_id=k&redirect_uri=r&prompt=none,login",
            "client_id=k&client_id=k&redirect_uri=r",
        ] {
            assert_eq!(parse(query).err(), Some(Code::KOE207), "{query}");
        }
        assert_eq!(parse("redirect_uri=kakaojs").err(), Some(Code::KOE023));
    }

    #[test]
    fn what_is_good_passes_with_what_it_says() {
        let challenge = "A".repeat(43);
        let more =
            format!("&code_challenge={challenge}&code_challenge_method=S256&scope=openid,profile_nickname&agt=x");
        let parameters = parse(&format!("{GOOD}{more}")).expect("good");
        assert_eq!((parameters.client_id(), parameters.response_type()), ("k", "code"));
        assert_eq!(parameters.redirect_uri(), "https://a.example/");
        assert_eq!(parameters.scope().collect::<Vec<_>>(), ["openid", "profile_nickname"]);
        assert_eq!(parameters.others().agt.as_deref(), Some("x"));
        assert_eq!(parameters.others().code_challenge, Some(challenge));
    }

    #[test]
    fn prompt_is_read_word_by_word() {
        let prompt = |query: &str| parse(&format!("{GOOD}&{query}")).map(|parameters| parameters.prompt());
        let none = Prompt::default();
        for (query, expected) in [
            ("", none),
            ("prompt=", none),
            ("prompt=none", Prompt { none: true, ..none }),
            ("prompt=login", Prompt { login: true, ..none }),
            ("prompt=cert", Prompt { login: true, ..none }),
            ("auth_type=reauthenticate", Prompt { login: true, ..none }),
            ("auth_type=other", none),
            ("prompt=create", Prompt { create: true, ..none }),
            ("prompt=login,select_account", Prompt { login: true, select_account: true, ..none }),
            ("prompt=unknown", none),
        ] {
            assert_eq!(prompt(query), Ok(expected), "{query}");
        }
    }

    proptest! {
        /// Every query gives parameters, or one of the codes of the tables.
        #[test]
        fn only_the_codes_of_the_tables_are_answered(query in "([a-z_]{0,12}=[A-Za-z0-9%,. ]{0,12}&?){0,8}") {
            let codes: Vec<Code> =
                OF_WHAT_WAS_SENT.iter().map(|row| row.0).chain(OF_THE_VALUES.iter().map(|row| row.0)).collect();
            if let Ok(pairs) = Pairs::parse(&query)
                && let Err(refusal) = Parameters::parse(&pairs)
            {
                prop_assert!(codes.contains(&refusal.problem.code()), "{:?}", refusal.problem.code());
            }
        }
    }
}
