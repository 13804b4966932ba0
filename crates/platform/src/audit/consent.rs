//! What a consent leaves: a record with the version of the text, its language and time, and rows of the trail.

use aws_lc_rs::digest;
use kakaw_core::audit::Event;
use kakaw_core::link::Link;
use kakaw_core::link::consent::Agreed;
use kakaw_core::{AccountId, AppId, Millis};
use kakaw_store::consents::{self, Consent, Text};
use kakaw_store::{Error, Statement};
use kakaw_wire::text::Lang;
use serde_json::{Value, json};

use super::people::Person;
use super::{Entry, by};
use crate::Platform;

/// Number of hexadecimal characters of a version: 128 bits.
const VERSION: usize = 32;

/// Makes the text that a screen showed. Its version is its hash.
pub(crate) fn text(lang: Lang, shown: String) -> Text {
    let hash = digest::digest(&digest::SHA256, format!("{}\n{shown}", lang.id()).as_bytes());
    let version: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    Text { version: version.chars().take(VERSION).collect(), lang: lang.id().to_owned(), shown }
}

/// Returns the record of a consent that was given to an app, and its rows. `text`: what the screen showed; `None` if the
/// person saw no screen of ours.
pub(crate) fn consented(
    platform: &Platform,
    person: Option<&Person>,
    link: &Link,
    agreed: &Agreed,
    text: Option<&Text>,
) -> Vec<Statement> {
    let Some(recording) = &platform.audit.recording else { return Vec::new() };
    let now = platform.now();
    let private = json!({ "user_id": link.user_id });
    let entry = |event| Entry::new(event, by::PERSON).person(person).app(link.app_id).private(private.clone());
    let mut statements = Vec::new();
    if agreed.first {
        statements.extend(entry(Event::Link).statement(platform));
    }
    if agreed.items.is_empty() && agreed.terms.is_empty() && agreed.channels.is_empty() {
        return statements;
    }
    let terms: Vec<Value> =
        agreed.terms.iter().map(|(tag, version)| json!({ "tag": tag, "version": version })).collect();
    let what = json!({ "items": agreed.items, "terms": terms, "channels": agreed.channels });
    let mut detail = what.clone();
    if let (Some(detail), Some(text)) = (detail.as_object_mut(), text) {
        detail.insert("text".to_owned(), json!(text.version));
        detail.insert("lang".to_owned(), json!(text.lang));
    }
    statements.extend(entry(Event::Consent).detail(detail).statement(platform));
    statements.extend(consents::insert(&Consent {
        id: recording.id(now),
        account_id: link.account_id,
        app: Some(link.app_id),
        at: now,
        agreed: what.to_string(),
        by: by::PERSON.to_owned(),
        text: text.cloned(),
    }));
    statements
}

/// The same for a consent that an app records or withdraws by a call, without a screen.
///
/// # Errors
/// The database failed.
pub(crate) async fn by_call(
    platform: &Platform,
    event: Event,
    by: &str,
    link: &Link,
    what: Value,
) -> Result<Vec<Statement>, Error> {
    let Some(recording) = &platform.audit.recording else { return Ok(Vec::new()) };
    let person = super::person(platform, link.account_id).await?;
    let private = json!({ "user_id": link.user_id });
    let entry = Entry::new(event, by).person(person.as_ref()).app(link.app_id).private(private).detail(what.clone());
    let mut statements: Vec<Statement> = entry.statement(platform).into_iter().collect();
    if event == Event::Consent || event == Event::ConsentWithdrawn {
        let agreed = if event == Event::Consent { what } else { json!({ "withdrawn": what }) };
        statements.extend(record(recording.id(platform.now()), link, platform.now(), agreed, by));
    }
    Ok(statements)
}

fn record(id: i64, link: &Link, at: Millis, agreed: Value, by: &str) -> Vec<Statement> {
    let (account_id, app) = (link.account_id, Some(link.app_id));
    consents::insert(&Consent { id, account_id, app, at, agreed: agreed.to_string(), by: by.to_owned(), text: None })
}

/// Returns the record of a person's agreement to the terms of the account service, and its row.
///
/// # Errors
/// The database failed.
pub(crate) async fn account_terms(
    platform: &Platform,
    account_id: AccountId,
    lang: Lang,
    shown: String,
) -> Result<Vec<Statement>, Error> {
    let Some(recording) = &platform.audit.recording else { return Ok(Vec::new()) };
    let person = super::person(platform, account_id).await?;
    let text = text(lang, shown);
    let detail = json!({ "text": text.version, "lang": text.lang });
    let entry = Entry::new(Event::TermsAgreed, by::PERSON).person(person.as_ref()).detail(detail);
    let mut statements: Vec<Statement> = entry.statement(platform).into_iter().collect();
    let (app, at, agreed) = (None::<AppId>, platform.now(), json!({ "terms": "account" }).to_string());
    let (id, by) = (recording.id(at), by::PERSON.to_owned());
    statements.extend(consents::insert(&Consent { id, account_id, app, at, agreed, by, text: Some(text) }));
    Ok(statements)
}
