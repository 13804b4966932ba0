//! Who stands before an authorization request.

use kakaw_core::GrantId;
use kakaw_core::account::Account;
use kakaw_core::account::session::Session;
use kakaw_core::app::App;
use kakaw_core::authorize::Visitor;
use kakaw_core::link::Link;
use kakaw_store::{accounts, grants, links, sessions};
use kakaw_wire::problem::Problem;
use kakaw_wire::scope::Item;

use super::step::Step;
use crate::http::error::Error;
use crate::request::context::Here;
use crate::request::settled::Unattended;

/// Who came, as the store knows them.
pub struct Visit {
    pub session: Session,
    pub account: Account,
    pub link: Option<Link>,
    pub fresh: bool,
    pub chosen: bool,
    /// Whether an `agt` named the person: nobody is logged in to the account.
    pub by_agt: bool,
}

impl Visit {
    /// Who is logged in in this browser, or whom the step's `agt` named.
    pub async fn load(here: &Here, app: &App, step: &Step) -> Result<Option<Self>, Error> {
        if let Some(grant_id) = step.agt {
            return Self::by_agt(here, app, grant_id).await;
        }
        let Some(id) = here.session_id() else { return Ok(None) };
        let Some((session, account)) = sessions::with_account(&here.platform.store, &id).await? else {
            return Ok(None);
        };
        if !session.is_live(account.epoch, here.platform.now()) {
            return Ok(None);
        }
        let link = links::of(&here.platform.store, app.id, account.id).await?;
        let fresh = step.session != session.id;
        let chosen = step.chosen == session.id;
        Ok(Some(Self { session, account, link, fresh, chosen, by_agt: false }))
    }

    /// The person of an access token, for as long as its grant stands.
    async fn by_agt(here: &Here, app: &App, grant_id: GrantId) -> Result<Option<Self>, Error> {
        let bearer = grants::bearer(&here.platform.store, grant_id).await?;
        let Some(bearer) = bearer.filter(|bearer| bearer.live().is_ok() && bearer.grant.authorization.app_id == app.id)
        else {
            let reason = "the access token that it was made with has ended".to_owned();
            return Err(Problem::MalformedRequest { parameter: "agt".to_owned(), reason }.into());
        };
        let session = Session {
            id: String::new(),
            account_id: bearer.account.id,
            auth_time: bearer.grant.authorization.auth_time,
            expires_at: bearer.grant.refresh_expires_at,
            account_epoch: bearer.account.epoch,
        };
        let (account, link) = (bearer.account, Some(bearer.link));
        Ok(Some(Self { session, account, link, fresh: true, chosen: true, by_agt: true }))
    }

    /// A person who answers without pages, as if they had just logged in.
    pub async fn unattended(here: &Here, app: &App, unattended: &Unattended) -> Result<Self, Error> {
        if let Some(unknown) = unattended.only.iter().flatten().find(|one| !is_asked(app, one)) {
            let reason =
                format!("only names {unknown:?}, which is no consent item, service term or channel of this app");
            return Err(Problem::MalformedRequest { parameter: unattended.named_by.to_owned(), reason }.into());
        }
        let stored = accounts::by_login(&here.platform.store, &unattended.person).await?.ok_or_else(|| {
            let reason = format!("nobody logs in with {:?}", unattended.person);
            Problem::MalformedRequest { parameter: unattended.named_by.to_owned(), reason }
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
        Ok(Self { session, account, link, fresh: true, chosen: true, by_agt: true })
    }

    /// As the decision needs them.
    pub const fn visitor(&self) -> Visitor<'_> {
        Visitor { account: &self.account, link: self.link.as_ref(), fresh: self.fresh, chosen: self.chosen }
    }
}

/// Whether the app can ask for a consent item, service term or channel of this name.
fn is_asked(app: &App, name: &str) -> bool {
    let settings = &app.settings;
    Item::from_id(name).is_some_and(|item| settings.item(item).is_some())
        || settings.service_terms.iter().any(|term| term.tag == name)
        || settings.channels.iter().any(|channel| channel.id == name)
}
