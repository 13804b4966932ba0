//! The pages of the shipping address picker.

use askama::Template;
use kakaw_core::account::shipping::Address;
use kakaw_wire::shipping::AddressFields;

use super::{Frame, words};
use crate::request::context::RequestContext;

/// Why the list is shown again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    Expired,
    /// The address does not exist any more.
    Gone,
    /// The person has too many addresses.
    Full,
}

/// The list of addresses.
#[derive(Template)]
#[template(path = "address_list.html")]
pub struct List {
    frame: Frame,
    app: String,
    rows: Vec<Row>,
    action: String,
    form: String,
    notice: Option<&'static str>,
}

struct Row {
    id: i64,
    name: String,
    is_default: bool,
    chosen: bool,
    receiver: String,
    phone: String,
    address: String,
}

impl List {
    #[must_use]
    pub fn new(
        context: &RequestContext,
        app: &str,
        addresses: &[Address],
        chosen: Option<i64>,
        action: String,
        form: String,
        notice: Option<Notice>,
    ) -> Self {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let row = |address: &Address| {
            let AddressFields { name, base_address, detail_address, zone_number, zip_code, .. } = &address.fields;
            let code = zone_number.as_ref().or(zip_code.as_ref()).map(|code| format!("({code}) ")).unwrap_or_default();
            Row {
                id: address.id,
                name: name.clone().unwrap_or_else(|| text(&address.fields.receiver_name)),
                is_default: address.is_default,
                chosen: chosen == Some(address.id),
                receiver: text(&address.fields.receiver_name),
                phone: text(&address.fields.receiver_phone_number1),
                address: format!("{code}{} {}", text(base_address), text(detail_address)).trim().to_owned(),
            }
        };
        let notice = notice.map(|notice| match notice {
            Notice::Expired => "form_expired",
            Notice::Gone => "address_gone",
            Notice::Full => "address_full",
        });
        let rows = addresses.iter().map(row).collect();
        Self { frame: Frame::new(context), app: app.to_owned(), rows, action, form, notice }
    }
}

/// The form of one address.
#[derive(Template)]
#[template(path = "address_edit.html")]
pub(crate) struct Edit {
    frame: Frame,
    id: Option<i64>,
    fields: Vec<Field>,
    action: String,
    form: String,
    notice: Option<String>,
}

struct Field {
    name: &'static str,
    label: &'static str,
    value: String,
    kind: &'static str,
    autocomplete: &'static str,
    required: bool,
    wrong: bool,
}

impl Edit {
    #[must_use]
    pub(crate) fn new(
        context: &RequestContext,
        id: Option<i64>,
        fields: &AddressFields,
        action: String,
        form: String,
        wrong: Option<&'static str>,
    ) -> Self {
        let field = |name, label, value: &Option<String>, kind, autocomplete, required| Field {
            name,
            label,
            value: value.clone().unwrap_or_default(),
            kind,
            autocomplete,
            required,
            wrong: wrong == Some(name),
        };
        let f = fields;
        let fields = vec![
            field("name", "address_name", &f.name, "text", "off", false),
            field("receiver_name", "address_receiver", &f.receiver_name, "text", "name", true),
            field("receiver_phone_number1", "address_phone", &f.receiver_phone_number1, "tel", "tel", true),
            field("receiver_phone_number2", "address_phone2", &f.receiver_phone_number2, "tel", "off", false),
            field("zone_number", "address_zone", &f.zone_number, "text", "postal-code", true),
            field("base_address", "address_base", &f.base_address, "text", "address-line1", true),
            field("detail_address", "address_detail", &f.detail_address, "text", "address-line2", false),
        ];
        let w = words::of(context.lang);
        let notice = fields.iter().find(|field| field.wrong).map(|f| w.with("address_wrong", "field", w.t(f.label)));
        Self { frame: Frame::new(context), id, fields, action, form, notice }
    }
}

/// The page that asks for consent to the item.
#[derive(Template)]
#[template(path = "address_consent.html")]
pub struct Ask {
    frame: Frame,
    app: String,
    name: String,
    purpose: String,
    action: String,
    form: String,
}

impl Ask {
    #[must_use]
    pub fn new(context: &RequestContext, app: &str, name: &str, purpose: String, action: String, form: String) -> Self {
        let (app, name) = (app.to_owned(), name.to_owned());
        Self { frame: Frame::new(context), app, name, purpose, action, form }
    }
}

/// The last page: the window can be closed.
#[derive(Template)]
#[template(path = "address_ended.html")]
pub struct Ended {
    frame: Frame,
    text: &'static str,
    kind: &'static str,
}

impl Ended {
    #[must_use]
    pub fn new(context: &RequestContext, text: &'static str) -> Self {
        let kind = if text == "picker_chosen" { "good" } else { "bad" };
        Self { frame: Frame::new(context), text, kind }
    }
}

impl Edit {
    const fn title(&self) -> &'static str {
        if self.id.is_some() { "address_edit_title" } else { "address_new_title" }
    }
}
