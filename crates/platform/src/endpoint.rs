//! An endpoint and what a client must know of it. It is said once, beside the route: the router, the nearest endpoint of a
//! wrong URL, the OpenAPI document and `docs/reference/api.md` are made from it.

use std::fmt;

use axum::Router;
use axum::handler::Handler;
use axum::routing::{self, MethodFilter, MethodRouter};
use schemars::generate::SchemaGenerator;

/// An endpoint.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub method: Method,
    pub path: String,
    /// Nothing for what is described elsewhere.
    pub about: Option<&'static About>,
}

/// A request method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Delete,
}

/// What a client must know of an endpoint.
#[derive(Debug)]
pub struct About {
    /// What it is for.
    pub summary: &'static str,
    /// What else is to be known.
    pub more: &'static str,
    pub credential: Credential,
    /// Parameters: in the query of a GET, in the form of a POST.
    pub params: &'static [Param],
    /// Parameters in the query, whatever the method.
    pub query: &'static [Param],
    pub reply: Reply,
    pub errors: Errors,
}

/// A parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Param {
    pub name: &'static str,
    pub needed: Needed,
    pub rule: &'static str,
}

/// Whether a parameter must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needed {
    Yes,
    No,
    /// It depends: on this.
    When(&'static str),
}

/// What a caller shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    None,
    Token,
    AdminKey,
    TokenOrAdminKey,
}

/// What an endpoint answers on success.
#[derive(Debug, Clone, Copy)]
pub enum Reply {
    Json(fn(&mut SchemaGenerator) -> schemars::Schema),
    /// Any JSON object.
    Object,
    /// Any JSON object, or 204 while there is none.
    Later,
    /// A page, or a redirect.
    Page,
    /// 204.
    Nothing,
}

/// Which errors an endpoint answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errors {
    Kapi,
    Kauth,
    Apps,
    /// Pages.
    Page,
}

/// The person whom a call with an admin key is about.
const TARGET: [Param; 2] = [
    when("target_id_type", "with an admin key", "`user_id`, else -2"),
    when("target_id", "with an admin key", "the user id, else -2; not linked: -101"),
];

impl Reply {
    /// JSON of a type.
    #[must_use]
    pub const fn json<T: schemars::JsonSchema>() -> Self {
        Self::Json(|generator| generator.subschema_for::<T>())
    }
}

impl About {
    const fn new(summary: &'static str, credential: Credential, reply: Reply, errors: Errors) -> Self {
        Self { summary, more: "", credential, params: &[], query: &[], reply, errors }
    }

    /// A page.
    #[must_use]
    pub const fn page(summary: &'static str) -> Self {
        Self::new(summary, Credential::None, Reply::Page, Errors::Page)
    }

    /// A call of the authorization server.
    #[must_use]
    pub const fn kauth(summary: &'static str, reply: Reply) -> Self {
        Self::new(summary, Credential::None, reply, Errors::Kauth)
    }

    /// A call of the user API.
    #[must_use]
    pub const fn kapi(summary: &'static str, credential: Credential, reply: Reply) -> Self {
        Self::new(summary, credential, reply, Errors::Kapi)
    }

    /// A page or call of the shipping-address picker.
    #[must_use]
    pub const fn apps(summary: &'static str, reply: Reply) -> Self {
        Self::new(summary, Credential::None, reply, Errors::Apps)
    }

    /// With these parameters: in the query of a GET, in the form of a POST.
    #[must_use]
    pub const fn takes(self, params: &'static [Param]) -> Self {
        Self { params, ..self }
    }

    /// With these parameters in the query, whatever the method.
    #[must_use]
    pub const fn in_query(self, query: &'static [Param]) -> Self {
        Self { query, ..self }
    }

    /// And what else is to be known.
    #[must_use]
    pub const fn more(self, more: &'static str) -> Self {
        Self { more, ..self }
    }

    /// With those by which an admin key names a person.
    fn all_params(&'static self) -> impl Iterator<Item = &'static Param> {
        let named: &[Param] = if self.credential == Credential::TokenOrAdminKey { &TARGET } else { &[] };
        self.params.iter().chain(named)
    }
}

impl Endpoint {
    /// The parameters of the path.
    pub fn in_path(&self) -> impl Iterator<Item = &str> {
        self.path.split('{').skip(1).filter_map(|part| part.split('}').next())
    }

    /// The parameters of the query.
    pub fn in_query(&self) -> impl Iterator<Item = &'static Param> {
        let own = self.about.filter(|_| self.method != Method::Post).into_iter().flat_map(About::all_params);
        self.about.into_iter().flat_map(|about| about.query).chain(own)
    }

    /// The parameters of the form.
    pub fn in_form(&self) -> impl Iterator<Item = &'static Param> {
        self.about.filter(|_| self.method == Method::Post).into_iter().flat_map(About::all_params)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method.name(), self.path)
    }
}

impl Method {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }

    const fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Delete => MethodFilter::DELETE,
        }
    }
}

impl Needed {
    /// `yes`, `no`, or when.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::When(condition) => condition,
        }
    }
}

/// A parameter that must be there.
#[must_use]
pub const fn yes(name: &'static str, rule: &'static str) -> Param {
    Param { name, needed: Needed::Yes, rule }
}

/// A parameter that may be left out.
#[must_use]
pub const fn no(name: &'static str, rule: &'static str) -> Param {
    Param { name, needed: Needed::No, rule }
}

/// A parameter that must be there on a condition.
#[must_use]
pub const fn when(name: &'static str, condition: &'static str, rule: &'static str) -> Param {
    Param { name, needed: Needed::When(condition), rule }
}

/// Routes, and the list of the endpoints that they are.
#[derive(Debug)]
pub struct Routes<S = ()> {
    router: Router<S>,
    endpoints: Vec<Endpoint>,
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    #[must_use]
    pub fn new() -> Self {
        Self { router: Router::new(), endpoints: Vec::new() }
    }

    /// An endpoint that is asked by GET.
    #[must_use]
    pub fn get<T: 'static>(self, path: &str, about: &'static About, handler: impl Handler<T, S>) -> Self {
        self.endpoint(Method::Get, path, Some(about), handler)
    }

    /// An endpoint that is asked by POST.
    #[must_use]
    pub fn post<T: 'static>(self, path: &str, about: &'static About, handler: impl Handler<T, S>) -> Self {
        self.endpoint(Method::Post, path, Some(about), handler)
    }

    /// An endpoint that is described elsewhere.
    #[must_use]
    pub fn listed<T: 'static>(self, method: Method, path: &str, handler: impl Handler<T, S>) -> Self {
        self.endpoint(method, path, None, handler)
    }

    /// What nobody calls by hand: a file of a page, a preflight.
    #[must_use]
    pub fn plain(self, path: &str, methods: MethodRouter<S>) -> Self {
        self.map(|router| router.route(path, methods))
    }

    fn endpoint<T: 'static>(
        mut self,
        method: Method,
        path: &str,
        about: Option<&'static About>,
        handler: impl Handler<T, S>,
    ) -> Self {
        self.endpoints.push(Endpoint { method, path: path.to_owned(), about });
        self.plain(path, routing::on(method.filter(), handler))
    }

    /// These and others.
    #[must_use]
    pub fn merge(mut self, others: Self) -> Self {
        self.endpoints.extend(others.endpoints);
        self.map(|router| router.merge(others.router))
    }

    /// With a change to the router.
    #[must_use]
    pub fn map(self, change: impl FnOnce(Router<S>) -> Router<S>) -> Self {
        Self { router: change(self.router), endpoints: self.endpoints }
    }

    /// With the state that the handlers ask for.
    #[must_use]
    pub fn with_state(self, state: S) -> Routes {
        Routes { router: self.router.with_state(state), endpoints: self.endpoints }
    }

    #[must_use]
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    pub fn into_router(self) -> Router<S> {
        self.router
    }
}
