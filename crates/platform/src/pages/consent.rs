//! The consent screen.

use askama::Template;
use kakaw_core::account::Account;
use kakaw_core::app::App;
use kakaw_core::link::consent::{Ask, Incomplete, Submitted};
use kakaw_wire::scope::Item;
use kakaw_wire::text::Lang;

use super::{Frame, words};
use crate::request::context::RequestContext;

/// Why the screen is shown again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    Expired,
    /// A required row is missing, or a value is invalid.
    Incomplete(Incomplete),
    /// The typed email address belongs to another account.
    Taken,
}

/// The contents of the screen.
pub struct Consent<'a> {
    pub app: &'a App,
    pub account: &'a Account,
    pub ask: &'a Ask,
    pub action: String,
    pub form: String,
    pub typed: &'a Submitted,
    pub notice: Option<Notice>,
    /// Where another person can log in. `None` when the request names the person.
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
    notice: Option<&'static str>,
    marks: Vec<Mark>,
    switch: Option<String>,
    terms: Vec<Term>,
    channels: Vec<ChannelRow>,
    simple: bool,
    agree_to_all: bool,
}

/// A mark on a screen that is shown again.
struct Mark {
    /// The id of the control.
    id: String,
    /// Label of the control.
    label: String,
}

struct Term {
    tag: String,
    title: String,
    url: String,
    required: bool,
    checked: bool,
    missing: bool,
    focus: bool,
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
    /// Whether browsers must refuse to send the form without it.
    must: bool,
    checked: bool,
    collect: bool,
    gender: bool,
    purpose: String,
    typed: String,
    hint: &'static str,
    missing: bool,
    /// What is wrong with the typed value.
    wrong: Option<String>,
    focus: bool,
}

impl Row {
    /// Returns the attributes that tell browsers the type of the value.
    fn kind(&self) -> &'static str {
        match self.hint {
            "hint_account_email" => "type=\"email\" autocomplete=\"email\"",
            "hint_birthyear" => "inputmode=\"numeric\" pattern=\"[0-9]{4}\" autocomplete=\"bday-year\"",
            "hint_birthday" => "inputmode=\"numeric\" pattern=\"[0-9]{4}\"",
            _ => "maxlength=\"100\"",
        }
    }
}

/// What of a screen that is shown again is missing or does not fit.
struct Marks<'a> {
    incomplete: Option<&'a Incomplete>,
    taken: bool,
    all: Vec<Mark>,
}

impl<'a> Marks<'a> {
    fn of(notice: Option<&'a Notice>) -> Self {
        let incomplete = match notice {
            Some(Notice::Incomplete(incomplete)) => Some(incomplete),
            Some(Notice::Expired | Notice::Taken) | None => None,
        };
        Self { incomplete, taken: notice == Some(&Notice::Taken), all: Vec::new() }
    }

    fn is_missing(&self, id: &str) -> bool {
        self.incomplete.is_some_and(|incomplete| incomplete.missing.iter().any(|missing| missing == id))
    }

    /// What is wrong with the typed value of an item.
    fn wrong(&self, item: Item, words: &words::Words) -> Option<String> {
        if self.taken && item == Item::AccountEmail {
            return Some(words.t("value_taken").to_owned());
        }
        let wrong = self.incomplete.is_some_and(|incomplete| incomplete.wrong.contains(&item));
        wrong.then(|| words.with("value_wrong", "hint", words.t(hint(item))))
    }

    /// Marks a control; returns whether it gets the focus: the first one does.
    fn mark(&mut self, marked: bool, id: String, label: &str) -> bool {
        if marked {
            self.all.push(Mark { id, label: label.to_owned() });
        }
        marked && self.all.len() == 1
    }
}

impl Page {
    #[must_use]
    pub fn new(context: &RequestContext, view: &Consent<'_>) -> Self {
        let mut marks = Marks::of(view.notice.as_ref());
        let terms = terms(view, &mut marks);
        let rows = rows(view, words::of(context.lang), &mut marks);
        let channels = view.ask.channels.iter().map(|channel| ChannelRow {
            id: channel.id.clone(),
            name: channel.name.clone(),
            checked: view.typed.channels.contains(&channel.id),
        });
        let boxes = view.ask.items.len() + view.ask.terms.len() + view.ask.channels.len();
        Self {
            frame: Frame::new(context),
            terms,
            channels: channels.collect(),
            simple: view.ask.simple,
            agree_to_all: boxes > 1,
            app: view.app.settings.name.clone(),
            company: view.app.settings.company.clone(),
            name: view.account.attributes.display_name().to_owned(),
            rows,
            action: view.action.clone(),
            form: view.form.clone(),
            notice: view.notice.as_ref().map(|notice| match notice {
                Notice::Expired => "form_expired",
                Notice::Incomplete(_) | Notice::Taken => "check_marked",
            }),
            marks: marks.all,
            switch: view.switch.clone(),
        }
    }
}

fn terms(view: &Consent<'_>, marks: &mut Marks<'_>) -> Vec<Term> {
    let terms = view.ask.terms.iter().enumerate().map(|(index, term)| {
        let missing = marks.is_missing(&term.tag);
        Term {
            tag: term.tag.clone(),
            title: term.title.clone(),
            url: term.url.clone(),
            required: term.required,
            checked: view.typed.terms.contains(&term.tag),
            missing,
            focus: marks.mark(missing, format!("term-{}", index + 1), &term.title),
        }
    });
    terms.collect()
}

fn rows(view: &Consent<'_>, words: &words::Words, marks: &mut Marks<'_>) -> Vec<Row> {
    let rows = view.ask.items.iter().map(|row| {
        let (id, label) = (row.item.id(), words.item(row.item.id()));
        let (missing, wrong) = (marks.is_missing(id), marks.wrong(row.item, words));
        let at_box = marks.mark(missing, format!("item-{id}"), &label);
        let at_value = marks.mark(wrong.is_some(), format!("value-{id}"), &label);
        Row {
            id,
            required: row.required,
            // Whoever agreed before may go on without the value (F19).
            must: row.required && !row.agreed,
            checked: row.agreed || view.typed.scope.iter().any(|ticked| ticked == id),
            collect: row.collect,
            gender: row.item == Item::Gender,
            purpose: row.purpose.clone(),
            typed: view.typed.values.get(id).cloned().unwrap_or_default(),
            hint: hint(row.item),
            missing,
            wrong,
            focus: at_box || at_value,
            label,
        }
    });
    rows.collect()
}

/// Returns what the screen says, as evidence of what the person agreed to: without their own data and ticks.
pub(crate) fn text(app: &App, ask: &Ask, lang: Lang) -> String {
    let (words, settings) = (words::of(lang), &app.settings);
    let with_app = |key: &str| words.with(key, "app", &settings.name);
    let box_of = |required: bool| words.t(if required { "required" } else { "optional" });
    let mut lines = vec![settings.company.clone(), with_app(if ask.simple { "signup_title" } else { "consent_title" })];
    let empty = ask.items.is_empty() && ask.terms.is_empty();
    lines.push(with_app(if empty { "confirm_intro" } else { "consent_intro" }));
    for term in &ask.terms {
        lines.push(format!("{} {} {} ({})", box_of(term.required), term.title, term.url, term.version));
    }
    for row in &ask.items {
        lines.push(format!("{} {}", box_of(row.required), words.item(row.item.id())));
        if !row.purpose.is_empty() {
            lines.push(words.with("purpose", "purpose", &row.purpose));
        }
    }
    for channel in &ask.channels {
        lines.push(format!("{} {}", box_of(false), channel.name));
    }
    lines.push(words.t("accept").to_owned());
    lines.join("\n")
}

impl Page {
    /// Simple sign-up has its own title.
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
