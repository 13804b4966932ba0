//! What comes next for the person in front of an authorization request.

use kakaw_wire::Problem;
use kakaw_wire::scope::Item;

use crate::Millis;
use crate::account::Account;
use crate::app::AppSettings;
use crate::authorize::Request;
use crate::diagnosis::Refusal;
use crate::link::Link;
use crate::link::consent::{self, Ask};

/// The next page or response.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// The person must agree to the account's own terms first.
    AgreeToTerms,
    /// Show the account chooser.
    ChooseAccount,
    /// Show the page that creates an account.
    CreateAccount,
    /// Show the consent screen.
    Consent(Ask),
    /// Issue a code for these scopes.
    Issue { scopes: Vec<Item> },
    /// Show the log-in page.
    LogIn,
    /// Send the person back with this error.
    Refuse(Problem),
    /// Show that the account is restricted.
    Restricted,
    /// Show an error page.
    Stop(Refusal),
}

/// The person that the request is about.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub account: &'a Account,
    /// The link to the request's app, connected or not.
    pub link: Option<&'a Link>,
    /// Whether the person logged in *for this request*, which satisfies `prompt=login`.
    pub fresh: bool,
    /// Whether the account was chosen for this request, which satisfies `prompt=select_account`.
    pub chosen: bool,
}

impl Request<'_> {
    /// Decides what comes next. `subject` is `None` when the request came without a live session.
    #[must_use]
    pub fn next(&self, subject: Option<Subject<'_>>, now: Millis) -> Next {
        let subject = match self.subject(subject) {
            Ok(subject) => subject,
            Err(next) => return next,
        };
        let silent = self.prompt().none;
        let Subject { account, link, .. } = subject;
        let settings = &self.app().settings;
        if account.restricted {
            return if silent { Next::Refuse(Problem::Restricted {}) } else { Next::Restricted };
        }
        if !account.agreed_to_terms {
            return if silent { Next::Refuse(Problem::TermsNeeded {}) } else { Next::AgreeToTerms };
        }
        if settings.test_app && !is_of_team(settings, account) {
            let refusal = Refusal::new(Problem::NotTeamMember { app: settings.name.clone() });
            return Next::Stop(refusal.because(format!("the team is: {}", settings.team.join(", "))));
        }
        if settings.denies_age_of(&account.attributes, now) {
            return Next::Refuse(Problem::UnderAge {});
        }
        let linked = link.filter(|link| link.connected);
        let ask = consent::ask(self.app(), &account.attributes, linked, self.wanted());
        match (linked, ask.is_empty()) {
            (Some(link), true) => Next::Issue { scopes: link.agreed(self.app()) },
            (Some(_), false) if silent && ask.only_collects() => Next::Refuse(Problem::CollectionNeeded {}),
            _ if silent => Next::Refuse(Problem::ConsentMissing {}),
            _ => Next::Consent(ask),
        }
    }

    /// Returns the person who may continue, or what they must do first.
    fn subject<'s>(&self, subject: Option<Subject<'s>>) -> Result<Subject<'s>, Next> {
        let prompt = self.prompt();
        match subject {
            Some(subject) if subject.fresh => Ok(subject),
            _ if prompt.create => Err(Next::CreateAccount),
            // A restricted person learns of the restriction first.
            Some(subject) if prompt.select_account && !subject.chosen && subject.account.restricted => Ok(subject),
            Some(subject) if prompt.select_account && !subject.chosen => Err(Next::ChooseAccount),
            Some(subject) if !prompt.login => Ok(subject),
            _ if prompt.none => Err(Next::Refuse(Problem::NotLoggedIn {})),
            _ => Err(Next::LogIn),
        }
    }
}

fn is_of_team(settings: &AppSettings, account: &Account) -> bool {
    let of_team = |login: &Option<String>| login.as_ref().is_some_and(|login| settings.team.contains(login));
    // An address that a person only typed on a consent screen is not verified, so it does not make them a member.
    let by_email = account.attributes.email_verified && of_team(&account.attributes.email);
    by_email || of_team(&account.attributes.id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kakaw_wire::form::Pairs;

    use super::*;
    use crate::account::Attributes;
    use crate::app::{App, AppKey, Consent, ConsentItem, KeyKind, KeySettings, Under14};
    use crate::authorize::Parameters;
    use crate::policy::Policy;
    use crate::{AccountId, AppId, UserId};

    const NOW: Millis = Millis(1_800_000_000_000);

    fn item(consent: Consent, collect_if_missing: bool) -> ConsentItem {
        let purpose = String::new();
        ConsentItem { consent, collect_if_missing, collect_since: Millis(0), purpose, permission: true }
    }

    fn app() -> App {
        let consent_items = [(Item::ProfileNickname, item(Consent::Required, false))].into();
        App { id: AppId(1), version: 1, settings: AppSettings { consent_items, ..AppSettings::new("App") } }
    }

    fn account() -> Account {
        let attributes = Attributes {
            id: Some("ryan".to_owned()),
            email: Some("ryan@example.com".to_owned()),
            nickname: Some("Ryan".to_owned()),
            ..Attributes::default()
        };
        Account { id: AccountId(7), version: 1, epoch: 0, restricted: false, agreed_to_terms: true, attributes }
    }

    fn link() -> Link {
        let consents: BTreeMap<_, _> = [(Item::ProfileNickname, NOW)].into();
        Link { consents, ..Link::new(AppId(1), AccountId(7), UserId(1 << 32), NOW) }
    }

    fn next(query: &str, app: &App, subject: Option<Subject<'_>>) -> Next {
        let query = format!("client_id=k&redirect_uri=https%3A%2F%2Fa.example%2F&response_type=code&{query}");
        let parameters = Parameters::parse(&Pairs::parse(&query).expect("decodes")).expect("good form");
        let settings = KeySettings { redirect_uris: vec!["https://a.example/".to_owned()], ..KeySettings::default() };
        let kind = KeyKind::RestApi;
        let key = "k".to_owned();
        let key = AppKey { key, app_id: app.id, kind, epoch: 0, deleted: false, settings, secret_hash: None };
        Request::check(&parameters, Some((app, &key)), &Policy::DEV).expect("good").next(subject, NOW)
    }

    #[test]
    fn a_person_without_a_session_logs_in_or_is_refused() {
        for (query, expected) in [
            ("", Next::LogIn),
            ("prompt=login", Next::LogIn),
            ("prompt=select_account", Next::LogIn),
            ("prompt=create", Next::CreateAccount),
            ("prompt=none", Next::Refuse(Problem::NotLoggedIn {})),
        ] {
            assert_eq!(next(query, &app(), None), expected, "{query}");
        }
    }

    #[test]
    fn prompts_are_satisfied_by_this_request_only() {
        let (account, link) = (account(), link());
        let restricted = Account { restricted: true, ..account.clone() };
        let issue = Next::Issue { scopes: vec![Item::ProfileNickname] };
        for (query, account, fresh, chosen, expected) in [
            ("", &account, false, false, issue.clone()),
            ("prompt=login", &account, false, false, Next::LogIn),
            ("prompt=cert", &account, false, false, Next::LogIn),
            ("prompt=login", &account, true, false, issue.clone()),
            ("prompt=select_account", &account, false, false, Next::ChooseAccount),
            ("prompt=select_account", &account, false, true, issue.clone()),
            ("prompt=select_account", &account, true, false, issue.clone()),
            ("prompt=select_account", &restricted, false, false, Next::Restricted),
            ("prompt=login,select_account", &account, false, false, Next::ChooseAccount),
            ("prompt=login,select_account", &account, false, true, Next::LogIn),
            ("prompt=create", &account, false, false, Next::CreateAccount),
            ("prompt=create", &account, true, false, issue.clone()),
            ("prompt=none", &account, false, false, issue.clone()),
        ] {
            let subject = Subject { account, link: Some(&link), fresh, chosen };
            assert_eq!(next(query, &app(), Some(subject)), expected, "{query} {fresh} {chosen}");
        }
    }

    /// The obstacles that a page shows or a redirect reports, in their order.
    #[test]
    fn what_stands_in_the_way_comes_in_this_order() {
        let link = link();
        let of = |query: &str, app: &App, account: &Account, link: Option<&Link>| {
            next(query, app, Some(Subject { account, link, fresh: false, chosen: false }))
        };
        let restricted = Account { restricted: true, agreed_to_terms: false, ..account() };
        assert_eq!(of("", &app(), &restricted, None), Next::Restricted);
        assert_eq!(of("prompt=none", &app(), &restricted, None), Next::Refuse(Problem::Restricted {}));
        let newcomer = Account { agreed_to_terms: false, ..account() };
        assert_eq!(of("", &app(), &newcomer, None), Next::AgreeToTerms);
        assert_eq!(of("prompt=none", &app(), &newcomer, None), Next::Refuse(Problem::TermsNeeded {}));
        assert!(matches!(of("", &app(), &account(), None), Next::Consent(_)), "not linked yet");
        assert_eq!(of("prompt=none", &app(), &account(), None), Next::Refuse(Problem::ConsentMissing {}));
        let unlinked = Link { connected: false, ..link.clone() };
        assert!(matches!(of("", &app(), &account(), Some(&unlinked)), Next::Consent(_)), "linked once is not linked");
        assert_eq!(of("", &app(), &account(), Some(&link)), Next::Issue { scopes: vec![Item::ProfileNickname] });
    }

    #[test]
    fn a_linked_person_is_asked_only_for_what_scope_names() {
        let mut app = app();
        app.settings.consent_items.insert(Item::Gender, item(Consent::OnUse, false));
        let attributes = Attributes { gender: Some(crate::account::Gender::Male), ..account().attributes };
        let (account, link) = (Account { attributes, ..account() }, link());
        let subject = Subject { account: &account, link: Some(&link), fresh: false, chosen: false };
        assert!(matches!(next("", &app, Some(subject)), Next::Issue { .. }));
        assert!(matches!(next("scope=gender", &app, Some(subject)), Next::Consent(_)));
        assert_eq!(next("scope=gender&prompt=none", &app, Some(subject)), Next::Refuse(Problem::ConsentMissing {}));
    }

    #[test]
    fn a_value_that_is_still_to_be_collected_has_an_error_of_its_own() {
        let mut app = app();
        app.settings.consent_items.insert(Item::Birthyear, item(Consent::Optional, true));
        app.settings.consent_items.insert(Item::Gender, item(Consent::Optional, true));
        let (account, mut link) = (account(), link());
        link.consents.insert(Item::Birthyear, NOW);
        let subject = Subject { account: &account, link: Some(&link), fresh: false, chosen: false };
        assert!(matches!(next("", &app, Some(subject)), Next::Consent(_)));
        assert_eq!(next("prompt=none", &app, Some(subject)), Next::Refuse(Problem::CollectionNeeded {}));
        let more = next("prompt=none&scope=gender", &app, Some(subject));
        assert_eq!(more, Next::Refuse(Problem::ConsentMissing {}), "gender is not agreed to yet");
    }

    #[test]
    fn a_test_app_is_for_its_team() {
        let team = |logins: &[&str]| {
            let team = logins.iter().map(|login| (*login).to_owned()).collect();
            App { settings: AppSettings { test_app: true, team, ..app().settings }, ..app() }
        };
        let link = link();
        let verified = |email_verified| {
            let id = None;
            Account { attributes: Attributes { email_verified, id, ..account().attributes }, ..account() }
        };
        let of = |app: &App, account: &Account| {
            next("", app, Some(Subject { account, link: Some(&link), fresh: false, chosen: false }))
        };
        assert!(matches!(of(&team(&["ryan"]), &account()), Next::Issue { .. }));
        assert!(matches!(of(&team(&["ryan@example.com"]), &verified(true)), Next::Issue { .. }));
        assert!(matches!(of(&team(&["ryan@example.com"]), &verified(false)), Next::Stop(_)), "only typed");
        assert!(matches!(of(&team(&[]), &account()), Next::Stop(refusal) if refusal.problem.code().id() == "KOE005"));
    }

    #[test]
    fn an_app_may_be_closed_to_children() {
        let app = App { settings: AppSettings { under_14: Under14::Deny, ..app().settings }, ..app() };
        let born = |year: &str, parental_consent| {
            let (birthyear, birthday) = (Some(year.to_owned()), Some("0101".to_owned()));
            let attributes = Attributes { birthyear, birthday, parental_consent, ..account().attributes };
            Account { attributes, ..account() }
        };
        let link = link();
        let of = |app: &App, account: &Account| {
            next("", app, Some(Subject { account, link: Some(&link), fresh: false, chosen: false }))
        };
        assert_eq!(of(&app, &born("2020", true)), Next::Refuse(Problem::UnderAge {}));
        assert!(matches!(of(&app, &born("1990", false)), Next::Issue { .. }));
        let parents = App { settings: AppSettings { under_14: Under14::ParentalConsent, ..app.settings }, ..app };
        assert_eq!(of(&parents, &born("2020", false)), Next::Refuse(Problem::UnderAge {}));
        assert!(matches!(of(&parents, &born("2020", true)), Next::Issue { .. }));
    }
}
