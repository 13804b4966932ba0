//! Kakao Sync's simple sign-up: an app's service terms, who agreed to them, and taking it back.

use kakaw_wire::Problem;
use kakaw_wire::user::AgreedBy;
use serde::{Deserialize, Serialize};

use crate::Millis;
use crate::app::App;
use crate::app::service_terms::ServiceTerm;
use crate::diagnosis::Refusal;
use crate::link::Link;

/// A person's agreement to service terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    pub at: Millis,
    pub by: AgreedBy,
    /// The version that was agreed to.
    pub version: i64,
}

/// Service terms as a person stands to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    pub term: &'a ServiceTerm,
    pub agreement: Option<&'a Agreement>,
}

impl Row<'_> {
    /// Whether the person can take it back.
    #[must_use]
    pub const fn revocable(&self) -> bool {
        self.agreement.is_some() && !self.term.required
    }
}

/// The app's terms, each with the person's agreement to its present version.
pub fn rows<'a>(app: &'a App, link: Option<&'a Link>) -> impl Iterator<Item = Row<'a>> {
    app.settings.service_terms.iter().map(move |term| {
        let agreement = link.and_then(|link| link.terms.get(&term.tag));
        Row { term, agreement: agreement.filter(|agreement| agreement.version == term.version) }
    })
}

/// Refuses calls about terms in an app without simple sign-up.
///
/// # Errors
/// -3.
pub fn check_enabled(app: &App) -> Result<(), Refusal> {
    if app.settings.simple_signup.enabled {
        return Ok(());
    }
    Err(Refusal::new(Problem::SimpleSignupOff { app: app.settings.name.clone() })
        .because("simple_signup.enabled is false for this app"))
}

/// The terms that `tags` name.
///
/// # Errors
/// -2 when it names none of the app's.
pub fn named<'a>(app: &'a App, link: &'a Link, tags: &[String]) -> Result<Vec<Row<'a>>, Refusal> {
    let found: Vec<_> = rows(app, Some(link)).filter(|row| tags.contains(&row.term.tag)).collect();
    if found.is_empty() {
        return Err(Problem::UnknownTags { tags: tags.join(","), app: app.settings.name.clone() }.into());
    }
    Ok(found)
}

/// The link with agreements to `tags`, and which of them are new: unknown tags and agreed terms are passed over.
#[must_use]
pub fn agree(app: &App, link: &Link, tags: &[String], by: AgreedBy, now: Millis) -> (Link, Vec<String>) {
    let mut after = link.clone();
    let mut added = Vec::new();
    for row in rows(app, Some(link)).filter(|row| row.agreement.is_none() && tags.contains(&row.term.tag)) {
        after.terms.insert(row.term.tag.clone(), Agreement { at: now, by, version: row.term.version });
        added.push(row.term.tag.clone());
    }
    (after, added)
}

/// The link without agreements to `tags`, and which were taken back.
///
/// # Errors
/// -2 when none of them is a tag of the app that the person agreed to, -3 when the app requires one.
pub fn revoke(app: &App, link: &Link, tags: &[String]) -> Result<(Link, Vec<String>), Refusal> {
    let agreed: Vec<_> =
        rows(app, Some(link)).filter(|row| row.agreement.is_some() && tags.contains(&row.term.tag)).collect();
    if agreed.is_empty() {
        return Err(Problem::NoTagsToRevoke { tags: tags.join(","), app: app.settings.name.clone() }.into());
    }
    let kept: Vec<_> = agreed.iter().filter(|row| !row.revocable()).map(|row| row.term.tag.as_str()).collect();
    if !kept.is_empty() {
        return Err(Problem::NotRevocable { scopes: kept.join(",") }.into());
    }
    let revoked: Vec<String> = agreed.iter().map(|row| row.term.tag.clone()).collect();
    let mut after = link.clone();
    after.terms.retain(|tag, _| !revoked.contains(tag));
    Ok((after, revoked))
}
