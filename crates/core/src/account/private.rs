//! The attributes of a person that are stored sealed, because nobody searches for them.

use serde::{Deserialize, Serialize};

use super::{Account, Attributes, BirthdayType, Gender};
use crate::crypto::seal::{Purpose, Sealer};
use crate::{AccountId, Millis};

/// The sealed attributes of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Private {
    /// The account that they belong to. Sealing is deterministic: without it, equal values would have equal texts.
    of: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gender: Option<Gender>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    birthyear: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    birthday: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    birthday_type: Option<BirthdayType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ci: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ci_authenticated_at: Option<Millis>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    parental_consent: bool,
}

impl Private {
    /// Divides the attributes of an account: what is stored readable, and what is stored sealed, if there is anything.
    #[must_use]
    pub fn divide(attributes: &Attributes, of: AccountId, now: Millis) -> (Attributes, Option<Self>) {
        let mut clear = attributes.clone();
        if clear.sealed.is_none() {
            clear.child = clear.age(now).is_some_and(|age| age < 14);
        }
        let private = Self {
            of: of.0,
            gender: clear.gender.take(),
            birthyear: clear.birthyear.take(),
            birthday: clear.birthday.take(),
            birthday_type: clear.birthday_type.take(),
            ci: clear.ci.take(),
            ci_authenticated_at: clear.ci_authenticated_at.take(),
            parental_consent: std::mem::take(&mut clear.parental_consent),
        };
        let is_empty = private.is_empty();
        (clear, Some(private).filter(|_| !is_empty))
    }

    fn is_empty(&self) -> bool {
        let Self { of, gender, birthyear, birthday, birthday_type, ci, ci_authenticated_at, parental_consent } = self;
        let _ = of;
        gender.is_none()
            && birthyear.is_none()
            && birthday.is_none()
            && birthday_type.is_none()
            && ci.is_none()
            && ci_authenticated_at.is_none()
            && !parental_consent
    }
}

impl Account {
    /// Puts the private attributes, which were sealed as JSON, to the others. Returns `None` if they are not this
    /// account's.
    #[must_use]
    pub fn reveal(&mut self, json: &[u8]) -> Option<()> {
        let private: Private = serde_json::from_slice(json).ok().filter(|private: &Private| private.of == self.id.0)?;
        let Private { of: _, gender, birthyear, birthday, birthday_type, ci, ci_authenticated_at, parental_consent } =
            private;
        let attributes = &mut self.attributes;
        // An earlier build, which runs at the same time, writes them among the others: what it wrote is newer.
        attributes.gender = attributes.gender.or(gender);
        attributes.birthyear = attributes.birthyear.take().or(birthyear);
        attributes.birthday = attributes.birthday.take().or(birthday);
        attributes.birthday_type = attributes.birthday_type.or(birthday_type);
        attributes.ci = attributes.ci.take().or(ci);
        attributes.ci_authenticated_at = attributes.ci_authenticated_at.or(ci_authenticated_at);
        attributes.parental_consent |= parental_consent;
        (attributes.sealed, attributes.child) = (None, false);
        Some(())
    }

    /// Opens the private attributes, if they are still sealed. Returns `None` if they cannot be opened.
    #[must_use]
    pub fn open(&mut self, sealer: &Sealer) -> Option<()> {
        match &self.attributes.sealed {
            None => Some(()),
            Some(sealed) => {
                let json = sealer.open(Purpose::Rest, sealed)?;
                self.reveal(&json)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::seal::MasterKey;

    fn account(birthyear: &str) -> Account {
        let text = |text: &str| Some(text.to_owned());
        let attributes = Attributes {
            email: text("ryan@example.com"),
            nickname: text("Ryan"),
            gender: Some(Gender::Male),
            birthyear: text(birthyear),
            birthday: text("1130"),
            birthday_type: Some(BirthdayType::Lunar),
            ci: text("linking"),
            ci_authenticated_at: Some(Millis(5)),
            parental_consent: true,
            ..Attributes::default()
        };
        Account { id: AccountId(7), version: 1, epoch: 0, restricted: false, agreed_to_terms: true, attributes }
    }

    #[test]
    fn what_is_private_is_sealed_apart_and_comes_back() {
        let now = Millis::from_rfc3339("2026-11-20T03:00:00Z").expect("a time");
        let before = account("1995");
        let (clear, private) = Private::divide(&before.attributes, before.id, now);
        let json = serde_json::to_string(&clear).expect("JSON");
        for word in ["1995", "1130", "male", "LUNAR", "linking", "parental", "ci_auth", "child"] {
            assert!(!json.contains(word), "{word}: {json}");
        }
        assert!(json.contains("Ryan") && json.contains("ryan@example.com"), "{json}");
        let sealer = Sealer::new("world", &[MasterKey { id: 1, bytes: [3; 32] }]).expect("a sealer");
        let sealed = sealer.seal(Purpose::Rest, &serde_json::to_vec(&private).expect("JSON"));
        let mut after = Account { attributes: clear, ..before.clone() };
        after.attributes.sealed = Some(sealed.clone());
        assert_eq!(after.open(&sealer), Some(()));
        assert_eq!(after, before);
        assert_eq!(after.open(&sealer), Some(()), "there is nothing left to open");
        let mut other = Account { id: AccountId(8), ..account("1995") };
        other.attributes.sealed = Some(sealed);
        assert_eq!(other.open(&sealer), None, "another account's");
    }

    #[test]
    fn children_are_marked_and_nothing_is_sealed_when_there_is_nothing() {
        let now = Millis::from_rfc3339("2026-11-20T03:00:00Z").expect("a time");
        for (birthyear, child) in [("2020", true), ("2012", true), ("2011", false), ("1995", false)] {
            let person = account(birthyear);
            assert_eq!(Private::divide(&person.attributes, person.id, now).0.child, child, "{birthyear}");
        }
        let (_, private) =
            Private::divide(&Attributes { nickname: Some("N".into()), ..Attributes::default() }, AccountId(7), now);
        assert_eq!(private, None);
        let unopened = Attributes { sealed: Some("x".to_owned()), child: true, ..Attributes::default() };
        assert!(Private::divide(&unopened, AccountId(7), now).0.child, "its age is not known here");
    }
}
