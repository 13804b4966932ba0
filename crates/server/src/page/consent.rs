//! The consent screen.

use askama::Template;
use kakaw_core::account::Account;
use kakaw_core::app::App;
use kakaw_core::consent::{Ask, Submitted};
use kakaw_wire::scope::Item;

use super::{Frame, words};
use crate::http::here::Here;

/// Why the screen is shown again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    Expired,
    Value(Item),
}

/// What the screen is about.
pub struct Consent<'a> {
    pub app: &'a App,
    pub account: &'a Account,
    pub ask: &'a Ask,
    pub action: String,
    pub form: String,
    pub typed: &'a Submitted,
    pub notice: Option<Notice>,
    /// Where another person logs in; nowhere when the request names the person.
    pub switch: Option<String>,
}

#[derive(Template)]
#[template(path = "consent.html")]
pub struct Page {
    frame: Frame,
    app: String,
    company: String,
    name: String,
    rows: Vec<Row>,
    action: String,
    form: String,
    notice: Option<String>,
    switch: Option<String>,
    terms: Vec<Term>,
    channels: Vec<ChannelRow>,
    simple: bool,
    agree_to_all: bool,
}

struct Term {
    tag: String,
    title: String,
    url: String,
    required: bool,
    checked: bool,
}

struct ChannelRow {
    id: String,
    name: String,
    checked: bool,
}

struct Row {
    id: &'static str,
    label: String,
    required: bool,
    checked: bool,
    collect: bool,
    gender: bool,
    purpose: String,
    typed: String,
    hint: &'static str,
}

impl Page {
    #[must_use]
    pub fn new(here: &Here, view: &Consent<'_>) -> Self {
        let w = words::of(here.lang);
        let rows = view.ask.items.iter().map(|row| Row {
            id: row.item.id(),
            label: w.item(row.item.id()),
            required: row.required,
            checked: view.typed.scope.iter().any(|id| id == row.item.id()),
            collect: row.collect,
            gender: row.item == Item::Gender,
            purpose: row.purpose.clone(),
            typed: view.typed.values.get(row.item.id()).cloned().unwrap_or_default(),
            hint: hint(row.item),
        });
        let terms = view.ask.terms.iter().map(|term| Term {
            tag: term.tag.clone(),
            title: term.title.clone(),
            url: term.url.clone(),
            required: term.required,
            checked: view.typed.terms.contains(&term.tag),
        });
        let channels = view.ask.channels.iter().map(|channel| ChannelRow {
            id: channel.id.clone(),
            name: channel.name.clone(),
            checked: view.typed.channels.contains(&channel.id),
        });
        let boxes = view.ask.items.len() + view.ask.terms.len() + view.ask.channels.len();
        Self {
            frame: Frame::new(here),
            terms: terms.collect(),
            channels: channels.collect(),
            simple: view.ask.simple,
            agree_to_all: boxes > 1,
            app: view.app.settings.name.clone(),
            company: view.app.settings.company.clone(),
            name: view.account.attributes.display_name().to_owned(),
            rows: rows.collect(),
            action: view.action.clone(),
            form: view.form.clone(),
            notice: view.notice.map(|notice| match notice {
                Notice::Expired => w.t("form_expired").to_owned(),
                Notice::Value(item) => w.with("value_wrong", "hint", w.t(hint(item))),
            }),
            switch: view.switch.clone(),
        }
    }
}

impl Page {
    /// Simple sign-up calls itself so.
    const fn title_key(&self) -> &'static str {
        if self.simple { "signup_title" } else { "consent_title" }
    }
}

const fn hint(item: Item) -> &'static str {
    match item {
        Item::AccountEmail => "hint_account_email",
        Item::AgeRange | Item::Birthyear => "hint_birthyear",
        Item::Birthday => "hint_birthday",
        Item::Gender => "hint_gender",
        _ => "hint_text",
    }
}
