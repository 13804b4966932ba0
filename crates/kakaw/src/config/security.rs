//! `[security]`: how to report a vulnerability, for `/.well-known/security.txt`.

use kakaw_core::Millis;
use kakaw_core::validate::url;
use kakaw_platform::http::SecurityTxt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::list;

/// `[security]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Security {
    /// Where to report a vulnerability: URIs such as `mailto:security@example.com` or `https://example.com/report`, the
    /// preferred one first. With it, `/.well-known/security.txt` exists (RFC 9116); without it, that path is 404. In a
    /// variable, commas separate the URIs.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "list::deserialize")]
    pub contact: Vec<String>,
    /// Until when `security.txt` is valid, as RFC 3339 (`2027-06-30T00:00:00Z`). Default: always 180 days from now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// The https URL of a policy for reports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The languages of reports, such as `ko` and `en`.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "list::deserialize")]
    pub languages: Vec<String>,
}

impl Security {
    /// Returns the file, if there is to be one.
    #[must_use]
    pub fn file(&self) -> Option<SecurityTxt> {
        (!self.contact.is_empty()).then(|| SecurityTxt {
            contact: self.contact.clone(),
            expires: self.expires(),
            policy: self.policy.clone(),
            languages: self.languages.clone(),
        })
    }

    fn expires(&self) -> Option<Millis> {
        self.expires.as_deref().and_then(Millis::from_rfc3339)
    }

    /// Returns what is wrong, each with the name of its setting.
    pub(super) fn impossible(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        for contact in self.contact.iter().filter(|contact| !is_contact(contact)) {
            let expected = "expected mailto:ADDRESS, tel:NUMBER or an https URL";
            problems.push(("security.contact", format!("security.contact has {contact:?}; {expected}")));
        }
        if let Some(policy) = self.policy.as_deref().filter(|policy| !is_https(policy)) {
            problems.push(("security.policy", format!("security.policy is {policy:?}; expected an https URL")));
        }
        for tag in self.languages.iter().filter(|tag| !is_language(tag)) {
            let expected = "expected language tags such as \"en\"";
            problems.push(("security.languages", format!("security.languages has {tag:?}; {expected}")));
        }
        if let Some(text) = self.expires.as_deref().filter(|_| self.expires().is_none()) {
            let expected = "expected RFC 3339, such as \"2027-06-30T00:00:00Z\"";
            problems.push(("security.expires", format!("security.expires is {text:?}; {expected}")));
        }
        let others = [
            ("security.expires", self.expires.is_some()),
            ("security.policy", self.policy.is_some()),
            ("security.languages", !self.languages.is_empty()),
        ];
        for (name, _) in others.into_iter().filter(|(_, set)| *set && self.contact.is_empty()) {
            problems.push((name, format!("{name} is set without security.contact; set both")));
        }
        problems
    }

    /// Returns the problem of a file that is no longer valid.
    #[must_use]
    pub fn expired(&self, now: Millis) -> Option<String> {
        let expired = self.expires().filter(|expires| *expires <= now)?;
        Some(format!("security.expires was {}; set a later time, or leave it out", expired.rfc3339()))
    }
}

fn is_https(text: &str) -> bool {
    text.starts_with("https://") && url::redirect(text).is_none()
}

fn is_contact(text: &str) -> bool {
    let plain = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic());
    let mail = |rest: &str| {
        plain(rest) && rest.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
    };
    is_https(text) || text.strip_prefix("mailto:").is_some_and(mail) || text.strip_prefix("tel:").is_some_and(plain)
}

fn is_language(tag: &str) -> bool {
    !tag.is_empty()
        && tag.split('-').all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_are_uris_and_cannot_add_lines() {
        for right in ["mailto:security@example.com", "https://example.com/report", "tel:+82-2-123-4567"] {
            assert!(is_contact(right), "{right}");
        }
        for wrong in
            ["security@example.com", "http://example.com", "mailto:", "mailto:x", "mailto:a@b\nPolicy: x", "", "tel:"]
        {
            assert!(!is_contact(wrong), "{wrong:?}");
        }
        for (tag, is) in [("ko", true), ("zh-Hans", true), ("", false), ("en, ko", false), ("en_US", false)] {
            assert_eq!(is_language(tag), is, "{tag:?}");
        }
    }

    #[test]
    fn an_expired_file_is_a_problem_and_other_settings_need_a_contact() {
        let at = |text: &str| Millis::from_rfc3339(text).unwrap();
        let security = Security { expires: Some("2026-11-20T03:00:00Z".to_owned()), ..Security::default() };
        assert!(security.expired(at("2026-11-20T03:00:00Z")).is_some());
        assert!(security.expired(at("2026-11-20T02:59:59Z")).is_none());
        assert_eq!(security.impossible().len(), 1, "no contact");
        assert_eq!(security.file(), None);
        let unreadable = Security {
            contact: vec!["mailto:a@example.com".to_owned()],
            expires: Some("tomorrow".to_owned()),
            ..Security::default()
        };
        assert!(matches!(&unreadable.impossible()[..], [("security.expires", _)]));
    }
}
