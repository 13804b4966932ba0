//! The subject: the person that an authorization request is about.

use kakaw_core::account::session::SessionId;
use kakaw_core::account::{Account, LoginId};
use kakaw_core::app::App;
use kakaw_core::authorize;
use kakaw_core::link::Link;
use kakaw_core::{GrantId, Millis};
use kakaw_store::{accounts, grants, links, sessions};
use kakaw_wire::problem::Problem;
use kakaw_wire::scope::Item;

use super::interaction::Interaction;
use crate::http::error::Error;
use crate::manage::at_rest;
use crate::request::context::RequestContext;
use crate::request::settled::Unattended;

/// The person, as stored.
pub(super) struct Subject {
    pub account: Account,
    pub link: Option<Link>,
    /// When they authenticated.
    pub auth_time: Millis,
    pub by: By,
}

/// How the request identifies the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum By {
    /// By the account's session in this browser.
    Session {
        id: SessionId,
        /// Whether they logged in for this request.
        fresh: bool,
        /// Whether they chose this account for this request.
        chosen: bool,
    },
    /// By an access token (`agt`), without a session of the account.
    AccessToken,
    /// By a layer in front, which says who answers without pages.
    Unattended,
}

impl Subject {
    /// Loads the person: from a layer in front, from the interaction's access token, or from the session.
    pub(super) async fn load(
        context: &RequestContext,
        app: &App,
        interaction: &Interaction,
    ) -> Result<Option<Self>, Error> {
        if let Some(unattended) = context.unattended() {
            return Ok(Some(Self::unattended(context, app, unattended).await?));
        }
        match interaction.agt {
            Some(grant_id) => Ok(Some(Self::by_access_token(context, app, grant_id).await?)),
            None => Self::by_session(context, app, interaction).await,
        }
    }

    async fn by_session(context: &RequestContext, app: &App, interaction: &Interaction) -> Result<Option<Self>, Error> {
        let Some(id) = context.session_id() else { return Ok(None) };
        let Some((session, account)) = sessions::with_account(&context.platform.store, &id).await? else {
            return Ok(None);
        };
        if !session.is_live(account.epoch, context.platform.now()) {
            return Ok(None);
        }
        let link = links::of(&context.platform.store, app.id, account.id).await?;
        let (fresh, chosen) =
            (interaction.session.as_ref() != Some(&session.id), interaction.chosen.as_ref() == Some(&session.id));
        let by = By::Session { id: session.id, fresh, chosen };
        Ok(Some(Self { account, link, auth_time: session.auth_time, by }))
    }

    /// Loads the person of an access token, while its grant is live.
    async fn by_access_token(context: &RequestContext, app: &App, grant_id: GrantId) -> Result<Self, Error> {
        let bearer = grants::bearer(&context.platform.store, grant_id).await?;
        let Some(bearer) = bearer.filter(|bearer| bearer.live().is_ok() && bearer.grant.authorization.app_id == app.id)
        else {
            let reason = "the access token that it was made with has ended".to_owned();
            return Err(Problem::MalformedRequest { parameter: "agt".to_owned(), reason }.into());
        };
        let (mut account, link) = (bearer.account, Some(bearer.link));
        at_rest::open(&context.platform, &mut account)?;
        Ok(Self { account, link, auth_time: bearer.grant.authorization.auth_time, by: By::AccessToken })
    }

    /// Loads a person who answers without pages, as if they had just logged in.
    async fn unattended(context: &RequestContext, app: &App, unattended: &Unattended) -> Result<Self, Error> {
        let malformed = |reason| Problem::MalformedRequest { parameter: unattended.named_by.to_owned(), reason };
        if let Some(unknown) = unattended.only.iter().flatten().find(|one| !may_ask_for(app, one)) {
            return Err(malformed(format!(
                "only names {unknown:?}, which is no consent item, service term or channel of this app"
            ))
            .into());
        }
        let stored = accounts::by_login(&context.platform.store, &LoginId::of(&unattended.person)).await?;
        // Without the id, which may be a person's address: this text is in the log, too.
        let stored = stored.ok_or_else(|| malformed("there is no account with this login id".to_owned()))?;
        let link = links::of(&context.platform.store, app.id, stored.account.id).await?;
        Ok(Self { account: stored.account, link, auth_time: context.platform.now(), by: By::Unattended })
    }

    /// Returns the values that the decision needs.
    pub(crate) const fn decided_on(&self) -> authorize::Subject<'_> {
        let (fresh, chosen) = match self.by {
            By::Session { fresh, chosen, .. } => (fresh, chosen),
            By::AccessToken | By::Unattended => (true, true),
        };
        authorize::Subject { account: &self.account, link: self.link.as_ref(), fresh, chosen }
    }

    /// Returns the id of the account's session in this browser, if it identified the person.
    pub(super) const fn session_id(&self) -> Option<&SessionId> {
        match &self.by {
            By::Session { id, .. } => Some(id),
            By::AccessToken | By::Unattended => None,
        }
    }

    /// Whether another person may log in instead. A token always belongs to one person.
    pub(crate) fn may_change(&self) -> bool {
        self.by != By::AccessToken
    }

    /// Returns the log-in id, for the diagnosis.
    pub(super) fn login(&self) -> &str {
        let attributes = &self.account.attributes;
        attributes.email.as_deref().or(attributes.id.as_deref()).unwrap_or_default()
    }
}

/// Whether the app can ask for a consent item, service term or channel with this name.
fn may_ask_for(app: &App, name: &str) -> bool {
    let settings = &app.settings;
    Item::from_id(name).is_some_and(|item| settings.item(item).is_some())
        || settings.service_terms.iter().any(|term| term.tag == name)
        || settings.channels.iter().any(|channel| channel.id == name)
}
