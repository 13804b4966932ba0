//! What the value of a setting, or of a person's attribute, must be. Each row names an expectation and its evidence.
//! The texts for people are in `texts/settings.toml`, in four languages.

use serde::{Deserialize, Serialize};

use crate::problem::EVIDENCE;

/// A refused value: its path, what was received, and what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingProblem {
    /// Path of the value, such as `apps[0].rest_api_keys[1].redirect_uris[2]`.
    pub path: String,
    /// The received value, shortened if it is long. Of a secret, only the length. Empty if nothing was received.
    pub received: String,
    /// What was expected instead.
    pub expected: Expected,
}

impl SettingProblem {
    /// Makes a problem with the value at `path`.
    #[must_use]
    pub fn new(path: impl Into<String>, received: &str, expected: Expected) -> Self {
        Self { path: path.into(), received: received.chars().take(EVIDENCE).collect(), expected }
    }

    /// Puts `path` before the path of the problem: where the containing value is.
    #[must_use]
    pub fn within(mut self, path: &str) -> Self {
        self.path = match (path, self.path.as_str()) {
            ("", _) => self.path,
            (_, "") => path.to_owned(),
            _ => format!("{path}.{}", self.path),
        };
        self
    }
}

macro_rules! expectations {
    ($($(#[doc = $doc:literal])+ $variant:ident $id:literal { $($field:ident: $type:ty),* };)*) => {
        /// What was expected.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "id")]
        pub enum Expected {
            $($(#[doc = $doc])+ #[serde(rename = $id)] $variant {
                $(#[doc = concat!("The `", stringify!($field), "` of the texts.")] $field: $type),*
            },)*
        }

        impl Expected {
            /// The id of every expectation, and the names of its evidence.
            pub const ALL: &'static [(&'static str, &'static [&'static str])] =
                &[$(($id, &[$(stringify!($field)),*]),)*];

            /// Returns the name in replies, which is also the key of its text.
            #[must_use]
            pub const fn id(&self) -> &'static str {
                match self { $(Self::$variant { .. } => $id,)* }
            }

            /// Returns the evidence, by name.
            #[must_use]
            pub fn evidence(&self) -> Vec<(&'static str, String)> {
                match self {
                    $(Self::$variant { $($field),* } => vec![$((stringify!($field), $field.to_string())),*],)*
                }
            }
        }
    };
}

expectations! {
    /// Text for people.
    Words "words" { at_most: usize };
    /// Text of a limited length.
    Characters "characters" { at_most: usize };
    /// An absolute URL.
    HttpUrl "http_url" {};
    /// A URL that clients can send unchanged (RFC 6749 §3.1.2).
    NoFragment "no_fragment" {};
    /// A URL without user name and password, whose host is the one that it shows.
    NoUserInfo "no_user_info" {};
    /// A URL without wildcards, for exactly one address.
    NoWildcard "no_wildcard" {};
    /// A value without invisible or direction-changing characters.
    NoHiddenCharacters "no_hidden_characters" {};
    /// A name that does not look like another one.
    NoImitation "no_imitation" {};
    /// A host whose letters are those that browsers show.
    PlainHost "plain_host" {};
    /// A web origin (RFC 6454), as browsers send it.
    Origin "origin" {};
    /// An app key.
    AppKey "app_key" {};
    /// A key that nobody else knows.
    UnknownKey "unknown_key" {};
    /// A limited number of keys of a kind.
    KeyCount "key_count" { at_most: usize };
    /// At most one primary admin key.
    OnePrimary "one_primary" {};
    /// No duplicate values.
    Once "once" {};
    /// An IP address or a block of them.
    Network "network" {};
    /// The name of an Android app.
    AndroidPackage "android_package" {};
    /// The hash of an Android app's certificate.
    KeyHash "key_hash" {};
    /// The id of an iOS app.
    BundleId "bundle_id" {};
    /// A secret that cannot be guessed.
    StrongSecret "strong_secret" {};
    /// No client secret: only REST API keys have one.
    NoClientSecret "no_client_secret" {};
    /// A setting that keys of this kind have.
    OtherKind "other_kind" { kind: String };
    /// A passed review, before simple sign-up is switched on.
    ReviewFirst "review_first" {};
    /// An item that is not required.
    OptionalOnly "optional_only" {};
    /// An app that is registered to a business.
    Business "business" {};
    /// An item whose value the consent screen can collect.
    Collectable "collectable" {};
    /// The tag of a service term.
    Tag "tag" {};
    /// A number of at least this size.
    AtLeast "at_least" { least: i64 };
    /// The URL of a webhook, with https.
    Https "https" {};
    /// An address of the public internet.
    PublicAddress "public_address" {};
    /// Another host than our own.
    OtherHost "other_host" {};
    /// A log-in id.
    LoginId "login_id" {};
    /// An id or an email.
    NeedsLogin "needs_login" {};
    /// An email address.
    Email "email" {};
    /// A phone number.
    PhoneNumber "phone_number" {};
    /// Talk, which a person with a phone number must use.
    NeedsTalk "needs_talk" {};
    /// A year of birth.
    Birthyear "birthyear" {};
    /// A date that is not in the future.
    NotInFuture "not_in_future" {};
    /// Month and day.
    Birthday "birthday" {};
    /// The name of a profile picture.
    PictureName "picture_name" {};
    /// A point in time (RFC 3339).
    Moment "moment" {};
    /// The id of an app.
    AppId "app_id" {};
    /// A user id.
    UserId "user_id" {};
    /// One of the items that the person agreed to.
    AgreedItem "agreed_item" {};
    /// The tag of one of the app's service terms.
    KnownTerm "known_term" {};
    /// A value that nobody else uses.
    Free "free" {};
    /// The id of an existing app.
    KnownApp "known_app" {};
    /// An app key of the app.
    KnownKey "known_key" {};
    /// The log-in id of an account.
    KnownPerson "known_person" {};
    /// The user id of a person who is linked with the app.
    KnownLink "known_link" { app: i64 };
    /// A webhook that is set for the app.
    KnownWebhook "known_webhook" { app: i64 };
    /// A type of event.
    KnownEvent "known_event" { known: String };
    /// The id of a stored delivery.
    KnownDelivery "known_delivery" {};
    /// The id of a signing key that signs no more.
    RetiredSigningKey "retired_signing_key" {};
    /// The number of a sealing key in the database that seals no more.
    RetiredSealingKey "retired_sealing_key" {};
}

#[cfg(feature = "texts")]
impl Expected {
    /// Returns what was expected, as text for people.
    #[must_use]
    pub fn text(&self, lang: crate::text::Lang) -> String {
        let evidence = self.evidence();
        let evidence: Vec<(&str, &str)> = evidence.iter().map(|(name, value)| (*name, value.as_str())).collect();
        crate::problem::fill(crate::text::setting(self.id(), lang), &evidence)
    }
}

#[cfg(feature = "texts")]
impl SettingProblem {
    /// Returns path, received value and expectation in one line.
    #[must_use]
    pub fn text(&self, lang: crate::text::Lang) -> String {
        let frame = if self.received.is_empty() { "frame_without_value" } else { "frame" };
        let (received, expected) = (format!("{:?}", self.received), self.expected.text(lang));
        let evidence = [("path", self.path.as_str()), ("received", &received), ("expected", &expected)];
        crate::problem::fill(crate::text::setting(frame, lang), &evidence)
    }
}

#[cfg(all(test, feature = "texts"))]
mod tests {
    use super::*;
    use crate::text::{Lang, setting};

    #[test]
    fn every_expectation_has_four_languages_and_names_its_evidence() {
        for (id, evidence) in Expected::ALL {
            for lang in Lang::ALL {
                let text = setting(id, *lang);
                assert!(!text.is_empty() && text.trim() == text, "{id} has no {} text", lang.id());
                let holes: Vec<&str> = text.split('{').skip(1).filter_map(|hole| hole.split('}').next()).collect();
                assert!(holes.iter().all(|hole| evidence.contains(hole)), "{id} {}: {holes:?}", lang.id());
                assert!(evidence.iter().all(|name| holes.contains(name)), "{id} {} leaves evidence out", lang.id());
            }
        }
        assert_eq!(crate::text::settings(), Expected::ALL.len() + 2, "a text is of no expectation");
    }

    #[test]
    fn a_problem_says_where_it_is_and_what_was_received() {
        let problem = SettingProblem::new("redirect_uris[2]", "ftp://{path}", Expected::HttpUrl {});
        let problem = problem.within("rest_api_keys[1]").within("apps[0]").within("");
        for lang in Lang::ALL {
            let text = problem.text(*lang);
            assert!(text.contains("apps[0].rest_api_keys[1].redirect_uris[2]"), "{text}");
            assert!(text.contains("\"ftp://{path}\""), "{text}");
        }
        assert_eq!(SettingProblem::new("", "x", Expected::Once {}).within("people").path, "people");
        let nothing = SettingProblem::new("name", "", Expected::Words { at_most: 7 });
        assert_eq!(
            nothing.text(Lang::En),
            "name: expected 1 to 7 characters, without control characters and without characters that are invisible or turn the direction of text"
        );
        assert!(
            SettingProblem::new("x", &"가".repeat(2 * EVIDENCE), Expected::Once {}).received.chars().count()
                == EVIDENCE
        );
    }
}
