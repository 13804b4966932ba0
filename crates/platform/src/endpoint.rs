//! Endpoints and their documentation, which stands beside the route. The router, the suggestions for wrong URLs, the
//! OpenAPI document and `docs/reference/api.md` are made from it.

use std::fmt;

use axum::handler::Handler;
use axum::routing::{self, MethodFilter, MethodRouter};
use axum::{Extension, Router};
use schemars::generate::SchemaGenerator;

use crate::origins::Surface;

/// An endpoint.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub method: Method,
    pub path: String,
    /// `None` if it is documented elsewhere.
    pub about: Option<&'static About>,
    /// `None` if it is on every surface.
    pub surface: Option<Surface>,
}

/// A request method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Delete,
}

/// The documentation of an endpoint.
#[derive(Debug)]
pub struct About {
    /// What it does.
    pub summary: &'static str,
    /// Further notes.
    pub more: &'static str,
    pub credential: Credential,
    /// Parameters in the query of a GET or in the form of a POST.
    pub params: &'static [Param],
    /// Parameters in the query, with every method.
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

/// Whether a parameter is required.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needed {
    Yes,
    No,
    /// Required under this condition.
    When(&'static str),
}

/// How a caller authenticates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    None,
    Token,
    AdminKey,
    TokenOrAdminKey,
}

/// The reply of an endpoint on success.
#[derive(Debug, Clone, Copy)]
pub enum Reply {
    Json(fn(&mut SchemaGenerator) -> schemars::Schema),
    /// Any JSON object.
    Object,
    /// Any JSON object; 204 while there is none.
    Later,
    /// A page, or a redirect.
    Page,
    /// 204.
    Nothing,
}

/// The format of an endpoint's errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errors {
    Kapi,
    Kauth,
    Apps,
    /// Pages.
    Page,
}

/// The parameters that name the person in a call with an admin key.
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

    /// Documents a page.
    #[must_use]
    pub const fn page(summary: &'static str) -> Self {
        Self::new(summary, Credential::None, Reply::Page, Errors::Page)
    }

    /// Documents a call of the authorization server.
    #[must_use]
    pub const fn kauth(summary: &'static str, reply: Reply) -> Self {
        Self::new(summary, Credential::None, reply, Errors::Kauth)
    }

    /// Documents a call of the user API.
    #[must_use]
    pub const fn kapi(summary: &'static str, credential: Credential, reply: Reply) -> Self {
        Self::new(summary, credential, reply, Errors::Kapi)
    }

    /// Documents a page or call of the shipping address picker.
    #[must_use]
    pub const fn apps(summary: &'static str, reply: Reply) -> Self {
        Self::new(summary, Credential::None, reply, Errors::Apps)
    }

    /// Adds parameters in the query of a GET or in the form of a POST.
    #[must_use]
    pub const fn takes(self, params: &'static [Param]) -> Self {
        Self { params, ..self }
    }

    /// Adds parameters in the query, with every method.
    #[must_use]
    pub const fn in_query(self, query: &'static [Param]) -> Self {
        Self { query, ..self }
    }

    /// Adds further notes.
    #[must_use]
    pub const fn more(self, more: &'static str) -> Self {
        Self { more, ..self }
    }

    /// Returns all parameters, including those by which an admin key names a person.
    fn all_params(&'static self) -> impl Iterator<Item = &'static Param> {
        let named: &[Param] = if self.credential == Credential::TokenOrAdminKey { &TARGET } else { &[] };
        self.params.iter().chain(named)
    }
}

impl Endpoint {
    /// Returns the parameters in the path.
    pub fn in_path(&self) -> impl Iterator<Item = &str> {
        self.path.split('{').skip(1).filter_map(|part| part.split('}').next())
    }

    /// Returns the parameters in the query.
    pub fn in_query(&self) -> impl Iterator<Item = &'static Param> {
        let own = self.about.filter(|_| self.method != Method::Post).into_iter().flat_map(About::all_params);
        self.about.into_iter().flat_map(|about| about.query).chain(own)
    }

    /// Returns the parameters in the form.
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
    /// Returns `yes`, `no`, or the condition.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::When(condition) => condition,
        }
    }
}

/// A required parameter.
#[must_use]
pub const fn yes(name: &'static str, rule: &'static str) -> Param {
    Param { name, needed: Needed::Yes, rule }
}

/// An optional parameter.
#[must_use]
pub const fn no(name: &'static str, rule: &'static str) -> Param {
    Param { name, needed: Needed::No, rule }
}

/// A parameter that is required under a condition.
#[must_use]
pub const fn when(name: &'static str, condition: &'static str, rule: &'static str) -> Param {
    Param { name, needed: Needed::When(condition), rule }
}

/// The one table of routes: what each path does, on which surface it is, and its documentation.
#[derive(Debug)]
pub struct Routes<S = ()> {
    routes: Vec<Route<S>>,
    endpoints: Vec<Endpoint>,
}

/// The handlers of a path.
#[derive(Debug, Clone)]
struct Route<S> {
    place: Place,
    methods: MethodRouter<S>,
}

/// A path, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub path: String,
    /// `None` if it is on every surface.
    pub surface: Option<Surface>,
    /// The surface that redirects to this path when it has another origin.
    pub entrance: Option<Surface>,
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    #[must_use]
    pub fn new() -> Self {
        Self { routes: Vec::new(), endpoints: Vec::new() }
    }

    /// Adds an endpoint for GET.
    #[must_use]
    pub fn get<T: 'static>(self, path: &str, about: &'static About, handler: impl Handler<T, S>) -> Self {
        self.endpoint(Method::Get, path, Some(about), handler)
    }

    /// Adds an endpoint for POST.
    #[must_use]
    pub fn post<T: 'static>(self, path: &str, about: &'static About, handler: impl Handler<T, S>) -> Self {
        self.endpoint(Method::Post, path, Some(about), handler)
    }

    /// Adds an endpoint that is documented elsewhere.
    #[must_use]
    pub fn listed<T: 'static>(self, method: Method, path: &str, handler: impl Handler<T, S>) -> Self {
        self.endpoint(method, path, None, handler)
    }

    /// Adds a route without documentation, such as a file of a page or a preflight.
    #[must_use]
    pub fn plain(mut self, path: &str, methods: MethodRouter<S>) -> Self {
        let place = Place { path: path.to_owned(), surface: None, entrance: None };
        self.routes.push(Route { place, methods });
        self
    }

    fn endpoint<T: 'static>(
        mut self,
        method: Method,
        path: &str,
        about: Option<&'static About>,
        handler: impl Handler<T, S>,
    ) -> Self {
        self.endpoints.push(Endpoint { method, path: path.to_owned(), about, surface: None });
        self.plain(path, routing::on(method.filter(), handler))
    }

    /// Puts the routes that are on no surface yet on this one.
    #[must_use]
    pub fn on(mut self, surface: Surface) -> Self {
        for route in self.routes.iter_mut().filter(|route| route.place.surface.is_none()) {
            route.place.surface = Some(surface);
        }
        for endpoint in self.endpoints.iter_mut().filter(|endpoint| endpoint.surface.is_none()) {
            endpoint.surface = Some(surface);
        }
        self
    }

    /// Lets another surface redirect to these routes when it has another origin.
    #[must_use]
    pub fn entered_from(mut self, surface: Surface) -> Self {
        self.routes.iter_mut().for_each(|route| route.place.entrance = Some(surface));
        self
    }

    /// Adds the routes of `others`.
    #[must_use]
    pub fn merge(mut self, others: Self) -> Self {
        self.endpoints.extend(others.endpoints);
        self.routes.extend(others.routes);
        self
    }

    /// Adds a layer to all routes.
    #[must_use]
    pub fn layer(self, layer: &Extension<impl Clone + Send + Sync + 'static>) -> Self {
        let add = |route: Route<S>| Route { methods: route.methods.layer(layer.clone()), ..route };
        Self { routes: self.routes.into_iter().map(add).collect(), endpoints: self.endpoints }
    }

    /// Provides the state of the handlers.
    #[must_use]
    pub fn with_state(self, state: &S) -> Routes {
        let with = |route: Route<S>| Route { place: route.place, methods: route.methods.with_state(state.clone()) };
        Routes { routes: self.routes.into_iter().map(with).collect(), endpoints: self.endpoints }
    }

    #[must_use]
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// Returns every path once, also those without documentation.
    #[must_use]
    pub fn places(&self) -> Vec<&Place> {
        let mut all: Vec<&Place> = Vec::new();
        for route in &self.routes {
            if all.iter().all(|place| place.path != route.place.path) {
                all.push(&route.place);
            }
        }
        all
    }

    /// Returns a router of the routes on these surfaces.
    pub(crate) fn router(&self, is_there: impl Fn(&Place) -> bool) -> Router<S> {
        let routes = self.routes.iter().filter(|route| is_there(&route.place)).cloned();
        routes.fold(Router::new(), |router, route| router.route(&route.place.path, route.methods))
    }
}

impl Place {
    /// Whether the path answers at an origin with these surfaces.
    #[must_use]
    pub fn is_at(&self, surfaces: &[Surface]) -> bool {
        self.surface.is_none_or(|surface| surfaces.contains(&surface))
    }

    /// Whether an origin with these surfaces redirects the path to another one.
    #[must_use]
    pub fn is_entered_at(&self, surfaces: &[Surface]) -> bool {
        !self.is_at(surfaces) && self.entrance.is_some_and(|entrance| surfaces.contains(&entrance))
    }
}
