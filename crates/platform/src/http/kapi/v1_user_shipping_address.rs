//! `GET /v1/user/shipping_address` — shipping addresses of the person.

use kakaw_core::{Millis, Span};
use std::sync::Arc;

use kakaw_core::account::shipping::{self, Part};
use kakaw_core::app::ApiGroup;
use kakaw_core::token::user_info::visible;
use kakaw_store::shipping_addresses;
use kakaw_wire::Problem;
use kakaw_wire::scope::Item;
use kakaw_wire::shipping::ShippingAddresses;

use super::call::{Call, bad};
use super::target::Target;
use crate::Platform;
use crate::endpoint::{About, Credential, Reply, Routes, no};
use crate::http::error::Error;
use crate::http::handler::kapi;

const ABOUT: About = About::kapi(
    "Returns the person's shipping addresses.",
    Credential::TokenOrAdminKey,
    Reply::json::<ShippingAddresses>(),
)
.takes(&[
    no("address_id", "return only this address"),
    no("from_updated_at", "return only addresses older than this; Unix seconds, fractions allowed; 0 = all"),
    no("page_size", "2 to 100, default 10, else -2"),
])
.more(
    "The app must have `shipping_address` set, else -3, and the permission for it, else -5. Without the person's consent, \
     the reply has `shipping_addresses_needs_agreement: true` and no list. With consent but without an address, it has \
     `false` and no list.",
);

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().get("/v1/user/shipping_address", &ABOUT, kapi(addresses))
}

async fn addresses(call: Call) -> Result<ShippingAddresses, Error> {
    let target = Target::find(&call, ApiGroup::ShippingAddress).await?;
    let part = part(&call)?;
    let settings = &target.app().settings;
    match settings.consent_items.get(&Item::ShippingAddress) {
        None => {
            let item = Item::ShippingAddress.id().to_owned();
            let api = "SHIPPING_ADDRESS".to_owned();
            return Err(Problem::ItemNotSet { app: settings.name.clone(), item, api }.into());
        }
        Some(setting) if !setting.permission => return Err(Problem::PermissionDenied {}.into()),
        Some(_) => {}
    }
    let subject = target.subject();
    let agreed = visible(subject, target.app()).contains(&Item::ShippingAddress);
    let found = if agreed {
        shipping::part(shipping_addresses::of_account(&call.platform.store, subject.account.id).await?, part)
    } else {
        Vec::new()
    };
    let addresses: Vec<_> = found.iter().map(shipping::Address::reply).collect();
    Ok(ShippingAddresses {
        user_id: subject.link.user_id.0,
        shipping_addresses_needs_agreement: !agreed,
        shipping_addresses: Some(addresses).filter(|list| !list.is_empty()),
    })
}

fn part(call: &Call) -> Result<Part, Error> {
    let size = call.number("page_size")?.unwrap_or(10);
    if !(2..=100).contains(&size) {
        return Err(bad("page_size", "Expected 2 to 100."));
    }
    // One of the SDKs sends fractions of a second.
    let seconds = |text: String| {
        let whole = text.parse::<f64>().ok().filter(|seconds| seconds.is_finite() && seconds.abs() < 1e15);
        whole.map(|seconds| seconds.ceil() as i64).ok_or_else(|| bad("from_updated_at", "Expected Unix seconds."))
    };
    let before = call.one("from_updated_at")?.map(seconds).transpose()?.filter(|seconds| *seconds > 0);
    let before = before.map(|seconds| Millis(0) + Span::seconds(seconds));
    Ok(match call.number("address_id")? {
        Some(id) => Part::One(id),
        None => Part::Page { before, size: size as usize },
    })
}
