//! `GET /user/address` — choose a shipping address, add, edit, delete one, or set the default.
//! `POST /user/address` — its forms; with `access_token`, the entry of the first JavaScript SDK.
//! `POST /user/address/closed` — the window was closed.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use kakaw_core::account::shipping::{self, Address, Part};
use kakaw_core::crypto::seal::Purpose;
use kakaw_core::link::Link;
use kakaw_core::token::grant::Bearer;
use kakaw_core::webhook::Event;
use kakaw_core::{random, token};
use kakaw_store::{Outcome, links, shipping_addresses};
use kakaw_wire::Problem;
use kakaw_wire::event::EventType;
use kakaw_wire::form::Pairs;
use kakaw_wire::scope::Item;
use kakaw_wire::shipping::{AddressFields, AddressKind};
use kakaw_wire::url::with_query;

use super::selection::{self, AddressSelection, SELECTION};
use crate::Platform;
use crate::deliver::events;
use crate::endpoint::{About, Param, Reply, Routes, no, when, yes};
use crate::http::error::Error;
use crate::http::handler::{BrowserRequest, apps};
use crate::pages;
use crate::pages::address::{Edit, List, Notice};
use crate::request::body::{self, BodyError};
use crate::request::context::RequestContext;
use crate::request::form_token::{self, FIELD, FormToken};
use crate::request::redirect::{redirect, with_cookie};

/// Maximum number of addresses of a person (our limit).
const MOST: usize = 50;

const PAGE: About = About::apps(
    "Shows the person's shipping addresses: select, add, edit or delete one, or set the default.",
    Reply::Page,
)
.takes(QUERY)
.more("A person who has not agreed to `shipping_address` is asked first; a person who cancels there: KAE203.");

const FORM: About = About::apps("Receives the forms of the shipping-address page.", Reply::Page)
    .in_query(QUERY)
    .takes(&[no("access_token", "sent by version 1 of the JavaScript SDK")])
    .more("With `access_token`, the form contains the query parameters, and there is no query string.");

const CLOSED: About = About::apps("Reports that the window was closed.", Reply::Nothing).in_query(QUERY);

const QUERY: &[Param] = &[
    yes("app_key", "a native or JavaScript key, else KAE003, KAE104"),
    when("return_url", "one of", "`kakao{key}://address`, or a page of a registered domain, else KAE003"),
    when("trans_id", "both", "at least 20 characters: the result goes to the frame `/proxy`"),
    no("address_id", "address to preselect; must belong to the person, else KAE206"),
    no("ka", "platform identity, registered for the key, else KAE003"),
    no("mobile_view", "layout; ignored, because the page fits every width"),
    no("enable_back_button", "layout; ignored, because the page fits every width"),
];

pub(super) fn routes() -> Routes<Arc<Platform>> {
    Routes::new().get("/user/address", &PAGE, apps(page)).post("/user/address", &FORM, apps(act)).post(
        "/user/address/closed",
        &CLOSED,
        apps(closed),
    )
}

async fn page(call: BrowserRequest) -> Result<Response, Error> {
    let (query, mut context) = (call.query(), call.context);
    show(&mut context, &query, None).await
}

async fn act(call: BrowserRequest) -> Result<Response, Error> {
    let (query, BrowserRequest { mut context, request }) = (call.query(), call);
    let (headers, has_query) = (request.headers().clone(), request.uri().query().is_some());
    let bad = |error: BodyError| Problem::AppsInvalidRequest { reason: error.reason() };
    let form = body::form(request).await.map_err(bad)?;
    if !has_query && form.all("access_token").next().is_some() {
        by_token(&mut context, &form).await
    } else {
        show(&mut context, &query, Some((form, headers))).await
    }
}

async fn closed(call: BrowserRequest) -> Result<Response, Error> {
    let pairs = Pairs::parse(&call.query()).unwrap_or_default();
    let selection = AddressSelection::read(&call.context, &pairs).await?;
    // Only the window in which the picker was opened can close it.
    selection.open(&call.context, pairs.one(SELECTION).ok().flatten())?;
    selection.closed(&call.context).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The first JavaScript SDK posts the access token itself.
async fn by_token(context: &mut RequestContext, form: &Pairs) -> Result<Response, Error> {
    let selection = AddressSelection::read(context, form).await?;
    let result = match selection.check_app(context) {
        Ok(()) => {
            let text = form.one("access_token").ok().flatten().unwrap_or_default();
            match token::present(&context.platform.sealer, text, context.platform.now()) {
                Ok(opened) => selection.person(context, opened.grant_id).await.map(|_| opened.grant_id),
                Err(_) => Err(Problem::AppsAuth {}.into()),
            }
        }
        Err(error) => Err(error),
    };
    match result {
        Ok(grant_id) => {
            let (browser, cookie) = context.ensure_browser();
            let names = ["app_key", "ka", "trans_id", "return_url", "address_id"];
            let kept = names.map(|name| (name, form.one(name).ok().flatten().filter(|value| !value.is_empty())));
            let url = with_query("/user/address", &kept);
            let location = format!("{url}&{SELECTION}={}", selection.seal(context, &browser, grant_id));
            Ok(with_cookie(redirect(&location, true), cookie))
        }
        Err(error) => Ok(selection.failed_for_nobody(context, &error.logged_for_apps(&context.platform))),
    }
}

async fn show(
    context: &mut RequestContext,
    query: &str,
    posted: Option<(Pairs, HeaderMap)>,
) -> Result<Response, Error> {
    let invalid = |parameter: &str, reason: &str| {
        Error::from(Problem::AppsInvalidParameter { parameter: parameter.to_owned(), reason: reason.to_owned() })
    };
    let pairs = Pairs::parse(query).map_err(|error| invalid(error.parameter(), error.reason()))?;
    let selection = AddressSelection::read(context, &pairs).await?;
    match select(context, &selection, &pairs, query, posted).await {
        Ok(response) => Ok(response),
        Err(error) => {
            let problem = error.logged_for_apps(&context.platform);
            match selection.open(context, pairs.one(SELECTION).ok().flatten()) {
                Ok(_) => selection.failed(context, &problem).await,
                Err(_) => Ok(selection.failed_for_nobody(context, &problem)),
            }
        }
    }
}

/// Shows the page, or does what its form says. From here on, errors go where the result goes.
async fn select(
    context: &mut RequestContext,
    selection: &AddressSelection,
    pairs: &Pairs,
    query: &str,
    posted: Option<(Pairs, HeaderMap)>,
) -> Result<Response, Error> {
    context.admitted()?;
    let token = selection.open(context, pairs.one(SELECTION).ok().flatten())?;
    selection.check_app(context)?;
    let bearer = selection.person(context, token.grant_id).await?;
    let token = FormToken::new(context, "address", query, &bearer.account.id.to_string());
    let form = match &posted {
        Some((form, headers)) if token.fits(context, headers, form.one(FIELD).ok().flatten()) => Some(form),
        _ => None,
    };
    let page =
        SelectionPage { selection, bearer: &bearer, query, sealed: form_token::seal(context, Purpose::Form, &token) };
    if !bearer.link.consents.contains_key(&Item::ShippingAddress) {
        return page.ask(context, form).await;
    }
    let addresses = page.addresses(context).await?;
    let Some(form) = form else {
        let notice = posted.is_some().then_some(Notice::Expired);
        let chosen = selection.address_id.or(addresses.first().map(|address| address.id));
        if let Some(id) = selection.address_id
            && !addresses.iter().any(|address| address.id == id)
        {
            return Err(Problem::AppsUnknownAddress { address_id: id.to_string() }.into());
        }
        return Ok(page.list(context, &addresses, chosen, notice));
    };
    page.act(context, form, addresses).await
}

/// A page of the picker, for a known person.
struct SelectionPage<'a> {
    selection: &'a AddressSelection,
    bearer: &'a Bearer,
    query: &'a str,
    sealed: String,
}

impl SelectionPage<'_> {
    fn action(&self) -> String {
        format!("/user/address?{}", self.query)
    }

    async fn addresses(&self, context: &RequestContext) -> Result<Vec<Address>, Error> {
        let all = shipping_addresses::of_account(&context.platform.store, self.bearer.account.id).await?;
        Ok(shipping::part(all, Part::Page { before: None, size: usize::MAX }))
    }

    fn list(
        &self,
        context: &RequestContext,
        addresses: &[Address],
        chosen: Option<i64>,
        notice: Option<Notice>,
    ) -> Response {
        let status = if notice.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        let app = &self.selection.app.settings.name;
        pages::respond_with_script(
            status,
            &List::new(context, app, addresses, chosen, self.action(), self.sealed.clone(), notice),
        )
    }

    fn edit(
        &self,
        context: &RequestContext,
        id: Option<i64>,
        fields: &AddressFields,
        wrong: Option<&'static str>,
    ) -> Response {
        let status = if wrong.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        pages::respond_with_script(status, &Edit::new(context, id, fields, self.action(), self.sealed.clone(), wrong))
    }

    /// Shows the page that asks for consent, or handles its form.
    async fn ask(&self, context: &RequestContext, form: Option<&Pairs>) -> Result<Response, Error> {
        match form.and_then(|form| form.one("decision").ok().flatten()) {
            Some("accept") => {
                let link = &self.bearer.link;
                let mut consents = link.consents.clone();
                consents.insert(Item::ShippingAddress, context.platform.now());
                let after = Link { consents, ..link.clone() };
                let mut changes = vec![links::update(&after)];
                let event = Event::scopes(EventType::UserScopeConsent, vec![Item::ShippingAddress]);
                if let Some(app) = selection::app_of(context, self.bearer).await? {
                    changes.extend(events::notify(&context.platform, &app, &after, &[event]));
                }
                // If another commit changed the link, the page is shown again, and asks again if necessary.
                let (Outcome::Committed | Outcome::Conflict { .. }) = context.platform.store.commit(changes).await?;
                Ok(redirect(&self.action(), true))
            }
            Some("cancel") => Err(Problem::AppsInvalidScope {}.into()),
            _ => {
                let settings = &self.selection.app.settings;
                let purpose = settings.item(Item::ShippingAddress).map(|item| item.purpose.clone()).unwrap_or_default();
                let name = self.bearer.account.attributes.display_name();
                let view = pages::address::Ask::new(
                    context,
                    &settings.name,
                    name,
                    purpose,
                    self.action(),
                    self.sealed.clone(),
                );
                Ok(pages::respond_with_script(StatusCode::OK, &view))
            }
        }
    }

    /// Does what the pressed button says.
    async fn act(&self, context: &RequestContext, form: &Pairs, addresses: Vec<Address>) -> Result<Response, Error> {
        let account_id = self.bearer.account.id;
        let id = form.one("address_id").ok().flatten().and_then(|id| id.parse::<i64>().ok());
        let own = id.and_then(|id| addresses.iter().find(|address| address.id == id));
        let change = match (form.one("action").ok().flatten().unwrap_or_default(), own) {
            ("choose", Some(address)) => return self.selection.chosen(context, address.id, Vec::new()).await,
            ("new", _) => return Ok(self.edit(context, None, &AddressFields::default(), None)),
            ("edit", Some(address)) => return Ok(self.edit(context, Some(address.id), &address.fields, None)),
            ("save", _) if id.is_some() && own.is_none() => {
                return Ok(self.list(context, &addresses, None, Some(Notice::Gone)));
            }
            ("save", own) => {
                let fields = fields_of(form);
                if let Some(wrong) = shipping::first_wrong(&fields) {
                    return Ok(self.edit(context, id, &fields, Some(wrong)));
                }
                if own.is_none() && addresses.len() >= MOST {
                    return Ok(self.list(context, &addresses, None, Some(Notice::Full)));
                }
                self.saved(context, own, fields, addresses.is_empty() || form.one("is_default") == Ok(Some("true")))
            }
            ("delete", Some(address)) => vec![shipping_addresses::delete(account_id, address.id)],
            ("default", Some(address)) => vec![shipping_addresses::set_default(account_id, address.id)],
            ("list", _) => Vec::new(),
            _ => return Ok(self.list(context, &addresses, None, Some(Notice::Gone))),
        };
        if !change.is_empty() {
            let Outcome::Committed = context.platform.store.commit(change).await? else {
                return Ok(self.list(context, &self.addresses(context).await?, None, Some(Notice::Gone)));
            };
        }
        Ok(redirect(&self.action(), true))
    }

    fn saved(
        &self,
        context: &RequestContext,
        own: Option<&Address>,
        fields: AddressFields,
        make_default: bool,
    ) -> Vec<kakaw_store::Statement> {
        let (account_id, now) = (self.bearer.account.id, context.platform.now());
        let address = match own {
            Some(before) => Address { fields, updated_at: now, ..before.clone() },
            None => Address {
                id: random::user_id(&*context.platform.random).0,
                account_id,
                version: 1,
                is_default: make_default,
                updated_at: now,
                fields,
            },
        };
        let mut changes = vec![match own {
            Some(_) => shipping_addresses::update(&address),
            None => shipping_addresses::insert(&address),
        }];
        if make_default {
            changes.push(shipping_addresses::set_default(account_id, address.id));
        }
        changes
    }
}

fn fields_of(form: &Pairs) -> AddressFields {
    let one = |name: &str| {
        let value = form.one(name).ok().flatten().map(str::trim).filter(|value| !value.is_empty());
        value.map(str::to_owned)
    };
    AddressFields {
        name: one("name"),
        kind: Some(AddressKind::New),
        base_address: one("base_address"),
        detail_address: one("detail_address"),
        receiver_name: one("receiver_name"),
        receiver_phone_number1: one("receiver_phone_number1"),
        receiver_phone_number2: one("receiver_phone_number2"),
        zone_number: one("zone_number"),
        zip_code: None,
    }
}
