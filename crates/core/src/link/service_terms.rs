//! Kakao Sync's simple sign-up: an app's service terms, agreeing to them, and revoking the agreement.

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
    /// The version that the person agreed to.
    pub version: i64,
}

/// A service term, and a person's agreement to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    pub term: &'a ServiceTerm,
    pub agreement: Option<&'a Agreement>,
}

impl Row<'_> {
    /// Whether the person can revoke the agreement.
    #[must_use]
    pub const fn revocable(&self) -> bool {
        self.agreement.is_some() && !self.term.required
    }
}

/// Returns the app's terms, each with the person's agreement to its present version.
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

/// Returns the terms that `tags` name.
///
/// # Errors
/// -2 when the app has none of the tags.
pub fn named<'a>(app: &'a App, link: &'a Link, tags: &[String]) -> Result<Vec<Row<'a>>, Refusal> {
    let found: Vec<_> = rows(app, Some(link)).filter(|row| tags.contains(&row.term.tag)).collect();
    if found.is_empty() {
        return Err(Problem::UnknownTags { tags: tags.join(","), app: app.settings.name.clone() }.into());
    }
    Ok(found)
}

/// Returns the link with agreements to `tags`, and the new ones among them. Unknown tags and agreed terms are ignored.
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

/// Returns the link without agreements to `tags`, and the revoked ones.
///
/// # Errors
/// -2 when no tag names a term of the app that the person agreed to, -3 when the app requires one.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{self, NOW};

    fn tags(tags: &[&str]) -> Vec<String> {
        tags.iter().map(|tag| (*tag).to_owned()).collect()
    }

    /// An app with required terms, optional ones, and a second version of some. The person agreed to all of them once.
    fn given() -> (App, Link) {
        let term = |tag: &str, required, version| ServiceTerm {
            tag: tag.to_owned(),
            title: tag.to_owned(),
            url: "https://a.example/".to_owned(),
            required,
            version,
        };
        let mut app = samples::app(&[]);
        app.settings.service_terms = vec![term("use", true, 1), term("news", false, 1), term("ads", false, 2)];
        let agreement = Agreement { at: Millis(5), by: AgreedBy::Kauth, version: 1 };
        let terms = tags(&["use", "news", "ads"]).into_iter().map(|tag| (tag, agreement)).collect();
        (app, Link { terms, ..samples::link(&[]) })
    }

    #[test]
    fn an_agreement_is_to_a_version() {
        let (app, link) = given();
        let of = |link| {
            let rows = rows(&app, link).map(|row| (row.term.tag.as_str(), row.agreement.is_some(), row.revocable()));
            rows.collect::<Vec<_>>()
        };
        assert_eq!(of(Some(&link)), [("use", true, false), ("news", true, true), ("ads", false, false)]);
        assert!(of(None).iter().all(|(_, agreed, revocable)| !agreed && !revocable));
    }

    #[test]
    fn calls_about_terms_need_simple_sign_up() {
        let (mut app, _) = given();
        let refusal = check_enabled(&app).expect_err("off");
        assert_eq!(refusal.problem, Problem::SimpleSignupOff { app: "App".to_owned() });
        app.settings.simple_signup.enabled = true;
        assert_eq!(check_enabled(&app), Ok(()));
    }

    #[test]
    fn tags_name_the_terms_of_the_app_and_at_least_one() {
        let (app, link) = given();
        let of = |sent: &[&str]| {
            let rows = named(&app, &link, &tags(sent));
            rows.map(|rows| rows.iter().map(|row| row.term.tag.clone()).collect::<Vec<_>>())
        };
        assert_eq!(of(&["ads", "use", "x"]), Ok(tags(&["use", "ads"])), "in the order of the app");
        let unknown = Problem::UnknownTags { tags: "x,y".to_owned(), app: "App".to_owned() };
        assert_eq!(of(&["x", "y"]), Err(unknown.into()));
        assert!(of(&[]).is_err());
    }

    #[test]
    fn agreeing_adds_what_is_new_and_passes_over_the_rest() {
        let (app, link) = given();
        let (after, added) = agree(&app, &link, &tags(&["use", "ads", "x"]), AgreedBy::Kapi, NOW);
        assert_eq!(added, ["ads"]);
        assert_eq!(after.terms["ads"], Agreement { at: NOW, by: AgreedBy::Kapi, version: 2 });
        assert_eq!(after.terms["use"], link.terms["use"], "what is agreed to keeps its time");
        assert_eq!(after.terms.len(), 3);
    }

    #[test]
    fn agreements_are_taken_back_all_or_nothing() {
        let (app, link) = given();
        let (after, revoked) = revoke(&app, &link, &tags(&["news", "x"])).expect("optional");
        assert_eq!((revoked, after.terms.contains_key("news"), after.terms.len()), (tags(&["news"]), false, 2));
        for (sent, problem) in [
            (&["use", "news"][..], Problem::NotRevocable { scopes: "use".to_owned() }),
            (&["ads"], Problem::NoTagsToRevoke { tags: "ads".to_owned(), app: "App".to_owned() }),
            (&["x", "y"], Problem::NoTagsToRevoke { tags: "x,y".to_owned(), app: "App".to_owned() }),
            (&[], Problem::NoTagsToRevoke { tags: String::new(), app: "App".to_owned() }),
        ] {
            assert_eq!(revoke(&app, &link, &tags(sent)), Err(problem.into()), "{sent:?}");
        }
    }
}
