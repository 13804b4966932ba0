//! Log-ins without pages, in a stand-in only: `login_hint=kakaw:PERSON`, or the header `Kakaw-Login: PERSON`.
//!
//! `PERSON` is a log-in id; `;deny` after it presses Cancel, whether anything would be asked or not;
//! `;only=profile_nickname,use` agrees to these items, service terms and channels only. Otherwise the person agrees to
//! everything that is asked. The control API says the same by values ([`Unattended`]), which nobody parses again.

use axum::http::HeaderMap;
use kakaw_core::app::App;
use kakaw_core::authorize::Next;
use kakaw_core::consent::{Ask, Submitted};
use kakaw_core::session::Session;
use kakaw_store::{accounts, links};
use kakaw_wire::Problem;
use kakaw_wire::authorize::Params;
use kakaw_wire::form::Pairs;
use kakaw_wire::scope;

use super::Visit;
use kakaw_platform::http::error::Error;
use kakaw_platform::request::context::Here;

/// The header.
pub const HEADER: &str = "kakaw-login";

/// The person whom a request names, for fault rules.
#[must_use]
pub fn hinted<'a>(headers: &'a HeaderMap, query: &'a Pairs) -> Option<&'a str> {
    let hint = query.one("login_hint").ok().flatten().and_then(|hint| hint.strip_prefix("kakaw:"));
    let header = || headers.get(HEADER).and_then(|value| value.to_str().ok());
    hint.or_else(header)?.split(';').next().map(str::trim)
}

/// Who logs in, and what they answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unattended {
    /// A log-in id.
    pub person: String,
    /// Whether they press Cancel.
    pub deny: bool,
    /// The items, service terms and channels that they agree to; nothing = all that are asked.
    pub only: Option<Vec<String>>,
    /// What named the person, for who named nobody.
    pub named_by: &'static str,
}

impl Unattended {
    /// What the request says, in a stand-in.
    pub fn of(here: &Here, params: &Params, headers: &HeaderMap) -> Option<Self> {
        let hint = params.login_hint.as_deref().and_then(|hint| hint.strip_prefix("kakaw:"));
        let hint = hint.map(|text| Self::parse(text, "login_hint"));
        let header = || headers.get(HEADER).and_then(|value| value.to_str().ok());
        let said = hint.or_else(|| header().map(|text| Self::parse(text, HEADER)));
        said.filter(|_| here.platform.is_dev())
    }

    fn parse(text: &str, named_by: &'static str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let person = parts.next().unwrap_or_default().to_owned();
        let mut unattended = Self { person, deny: false, only: None, named_by };
        for part in parts {
            match part.split_once('=') {
                Some(("only", list)) => unattended.only = Some(scope::split(list).map(str::to_owned).collect()),
                _ => unattended.deny |= part == "deny",
            }
        }
        unattended
    }

    /// The person, as if they had just logged in.
    pub(super) async fn visit(&self, here: &Here, app: &App) -> Result<Visit, Error> {
        let stored = accounts::by_login(&here.platform.store, &self.person).await?.ok_or_else(|| {
            let reason = format!("nobody logs in with {:?}", self.person);
            Problem::MalformedRequest { parameter: self.named_by.to_owned(), reason }
        })?;
        let account = stored.account;
        let link = links::of(&here.platform.store, app.id, account.id).await?;
        let now = here.platform.now();
        let session = Session {
            id: String::new(),
            account_id: account.id,
            auth_time: now,
            expires_at: now,
            account_epoch: account.epoch,
        };
        Ok(Visit { session, account, link, fresh: true, chosen: true, by_agt: true })
    }

    /// What comes of it that they press Cancel, if they do: they are not asked, and get no code although they are linked.
    pub fn cancel(&self, next: Next) -> Next {
        match next {
            Next::AgreeToTerms | Next::Consent(_) | Next::Issue { .. } if self.deny => {
                Next::Refuse(Problem::UserDenied {})
            }
            next => next,
        }
    }

    /// What the person sends back from the consent screen.
    pub fn answer(&self, ask: &Ask) -> Submitted {
        let ticked = |id: &str| self.only.as_ref().is_none_or(|only| only.iter().any(|one| one == id));
        let all = |ids: Vec<&str>| ids.into_iter().filter(|id| ticked(id)).map(str::to_owned).collect();
        Submitted {
            scope: all(ask.items.iter().map(|row| row.item.id()).collect()),
            terms: all(ask.terms.iter().map(|term| term.tag.as_str()).collect()),
            channels: all(ask.channels.iter().map(|channel| channel.id.as_str()).collect()),
            values: Default::default(),
            // There is nobody to show the form again to.
            again: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_read() {
        let plain =
            Unattended { person: "ryan@example.com".to_owned(), deny: false, only: None, named_by: "login_hint" };
        let parse = |text: &str| Unattended::parse(text, "login_hint");
        assert_eq!(parse("ryan@example.com"), plain);
        assert_eq!(parse("ryan@example.com; deny"), Unattended { deny: true, ..plain.clone() });
        let only = Some(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(parse("ryan@example.com;only=a,b"), Unattended { only, ..plain });
    }
}
