//! Presets: people with special data that services often do not handle. One call adds one to a stand-in's world.

use kakaw_core::account::LoginId;
use kakaw_core::app::{App, Consent};
use kakaw_core::link::consent::SIGNUP_LIFETIME;
use kakaw_core::{AppId, UserId};
use kakaw_store::{accounts, apps, links};
use kakaw_wire::Expected;
use kakaw_wire::scope::Item;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::json::set;
use crate::refused::Refused;
use crate::world::World;
use kakaw_platform::manage::world_file::{self, WorldFile};
use kakaw_platform::manage::{self, Actor, ChangeApp, Version};

macro_rules! presets {
    ($($(#[doc = $about:literal])+ $variant:ident $id:literal;)*) => {
        /// A case that breaks services.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        pub enum Preset { $($(#[doc = $about])+ #[serde(rename = $id)] $variant,)* }

        impl Preset {
            /// Every preset.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word in requests.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// What is special, and what a service sees of it.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self { $(Self::$variant => concat!($($about),+).trim_start(),)* }
            }
        }
    };
}

presets! {
    /// The account has no email: `has_email` is false, and `email` is absent.
    NoEmail "no_email";
    /// The email is not verified: `is_email_verified` is false.
    UnverifiedEmail "unverified_email";
    /// The email now belongs to another account: `is_email_valid` is false.
    InvalidEmail "invalid_email";
    /// Linked, but the person did not agree to share the email: `email_needs_agreement` is true and `email` is absent.
    DeclinedEmail "declined_email";
    /// No nickname and no picture: the default nickname is returned, marked by `is_default_nickname`.
    NoProfile "no_profile";
    /// No KakaoTalk account, so no phone number: `phone_number` is absent.
    NoTalk "no_talk";
    /// A child of ten: apps may refuse the login (`access_denied`, `Not allowed under age 14`).
    Under14 "under_14";
    /// The account is restricted: the login ends on a page.
    Restricted "restricted";
    /// The app becomes a test app, and the person is not in its team (KOE005).
    NotTeamMember "not_team_member";
    /// Never linked with the app: calls with the admin key get -101.
    NotLinked "not_linked";
    /// Linked, but the sign-up is not finished (-102); it expires in 24 hours.
    PreRegistered "pre_registered";
}

/// A preset, as the control API returns it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Known {
    pub preset: Preset,
    /// What is special.
    pub about: String,
}

/// Every preset.
#[must_use]
pub fn known() -> Vec<Known> {
    Preset::ALL.iter().map(|preset| Known { preset: *preset, about: preset.about().to_owned() }).collect()
}

/// Which preset, for which app.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UsePreset {
    /// Name of the preset; `presets` lists them.
    pub preset: Preset,
    /// App id; default: the first app of the world.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<i64>,
    /// Login id of the person; default: the preset's name with dashes. An existing account with this id is changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
}

/// Who is in the world now.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Made {
    /// Login id.
    pub person: String,
    /// Password for the login page.
    pub password: String,
    /// App id.
    pub app: i64,
    /// The person's user id there, if linked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<i64>")]
    pub user_id: Option<UserId>,
    /// What is special.
    pub about: String,
}

impl UsePreset {
    /// # Errors
    /// There is no such app, or the database failed.
    pub async fn run(&self, world: &World) -> Result<Made, Refused> {
        let app = match self.app {
            Some(id) => apps::by_id(&world.platform.store, AppId(id))
                .await?
                .ok_or_else(|| manage::Refused::problem("app", id, Expected::KnownApp {}))?,
            None => apps::page(&world.platform.store, i64::MIN, 1)
                .await?
                .into_iter()
                .next()
                .ok_or_else(|| Refused::Wrong("the world has no app".to_owned()))?,
        };
        let login = self.login.clone().unwrap_or_else(|| self.preset.id().replace('_', "-"));
        let password = format!("{login}-password");
        let person = person(world, self.preset, &app, &login, &password);
        if self.preset == Preset::NotTeamMember {
            make_test_app(world, &app, &login).await?;
        }
        let file: WorldFile = serde_json::from_value(json!({ "people": [person] }))
            .map_err(|error| Refused::Wrong(format!("login: {login:?} is not a valid login id: {error}")))?;
        world_file::apply(&world.platform, &Actor::ControlApi, &file).await?;
        let stored = accounts::by_login(&world.platform.store, &LoginId::of(&login)).await?;
        let link = match &stored {
            Some(stored) => links::of(&world.platform.store, app.id, stored.account.id).await?,
            None => None,
        };
        let user_id = link.filter(|link| link.connected).map(|link| link.user_id);
        Ok(Made { person: login, password, app: app.id.0, user_id, about: self.preset.about().to_owned() })
    }
}

/// Returns a person with every attribute, minus what the preset removes, in the format of a world file.
fn person(world: &World, preset: Preset, app: &App, login: &str, password: &str) -> Value {
    let mut person = json!({
        "id": login,
        "email": format!("{}@kakaw.example", login.replace(|c: char| !c.is_ascii_alphanumeric(), "-")),
        "password": password,
        "nickname": "프리셋",
        "talk": true,
        "phone_number": "+82 10-0000-0000",
        "birthyear": "1995",
        "birthday": "1130",
    });
    let items = app.settings.consent_items.iter().filter(|(_, item)| item.consent != Consent::OnUse);
    let agreed: Vec<Item> = items.map(|(item, _)| *item).collect();
    match preset {
        Preset::NoEmail => set(&mut person, "email", Value::Null),
        Preset::UnverifiedEmail => set(&mut person, "email_verified", false),
        Preset::InvalidEmail => set(&mut person, "email_valid", false),
        Preset::DeclinedEmail => {
            let others: Vec<&Item> = agreed.iter().filter(|item| **item != Item::AccountEmail).collect();
            set(&mut person, "links", json!([{ "app": app.id, "scopes": others }]));
        }
        Preset::NoProfile => set(&mut person, "nickname", Value::Null),
        Preset::NoTalk => {
            set(&mut person, "talk", false);
            set(&mut person, "phone_number", Value::Null);
        }
        Preset::Under14 => {
            let year: i32 = world.now().rfc3339().get(..4).and_then(|year| year.parse().ok()).unwrap_or(2026);
            set(&mut person, "birthyear", (year - 10).to_string());
        }
        Preset::Restricted => set(&mut person, "restricted", true),
        Preset::NotTeamMember | Preset::NotLinked => {}
        Preset::PreRegistered => {
            let due = (world.now() + SIGNUP_LIFETIME).rfc3339();
            set(&mut person, "links", json!([{ "app": app.id, "scopes": agreed, "signup_due": due }]));
        }
    }
    person
}

async fn make_test_app(world: &World, app: &App, login: &str) -> Result<(), Refused> {
    let mut change = ChangeApp { id: app.id.0, settings: app.settings.clone() };
    change.settings.test_app = true;
    change.settings.team.retain(|member| member != login);
    change.run(&world.platform, &Actor::ControlApi, Some(Version(app.version))).await?;
    Ok(())
}
