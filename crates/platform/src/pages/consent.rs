//! The consent screen.

use askama::Template;
use kakaw_core::account::Account;
use kakaw_core::app::App;
use kakaw_core::link::consent::{Ask, AskItem, Incomplete, Submitted};
use kakaw_wire::scope::Item;
use kakaw_wire::text::Lang;

use super::{Frame, login_of, words};
use crate::brand::Brand;
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
    login: String,
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
    optional_count: usize,
}

/// A mark on a screen that is shown again.
struct Mark {
    /// The id of the control.
    id: String,
    /// Label of the control.
    label: String,
}

struct Term {
    /// The id of its box.
    id: String,
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

impl Term {
    fn error_id(&self) -> String {
        format!("{}-error", self.id)
    }
}

impl Row {
    fn error_id(&self) -> String {
        format!("item-{}-error", self.id)
    }

    fn value_error_id(&self) -> String {
        format!("value-{}-error", self.id)
    }

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
        let frame = Frame::new(context);
        let mut marks = Marks::of(view.notice.as_ref());
        let terms = terms(view, &mut marks);
        let rows = rows(view, &frame, &mut marks);
        let channels = view.ask.channels.iter().map(|channel| ChannelRow {
            id: channel.id.clone(),
            name: channel.name.clone(),
            checked: view.typed.channels.contains(&channel.id),
        });
        let optional_count = terms.iter().filter(|term| !term.required).count()
            + rows.iter().filter(|row| !row.required).count()
            + view.ask.channels.len();
        let boxes = view.ask.items.len() + view.ask.terms.len() + view.ask.channels.len();
        Self {
            frame,
            terms,
            channels: channels.collect(),
            simple: view.ask.simple,
            login: login_of(view.account),
            agree_to_all: boxes > 1,
            optional_count,
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
        let id = format!("term-{}", index + 1);
        Term {
            tag: term.tag.clone(),
            title: term.title.clone(),
            url: term.url.clone(),
            required: term.required,
            checked: view.typed.terms.contains(&term.tag),
            missing,
            focus: marks.mark(missing, id.clone(), &term.title),
            id,
        }
    });
    terms.collect()
}

/// Required items stand before optional ones.
fn in_order(ask: &Ask) -> impl Iterator<Item = &AskItem> {
    let of = |required: bool| ask.items.iter().filter(move |row| row.required == required);
    of(true).chain(of(false))
}

fn rows(view: &Consent<'_>, frame: &Frame, marks: &mut Marks<'_>) -> Vec<Row> {
    let words = frame.w;
    let rows = in_order(view.ask).map(|row| {
        let (id, label) = (row.item.id(), frame.brand.in_own_words(&words.item(row.item.id()), words));
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
pub(crate) fn text(app: &App, ask: &Ask, lang: Lang, brand: &Brand) -> String {
    let (words, settings) = (words::of(lang), &app.settings);
    let with_app = |key: &str| words.with(key, "app", &settings.name);
    let box_of = |required: bool| words.t(if required { "required" } else { "optional" });
    let mut lines = vec![settings.company.clone(), with_app(if ask.simple { "signup_title" } else { "consent_title" })];
    let empty = ask.items.is_empty() && ask.terms.is_empty();
    lines.push(with_app(if empty { "confirm_intro" } else { "consent_intro" }));
    for term in &ask.terms {
        lines.push(format!("{} {} {} ({})", box_of(term.required), term.title, term.url, term.version));
    }
    for row in in_order(ask) {
        let item = brand.in_own_words(&words.item(row.item.id()), words);
        lines.push(format!("{} {item}", box_of(row.required)));
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
    /// Whether there are required items, or optional ones.
    fn has(&self, required: bool) -> bool {
        self.rows.iter().any(|row| row.required == required)
    }

    fn all_hint(&self) -> String {
        match self.optional_count {
            1 => self.frame.w.t("all_hint_one").to_owned(),
            count => self.frame.w.with("all_hint", "count", &count.to_string()),
        }
    }

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
