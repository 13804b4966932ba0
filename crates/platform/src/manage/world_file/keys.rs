//! The documentation of every key of a world file; `docs/reference/world-file.md` is made from it.

/// A key of a world file.
#[derive(Debug)]
pub struct Key {
    /// The table that it stands in.
    pub table: &'static str,
    pub name: &'static str,
    pub kind: &'static str,
    pub doc: &'static str,
}

const fn key(table: &'static str, name: &'static str, kind: &'static str, doc: &'static str) -> Key {
    Key { table, name, kind, doc }
}

const APP: &str = "[[apps]]";
const REST: &str = "[[apps.rest_api_keys]]";
const JAVASCRIPT: &str = "[[apps.javascript_keys]]";
const NATIVE: &str = "[[apps.native_keys]]";
const ADMIN: &str = "[[apps.admin_keys]]";
const ITEMS: &str = "[apps.consent_items]";
const PERSON: &str = "[[people]]";
const LINK: &str = "[[people.links]]";
const APP_KEY: &str = "32 lower-case hexadecimal characters. Absent: in `dev` made from app, kind and place, the same each \
                       time; in `serve` random, and kept.";

/// Every key of a world file.
pub const KEYS: &[Key] = &[
    key(APP, "id", "integer", "App id. Required."),
    key(APP, "name", "text", "Name that people read on the consent screen. Required."),
    key(APP, "company", "text", "Company behind the app."),
    key(APP, "kakao_login", "boolean", "Activation. Default `true`; `false` answers KOE004."),
    key(
        APP,
        "oidc",
        "boolean",
        "OpenID Connect: ID tokens are issued. Default `false`; then `openid` in `scope` is KOE205.",
    ),
    key(APP, "test_app", "boolean", "Only team members may log in, else KOE005. Default `false`."),
    key(
        APP,
        "under_14",
        "\"allow\", \"parental_consent\" or \"deny\"",
        "Whether people under 14 may use the app; with `\"parental_consent\"` those whose parents agreed. Default `\"allow\"`.",
    ),
    key(APP, "team", "list of log-in ids", "Members of the app's team. An email counts only if it is verified."),
    key(
        APP,
        "logout_redirect_uris",
        "list of URIs",
        "Where `/oauth/logout` may send people: as redirect URIs, compared letter for letter (KOE007).",
    ),
    key(
        APP,
        "legacy_properties",
        "boolean",
        "Whether `/v2/user/me` repeats nickname and pictures in `properties`, as older libraries read them. Default: on in `dev`.",
    ),
    key(APP, "rest_api_keys", "tables", "REST API keys."),
    key(APP, "javascript_keys", "tables", "JavaScript keys."),
    key(APP, "native_keys", "tables", "Native app keys."),
    key(APP, "admin_keys", "tables", "Admin keys. Webhooks carry the primary one, or else the first."),
    key(
        APP,
        "standing",
        "\"active\", \"blocked\" or \"suspended\"",
        "Blocked and suspended apps get -12 and -13. Default `\"active\"`.",
    ),
    key(
        APP,
        "business",
        "boolean",
        "Whether the app is registered to a business. `false`: items that Kakao gives to business apps are refused. Default `true`.",
    ),
    key(
        APP,
        "permissions",
        "list of permissions",
        "By their documented names. `OIDC_SSE_SUPPORTED`: account-status events of RISC and CAEP. `INCREASED_APP_KEY_COUNT`: more than five keys of a kind. The others are kept and change nothing here.",
    ),
    key(
        APP,
        "user_properties",
        "list of names",
        "Keys that `/v1/user/update_profile` and `/v1/user/signup` may store.",
    ),
    key(
        APP,
        "automatic_link",
        "boolean",
        "`false`: people wait for `/v1/user/signup`, and are unlinked after 24 hours without it. Default `true`.",
    ),
    key(
        APP,
        "simple_signup",
        "table",
        "Kakao Sync: `enabled` shows items, terms and channels on one screen; it needs `review_passed = true`.",
    ),
    key(
        APP,
        "webhooks",
        "table",
        "`unlink = { url, method }` with `\"GET\"` or `\"POST\"` (default), and `account_status = { url, events }` with event types such as `\"user-unlinked\"`.",
    ),
    key(
        APP,
        "quotas",
        "table",
        "`user_ids`, `calls`, `tokens`: limits a minute of this app, in place of the configuration's; 0 means none.",
    ),
    key(
        APP,
        "service_terms",
        "tables",
        "Service terms in the order of the screen: `tag`, `title`, `url`, `required` (default `false`), `version` (default 1; after a new one people have not agreed yet).",
    ),
    key(APP, "channels", "tables", "Connected Talk Channels: `id`, such as `_ZeUTxl`, and `name`."),
    key(APP, "consent_items", "table", "Consent items that the app uses."),
    key(REST, "key", "text", APP_KEY),
    key(
        REST,
        "client_secret",
        "text",
        "Absent: the client-secret feature is off for this key. `serve` wants 128 bits at least.",
    ),
    key(
        REST,
        "redirect_uris",
        "list of URIs",
        "`http` or `https` with a host, without fragment, user name and wildcard; compared letter for letter (KOE006).",
    ),
    key(
        REST,
        "allowed_ips",
        "list of addresses",
        "From where the key and its tokens may be used: addresses, CIDR blocks, or address/mask. Absent: from everywhere.",
    ),
    key(JAVASCRIPT, "key", "text", APP_KEY),
    key(
        JAVASCRIPT,
        "sdk_domains",
        "list of origins",
        "Where pages may use the JavaScript SDK, such as `https://example.com`: compared with the `KA` header (-401, KOE009).",
    ),
    key(
        JAVASCRIPT,
        "code_polling",
        "boolean",
        "Whether pages may poll for codes of this key where `policy.strict_code_polling` is on: popups and the JavaScript SDK's log-in without `redirectUri`. Default `false`.",
    ),
    key(JAVASCRIPT, "redirect_uris", "list of URIs", "As for REST API keys."),
    key(NATIVE, "key", "text", "As for REST API keys. `kakao{KEY}://oauth` needs no registration."),
    key(
        NATIVE,
        "android",
        "list of { package, key_hashes }",
        "Android apps; a key hash that is sent must be one of these (-401, KOE009).",
    ),
    key(
        NATIVE,
        "ios",
        "list of { bundle_id }",
        "iOS apps; a bundle id that is sent must be one of these (-401, KOE009).",
    ),
    key(ADMIN, "key", "text", "As for REST API keys."),
    key(ADMIN, "primary", "boolean", "Whether webhooks carry this key. Default `false`."),
    key(
        ADMIN,
        "apis",
        "list of groups",
        "What the key may call (else -3): `user_info`, `logout`, `unlink`, `scopes`, `service_terms`, `shipping_address`. Absent: everything.",
    ),
    key(ADMIN, "allowed_ips", "list of addresses", "As for REST API keys."),
    key(
        ITEMS,
        "{item}",
        "\"required\", \"optional\", \"on_use\" or a table",
        "`{item}` is a consent item id such as `profile_nickname` or `account_email`.",
    ),
    key(
        ITEMS,
        "{item}.consent",
        "\"required\", \"optional\" or \"on_use\"",
        "When the item is asked for. Required in the table form.",
    ),
    key(
        ITEMS,
        "{item}.collect_if_missing",
        "boolean",
        "“Provision after collecting information”: the screen asks for a value that the account lacks. Never for the phone number.",
    ),
    key(ITEMS, "{item}.purpose", "text", "Shown to people."),
    key(
        ITEMS,
        "{item}.collect_since",
        "RFC 3339",
        "When collecting was switched on; who agreed before is not asked. Absent: when it is first applied.",
    ),
    key(
        ITEMS,
        "{item}.permission",
        "boolean",
        "`false`: the operator does not permit the item, so it is as good as not set (-5, KAE103). Default `true`.",
    ),
    key(PERSON, "id", "text", "Log-in id. A person needs an `id` or an `email`."),
    key(PERSON, "email", "text", "Absent: an account without an email."),
    key(PERSON, "email_verified", "boolean", "Default `true`."),
    key(PERSON, "email_valid", "boolean", "Default `true`; `false`: the address has gone to another account."),
    key(
        PERSON,
        "password",
        "text",
        "Plain, or an Argon2id PHC string. Plain ones are kept sealed and hashed at their first use. A changed one ends sessions and tokens.",
    ),
    key(PERSON, "nickname", "text", ""),
    key(
        PERSON,
        "phone_number",
        "text",
        "With the country code, such as `+82 10-1234-5678`. Only people with `talk = true` can have one.",
    ),
    key(PERSON, "talk", "boolean", "Whether the person uses Talk. Default `false`."),
    key(PERSON, "name", "text", ""),
    key(PERSON, "gender", "\"female\" or \"male\"", ""),
    key(PERSON, "birthyear", "four digits", "Not in the future."),
    key(PERSON, "birthday", "four digits", "Month and day."),
    key(PERSON, "birthday_type", "\"SOLAR\" or \"LUNAR\"", "Default `\"SOLAR\"` when there is a birthday."),
    key(PERSON, "restricted", "boolean", "Blocked: logs in to nothing. Default `false`."),
    key(PERSON, "agreed_to_terms", "boolean", "Agreed to the terms of the account service. Default `true`."),
    key(PERSON, "profile_image", "name", "Profile picture: its name, of letters, digits, `.`, `-` and `_`."),
    key(PERSON, "ci", "text", "Connecting information (CI)."),
    key(PERSON, "ci_authenticated_at", "RFC 3339", "When the CI was confirmed."),
    key(PERSON, "parental_consent", "boolean", "Whether the parents of a person under 14 agreed. Default `false`."),
    key(PERSON, "dormant", "boolean", "Asleep: calls get -103 until the next log-in. Default `false`."),
    key(
        PERSON,
        "shipping_addresses",
        "tables",
        "`id`, `is_default`, `updated_at`, and `address` with the fields of `/v1/user/shipping_address`. Addresses that the file does not name stay.",
    ),
    key(PERSON, "links", "tables", "Apps that the person is, or was, linked with."),
    key(LINK, "app", "integer", "App id. Required."),
    key(LINK, "user_id", "integer", "Below 2^53. Absent: made from app and person, the same each time."),
    key(LINK, "scopes", "list of consent items", "What the person agreed to."),
    key(LINK, "connected_at", "RFC 3339", "Absent: when it is first applied."),
    key(LINK, "connected", "boolean", "Default `true`; `false`: unlinked again, and only the user id is kept."),
    key(
        LINK,
        "agreed_at",
        "table of item = RFC 3339",
        "Items that were agreed to at another time than `connected_at`.",
    ),
    key(LINK, "signup_due", "RFC 3339", "When an unfinished sign-up is unlinked. Absent: the person is registered."),
    key(LINK, "synched_at", "RFC 3339", "When the person came through simple sign-up."),
    key(LINK, "channels", "list of channel ids", "Talk Channels that the person added."),
    key(LINK, "properties", "table of text", "User properties."),
    key(
        LINK,
        "terms",
        "table of tag = { at, by, version }",
        "Service terms that the person agreed to; `by` is `\"KAUTH\"` (screen) or `\"KAPI\"`.",
    ),
];

#[cfg(test)]
mod tests {
    use kakaw_core::app::webhooks::UnlinkWebhook;
    use kakaw_core::app::{ApiGroup, Permission};
    use kakaw_wire::shipping::AddressFields;
    use kakaw_wire::user::AgreedBy;

    use super::*;
    use crate::manage::world_file::*;

    /// Every table with every key set to something that is written.
    fn full() -> WorldFile {
        let text = |text: &str| Some(text.to_owned());
        let list = || vec!["x".to_owned()];
        let item = ConsentItem::Table(ConsentTable {
            consent: Consent::Required,
            collect_if_missing: true,
            purpose: "x".to_owned(),
            collect_since: text("x"),
            permission: false,
        });
        let app = App {
            id: 1,
            name: "x".to_owned(),
            company: "x".to_owned(),
            kakao_login: false,
            oidc: true,
            test_app: true,
            under_14: Under14::Deny,
            team: list(),
            logout_redirect_uris: list(),
            legacy_properties: Some(true),
            standing: AppStatus::Blocked,
            business: false,
            permissions: vec![Permission::OidcSseSupported],
            user_properties: list(),
            automatic_link: false,
            simple_signup: SimpleSignup { enabled: true, review_passed: true },
            webhooks: Webhooks {
                unlink: Some(UnlinkWebhook { url: "x".to_owned(), method: Default::default() }),
                account_status: None,
            },
            quotas: Quotas { calls: Some(1), ..Quotas::default() },
            service_terms: vec![ServiceTerm {
                tag: "x".to_owned(),
                title: "x".to_owned(),
                url: "x".to_owned(),
                required: true,
                version: 1,
            }],
            channels: vec![Channel { id: "x".to_owned(), name: "x".to_owned() }],
            rest_api_keys: vec![RestApiKey {
                key: text("x"),
                client_secret: text("x"),
                redirect_uris: list(),
                allowed_ips: list(),
            }],
            javascript_keys: vec![JavascriptKey {
                key: text("x"),
                sdk_domains: list(),
                code_polling: true,
                redirect_uris: list(),
            }],
            native_keys: vec![NativeKey {
                key: text("x"),
                android: vec![AndroidApp { package: "x".to_owned(), key_hashes: list() }],
                ios: vec![IosApp { bundle_id: "x".to_owned() }],
            }],
            admin_keys: vec![AdminKey {
                key: text("x"),
                primary: true,
                apis: vec![ApiGroup::Logout],
                allowed_ips: list(),
            }],
            consent_items: [(Item::AccountEmail, item)].into(),
        };
        let link = Link {
            app: 1,
            user_id: Some(1),
            scopes: vec![Item::AccountEmail],
            connected_at: text("x"),
            connected: false,
            agreed_at: [(Item::AccountEmail, "x".to_owned())].into(),
            signup_due: text("x"),
            synched_at: text("x"),
            channels: list(),
            properties: [("x".to_owned(), "x".to_owned())].into(),
            terms: [("x".to_owned(), Agreement { at: None, by: AgreedBy::Kauth, version: None })].into(),
        };
        let person = Person {
            id: text("x"),
            email: text("x"),
            email_verified: false,
            email_valid: false,
            password: text("x"),
            nickname: text("x"),
            phone_number: text("x"),
            talk: true,
            name: text("x"),
            gender: Some(Gender::Female),
            birthyear: text("x"),
            birthday: text("x"),
            birthday_type: Some(BirthdayType::Lunar),
            restricted: true,
            agreed_to_terms: false,
            profile_image: text("x"),
            ci: text("x"),
            ci_authenticated_at: text("x"),
            parental_consent: true,
            dormant: true,
            shipping_addresses: vec![ShippingAddress {
                id: Some(1),
                is_default: true,
                updated_at: text("x"),
                address: AddressFields::default(),
            }],
            links: vec![link],
        };
        WorldFile { apps: vec![app], people: vec![person] }
    }

    #[test]
    fn every_key_is_documented_and_nothing_else_is() {
        let table = toml::Table::try_from(full()).expect("a table");
        let keys = |table: &toml::Table| table.keys().cloned().collect::<Vec<_>>();
        let (app, person) = (table["apps"][0].as_table().expect("app"), table["people"][0].as_table().expect("person"));
        let mut found = Vec::new();
        let mut add = |name: &str, table: &toml::Table| {
            found.extend(keys(table).into_iter().map(|key| (name.to_owned(), key)));
        };
        add(APP, app);
        add(PERSON, person);
        add(LINK, person["links"][0].as_table().expect("link"));
        for (name, key) in
            [(REST, "rest_api_keys"), (JAVASCRIPT, "javascript_keys"), (NATIVE, "native_keys"), (ADMIN, "admin_keys")]
        {
            add(name, app[key][0].as_table().expect("key"));
        }
        for key in keys(app["consent_items"]["account_email"].as_table().expect("item")) {
            found.push((ITEMS.to_owned(), format!("{{item}}.{key}")));
        }
        found.push((ITEMS.to_owned(), "{item}".to_owned()));
        found.sort();
        let mut documented: Vec<_> = KEYS.iter().map(|key| (key.table.to_owned(), key.name.to_owned())).collect();
        documented.sort();
        assert_eq!(found, documented);
    }
}
