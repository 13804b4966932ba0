//! The documentation of every key of a world file; `docs/reference/world-file.md` is generated from it.

/// A key of a world file.
#[derive(Debug)]
pub struct Key {
    /// The table that it belongs to.
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
const APP_KEY: &str = "32 lowercase hexadecimal characters. Absent: random, and kept. With `apps.derived_keys`, the default of \
                       `dev`, it is derived from app, kind and position, the same each time.";

/// Every key of a world file.
pub const KEYS: &[Key] = &[
    key(APP, "id", "integer", "App id. Required."),
    key(APP, "name", "text", "Name shown on the consent screen. Required."),
    key(APP, "company", "text", "Company behind the app."),
    key(
        APP,
        "kakao_login",
        "boolean",
        "Whether Kakao Login is activated. Default `true`; `false`: requests get KOE004.",
    ),
    key(
        APP,
        "oidc",
        "boolean",
        "Whether the app uses OpenID Connect and gets ID tokens. Default `false`; then `openid` in `scope` is KOE205.",
    ),
    key(APP, "test_app", "boolean", "Only team members can log in; others get KOE005. Default `false`."),
    key(
        APP,
        "under_14",
        "\"allow\", \"parental_consent\" or \"deny\"",
        "Whether people under 14 can use the app; with `\"parental_consent\"`, only those whose parents agreed. Default `\"allow\"`.",
    ),
    key(APP, "team", "list of login ids", "Login ids of the app's team. An email counts only if it is verified."),
    key(
        APP,
        "logout_redirect_uris",
        "list of URIs",
        "Where `/oauth/logout` may redirect to. Same rules as redirect URIs; must match exactly (KOE007).",
    ),
    key(
        APP,
        "legacy_properties",
        "boolean",
        "Whether `/v2/user/me` repeats the nickname and the pictures in `properties`, where older libraries read them. Default: the setting `apps.legacy_properties`, which is on in `dev`.",
    ),
    key(APP, "rest_api_keys", "tables", "REST API keys."),
    key(APP, "javascript_keys", "tables", "JavaScript keys."),
    key(APP, "native_keys", "tables", "Native app keys."),
    key(APP, "admin_keys", "tables", "Admin keys. Webhooks send the primary key, else the first."),
    key(
        APP,
        "status",
        "\"active\", \"blocked\" or \"suspended\"",
        "Status of the app: a blocked app gets -12, a suspended app -13. Default `\"active\"`.",
    ),
    key(
        APP,
        "business",
        "boolean",
        "Whether the app is registered to a business. `false`: items that Kakao reserves for business apps are refused. Default `true`.",
    ),
    key(
        APP,
        "permissions",
        "list of permissions",
        "Permissions by their documented names. `OIDC_SSE_SUPPORTED`: account-status events of RISC and CAEP. `INCREASED_APP_KEY_COUNT`: more than five keys of a kind. Others are stored and have no effect.",
    ),
    key(
        APP,
        "user_properties",
        "list of names",
        "Properties that `/v1/user/update_profile` and `/v1/user/signup` can store.",
    ),
    key(
        APP,
        "automatic_link",
        "boolean",
        "Whether a login links the person. `false`: the app must call `/v1/user/signup` within 24 hours, else the person is unlinked. Default `true`.",
    ),
    key(
        APP,
        "simple_signup",
        "table",
        "Kakao Sync: `enabled` shows items, terms and channels on one screen; it requires `review_passed = true`.",
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
        "`user_ids`, `calls`, `tokens`: limits per minute for this app, instead of those in the configuration; 0 means no limit.",
    ),
    key(
        APP,
        "service_terms",
        "tables",
        "Service terms in the order on the screen: `tag`, `title`, `url`, `required` (default `false`), `version` (default 1; people must agree again to a new version).",
    ),
    key(APP, "channels", "tables", "Connected Talk Channels: `id`, such as `_ZeUTxl`, and `name`."),
    key(APP, "consent_items", "table", "Consent items that the app uses."),
    key(REST, "key", "text", APP_KEY),
    key(REST, "client_secret", "text", "Absent: this key has no client secret. `serve` requires at least 128 bits."),
    key(
        REST,
        "redirect_uris",
        "list of URIs",
        "`http` or `https` URIs with a host, without fragment, user name or wildcard; must match exactly (KOE006).",
    ),
    key(
        REST,
        "allowed_ips",
        "list of addresses",
        "Addresses from which the key and its tokens can be used: addresses, CIDR blocks, or address/mask. Absent: any address.",
    ),
    key(JAVASCRIPT, "key", "text", APP_KEY),
    key(
        JAVASCRIPT,
        "sdk_domains",
        "list of origins",
        "Origins of pages that may use the JavaScript SDK, such as `https://example.com`; compared with the `KA` header (-401, KOE009).",
    ),
    key(
        JAVASCRIPT,
        "code_polling",
        "boolean",
        "Whether pages may poll for this key's codes if `policy.strict_code_polling` is on. Popups and the JavaScript SDK's login without `redirectUri` do so. Default `false`.",
    ),
    key(JAVASCRIPT, "redirect_uris", "list of URIs", "As for REST API keys."),
    key(NATIVE, "key", "text", "As for REST API keys. The redirect URI `kakao{KEY}://oauth` needs no registration."),
    key(
        NATIVE,
        "android",
        "list of { package, key_hashes }",
        "Android apps. If a request sends a key hash, it must be one of these (-401, KOE009).",
    ),
    key(
        NATIVE,
        "ios",
        "list of { bundle_id }",
        "iOS apps. If a request sends a bundle id, it must be one of these (-401, KOE009).",
    ),
    key(ADMIN, "key", "text", "As for REST API keys."),
    key(ADMIN, "primary", "boolean", "Whether webhooks send this key. Default `false`."),
    key(
        ADMIN,
        "apis",
        "list of groups",
        "API groups that the key can call (else -3): `user_info`, `logout`, `unlink`, `scopes`, `service_terms`, `shipping_address`. Absent: everything.",
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
        "When the consent screen asks for the item. Required in the table form.",
    ),
    key(
        ITEMS,
        "{item}.collect_if_missing",
        "boolean",
        "“Provision after collecting information”: if the account has no value, the consent screen asks for one. Not possible for the phone number.",
    ),
    key(ITEMS, "{item}.purpose", "text", "Purpose shown on the consent screen."),
    key(
        ITEMS,
        "{item}.collect_since",
        "RFC 3339",
        "When collecting was switched on; people who agreed before that are not asked. Absent: the time at which the file is first applied.",
    ),
    key(
        ITEMS,
        "{item}.permission",
        "boolean",
        "`false`: the operator does not permit the item, so it works as if it were not set (-5, KAE103). Default `true`.",
    ),
    key(PERSON, "id", "text", "Login id. A person needs an `id` or an `email`."),
    key(PERSON, "email", "text", "Absent: an account without an email."),
    key(PERSON, "email_verified", "boolean", "Default `true`."),
    key(PERSON, "email_valid", "boolean", "Default `true`; `false`: the address now belongs to another account."),
    key(
        PERSON,
        "password",
        "text",
        "A plain password, or an Argon2id PHC string. A plain password is hashed before it is stored; only a database in memory stores it sealed, and hashes it when it is first used. An export of any other database contains the hash. A change ends all sessions and tokens.",
    ),
    key(PERSON, "nickname", "text", ""),
    key(PERSON, "phone_number", "text", "With the country code, such as `+82 10-1234-5678`. Requires `talk = true`."),
    key(PERSON, "talk", "boolean", "Whether the person uses KakaoTalk. Default `false`."),
    key(PERSON, "name", "text", ""),
    key(PERSON, "gender", "\"female\" or \"male\"", ""),
    key(PERSON, "birthyear", "four digits", "Not in the future."),
    key(PERSON, "birthday", "four digits", "Month and day."),
    key(PERSON, "birthday_type", "\"SOLAR\" or \"LUNAR\"", "Default `\"SOLAR\"` when there is a birthday."),
    key(
        PERSON,
        "restricted",
        "boolean",
        "Whether the account is restricted: the person cannot log in to any app. Default `false`.",
    ),
    key(
        PERSON,
        "agreed_to_terms",
        "boolean",
        "Whether the person agreed to the terms of the account service. Default `true`.",
    ),
    key(PERSON, "profile_image", "name", "Name of the profile picture: letters, digits, `.`, `-` and `_`."),
    key(PERSON, "ci", "text", "Connecting information (CI)."),
    key(PERSON, "ci_authenticated_at", "RFC 3339", "When the CI was confirmed."),
    key(PERSON, "parental_consent", "boolean", "Whether the parents of a person under 14 agreed. Default `false`."),
    key(
        PERSON,
        "dormant",
        "boolean",
        "Whether the account is dormant: calls get -103 until the next login. Default `false`.",
    ),
    key(
        PERSON,
        "shipping_addresses",
        "tables",
        "`id`, `is_default`, `updated_at`, and `address` with the fields of `/v1/user/shipping_address`. Addresses that are not in the file are kept.",
    ),
    key(PERSON, "links", "tables", "Apps that the person is or was linked with."),
    key(LINK, "app", "integer", "App id. Required."),
    key(LINK, "user_id", "integer", "Less than 2^53. Absent: derived from app and person, the same each time."),
    key(LINK, "scopes", "list of consent items", "What the person agreed to."),
    key(
        LINK,
        "connected_at",
        "RFC 3339",
        "When the person was linked. Absent: the time at which the file is first applied.",
    ),
    key(LINK, "connected", "boolean", "Default `true`; `false`: the person is unlinked, and only the user id is kept."),
    key(
        LINK,
        "agreed_at",
        "table of item = RFC 3339",
        "Items that the person agreed to at a time other than `connected_at`.",
    ),
    key(
        LINK,
        "signup_due",
        "RFC 3339",
        "When an unfinished sign-up expires and the person is unlinked. Absent: the sign-up is finished.",
    ),
    key(LINK, "synched_at", "RFC 3339", "When the person signed up through simple sign-up."),
    key(LINK, "channels", "list of channel ids", "Talk Channels that the person added."),
    key(LINK, "properties", "table of text", "User properties."),
    key(
        LINK,
        "terms",
        "table of tag = { at, by, version }",
        "Service terms that the person agreed to; `by` is `\"KAUTH\"` (consent screen) or `\"KAPI\"` (API).",
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

    /// A file in which every table has every key, with a value that is written.
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
            status: AppStatus::Blocked,
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
