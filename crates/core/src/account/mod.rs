//! A person's account: its attributes, and the consent item that each belongs to.

pub mod login_id;
pub mod private;
pub mod rules;
pub mod session;
pub mod shipping;
pub mod throttle;
mod values;

pub use login_id::LoginId;
pub use values::{BirthdayType, Gender};

use jiff::civil::Date;
use kakaw_wire::scope::Item;
use serde::{Deserialize, Serialize};

use crate::validate::text;
use crate::{AccountId, Millis};

/// An account.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// Internal key; never shown.
    pub id: AccountId,
    /// Increases with every change.
    pub version: i64,
    /// Increases with a password change, which invalidates earlier sessions and tokens.
    pub epoch: i64,
    pub restricted: bool,
    pub agreed_to_terms: bool,
    pub attributes: Attributes,
}

/// The attributes of a person. `None` means that the account has no such value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Attributes {
    /// Log-in id of an account without an email.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    pub email_verified: bool,
    pub email_valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// Path of the profile picture below our own base URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_image: Option<String>,
    pub talk: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<Gender>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthyear: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthday: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthday_type: Option<BirthdayType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ci: Option<String>,
    /// The same, sealed, as an earlier version stored it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sealed_ci: Option<String>,
    /// Whether the person was under 14 when this was written.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub child: bool,
    /// The private attributes, if they were not opened ([`private::Private`]).
    #[serde(skip)]
    pub sealed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ci_authenticated_at: Option<Millis>,
    /// Whether the parents of a person under 14 agreed to the use of services.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub parental_consent: bool,
    /// Dormant after a long time without use. A log-in ends it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dormant: bool,
}

impl Attributes {
    /// Whether the account has a value for `item`. Items that are not a single value of the account always count.
    #[must_use]
    pub fn has(&self, item: Item) -> bool {
        match item {
            Item::AccountEmail => self.email.is_some(),
            Item::Name => self.name.is_some(),
            Item::Gender => self.gender.is_some(),
            Item::AgeRange | Item::Birthyear => self.birthyear.is_some(),
            Item::Birthday => self.birthday.is_some(),
            // F08: the phone number comes from Talk, regardless of the account's other data.
            Item::PhoneNumber => self.phone().is_some(),
            Item::AccountCi => self.ci.is_some() || self.sealed_ci.is_some(),
            Item::Profile | Item::ProfileNickname | Item::ProfileImage => true,
            Item::ShippingAddress | Item::Friends | Item::TalkMessage | Item::Plusfriends | Item::AccountStatus => true,
        }
    }

    /// Returns the phone number. Only people with Talk have one.
    #[must_use]
    pub fn phone(&self) -> Option<&str> {
        self.phone_number.as_deref().filter(|_| self.talk)
    }

    /// Returns the name by which pages call the person.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.nickname.as_deref().or(self.email.as_deref()).or(self.id.as_deref()).unwrap_or("—")
    }

    /// Returns the age in years in Korea at `now`. Without a day of birth, the latest day of the year counts.
    #[must_use]
    pub fn age(&self, now: Millis) -> Option<i64> {
        let year: i16 = self.birthyear.as_deref()?.parse().ok()?;
        let (month, day) = self.birthday.as_deref().and_then(month_and_day).unwrap_or((12, 31));
        let today = now.day_in_korea()?;
        // In years without 29 February, the birthday is 1 March.
        let passed = (today.month(), today.day()) >= (month, day);
        Some(i64::from(today.year()) - i64::from(year) - i64::from(!passed))
    }

    /// Returns the age range for `age_range`.
    #[must_use]
    pub fn age_range(&self, now: Millis) -> Option<&'static str> {
        Some(match self.age(now)? {
            i64::MIN..=9 => "1~9",
            10..=14 => "10~14",
            15..=19 => "15~19",
            20..=29 => "20~29",
            30..=39 => "30~39",
            40..=49 => "40~49",
            50..=59 => "50~59",
            60..=69 => "60~69",
            70..=79 => "70~79",
            80..=89 => "80~89",
            90.. => "90~",
        })
    }

    /// Stores a value that the person typed on the consent screen.
    ///
    /// # Errors
    /// The value does not fit the item, or the item cannot be collected. Nothing is changed then.
    pub fn collect(&mut self, item: Item, value: &str) -> Result<(), NotCollectable> {
        let value = value.trim();
        match item {
            Item::AccountEmail if is_email(value) => {
                self.email = Some(value.to_owned());
                self.email_valid = true;
                // The person has not yet proved that the address is theirs.
                self.email_verified = false;
            }
            Item::Name if text::fits(value, rules::NAME) => self.name = Some(value.to_owned()),
            Item::Gender if value == "female" => self.gender = Some(Gender::Female),
            Item::Gender if value == "male" => self.gender = Some(Gender::Male),
            Item::AgeRange | Item::Birthyear if is_birthyear(value) => self.birthyear = Some(value.to_owned()),
            Item::Birthday if month_and_day(value).is_some() => {
                self.birthday = Some(value.to_owned());
                self.birthday_type = self.birthday_type.or(Some(BirthdayType::Solar));
            }
            _ => return Err(NotCollectable { item }),
        }
        Ok(())
    }
}

/// A typed value was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotCollectable {
    /// The item that the value was for.
    pub item: Item,
}

/// Whether the consent screen can collect a value for this item. It never collects phone numbers (F08).
#[must_use]
pub(crate) const fn is_collectable(item: Item) -> bool {
    matches!(item, Item::AccountEmail | Item::Name | Item::Gender | Item::AgeRange | Item::Birthyear | Item::Birthday)
}

/// Parses `MMDD` into month and day, if a leap year has that day.
#[must_use]
pub(crate) fn month_and_day(text: &str) -> Option<(i8, i8)> {
    if text.len() != 4 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (month, day) = (text[..2].parse().ok()?, text[2..].parse().ok()?);
    Date::new(2000, month, day).ok().map(|date| (date.month(), date.day()))
}

/// Whether the text is a year of birth: four digits, 1900 or later.
#[must_use]
pub(crate) fn is_birthyear(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit()) && text >= "1900"
}

/// Whether the text looks like an email address. Only a message to the address can verify it.
#[must_use]
pub fn is_email(email: &str) -> bool {
    let Some((local, domain)) = email.split_once('@') else { return false };
    !local.is_empty()
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && email.len() <= 254
        && !domain.contains('@')
        && !email.contains(|c: char| c.is_whitespace() || text::is_hidden(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Span;

    fn born(year: &str, day: &str) -> Attributes {
        Attributes { birthyear: Some(year.into()), birthday: Some(day.into()), ..Attributes::default() }
    }

    #[test]
    fn age_counts_on_the_day_in_korea() {
        // 2026-11-29T14:59:59Z is still 29 November in Seoul. One second later it is 30 November.
        let before = Millis::from_rfc3339("2026-11-29T14:59:59Z").expect("a time");
        let after = before + Span::seconds(1);
        assert_eq!(born("2012", "1130").age(before), Some(13));
        assert_eq!(born("2012", "1130").age(after), Some(14));
        assert_eq!(born("2012", "1130").age_range(after), Some("10~14"));
    }

    #[test]
    fn phone_numbers_come_from_talk() {
        let mut person = Attributes { phone_number: Some("+82 10-1234-5678".into()), ..Attributes::default() };
        assert!(!person.has(Item::PhoneNumber));
        person.talk = true;
        assert!(person.has(Item::PhoneNumber));
        assert!(!is_collectable(Item::PhoneNumber));
        assert!(person.collect(Item::PhoneNumber, "+82 10-0000-0000").is_err());
    }

    #[test]
    fn typed_values_are_checked() {
        let mut person = Attributes::default();
        for (item, wrong) in [
            (Item::AccountEmail, "a@b"),
            (Item::AccountEmail, "a b@c.d"),
            (Item::Birthday, "1332"),
            (Item::Birthday, "가나"),
            (Item::Birthyear, "95"),
            (Item::Gender, "x"),
            (Item::Name, ""),
        ] {
            assert!(person.collect(item, wrong).is_err(), "{wrong}");
        }
        assert_eq!(person, Attributes::default());
        person.collect(Item::AccountEmail, " a@b.example ").expect("fits");
        assert_eq!((person.email.as_deref(), person.email_verified), (Some("a@b.example"), false));
    }

    #[test]
    fn each_item_is_had_by_the_value_it_names() {
        let none = Attributes::default();
        let text = || Some("1".to_owned());
        for (item, person) in [
            (Item::AccountEmail, Attributes { email: text(), ..none.clone() }),
            (Item::Name, Attributes { name: text(), ..none.clone() }),
            (Item::Gender, Attributes { gender: Some(Gender::Male), ..none.clone() }),
            (Item::AgeRange, Attributes { birthyear: text(), ..none.clone() }),
            (Item::Birthyear, Attributes { birthyear: text(), ..none.clone() }),
            (Item::Birthday, Attributes { birthday: text(), ..none.clone() }),
            (Item::PhoneNumber, Attributes { phone_number: text(), talk: true, ..none.clone() }),
            (Item::AccountCi, Attributes { ci: text(), ..none.clone() }),
        ] {
            assert!(person.has(item) && !none.has(item), "{item:?}");
        }
        assert!(none.has(Item::ProfileNickname) && none.has(Item::ShippingAddress), "no single value of the account");
    }

    #[test]
    fn ages_are_ranges_and_a_year_without_a_day_counts_as_its_last_day() {
        let now = Millis::from_rfc3339("2026-11-20T03:00:00Z").expect("a time");
        for (year, range) in [
            ("2017", "1~9"),
            ("2016", "10~14"),
            ("2011", "15~19"),
            ("2006", "20~29"),
            ("1996", "30~39"),
            ("1986", "40~49"),
            ("1976", "50~59"),
            ("1966", "60~69"),
            ("1956", "70~79"),
            ("1946", "80~89"),
            ("1936", "90~"),
        ] {
            assert_eq!(born(year, "1120").age_range(now), Some(range), "{year}");
        }
        let year_alone = Attributes { birthyear: Some("2016".into()), ..Attributes::default() };
        assert_eq!(year_alone.age(now), Some(9));
        assert_eq!((Attributes::default().age(now), born("x", "1120").age(now)), (None, None));
        let leap = born("2000", "0229");
        let on = |day: &str| leap.age(Millis::from_rfc3339(&format!("2026-{day}T03:00:00Z")).expect("a time"));
        assert_eq!((on("02-28"), on("03-01")), (Some(25), Some(26)));
    }

    #[test]
    fn a_person_is_called_by_the_first_name_there_is() {
        let mut person = Attributes::default();
        assert_eq!(person.display_name(), "—");
        person.id = Some("id".into());
        assert_eq!(person.display_name(), "id");
        person.email = Some("a@b.example".into());
        assert_eq!(person.display_name(), "a@b.example");
        person.nickname = Some("N".into());
        assert_eq!(person.display_name(), "N");
    }

    #[test]
    fn typed_values_are_kept() {
        let mut person = Attributes::default();
        for (item, value) in [
            (Item::Name, " Name "),
            (Item::Gender, "female"),
            (Item::AgeRange, "1995"),
            (Item::Birthday, "0229"),
            (Item::AccountEmail, "a@b.example"),
        ] {
            assert!(is_collectable(item) && person.collect(item, value).is_ok(), "{value}");
        }
        assert_eq!((person.name.as_deref(), person.gender), (Some("Name"), Some(Gender::Female)));
        assert_eq!((person.birthyear.as_deref(), person.birthday.as_deref()), (Some("1995"), Some("0229")));
        assert_eq!((person.birthday_type, person.email_valid), (Some(BirthdayType::Solar), true));
        person.birthday_type = Some(BirthdayType::Lunar);
        for (item, value) in [(Item::Birthday, "0101"), (Item::Gender, "male"), (Item::Birthyear, "1996")] {
            person.collect(item, value).expect("fits");
        }
        assert_eq!((person.birthday_type, person.gender), (Some(BirthdayType::Lunar), Some(Gender::Male)));
        assert!(person.collect(Item::Name, &"가".repeat(100)).is_ok(), "characters count, not bytes");
        assert!(person.collect(Item::Name, &"a".repeat(101)).is_err());
        assert!(person.collect(Item::ProfileNickname, "N").is_err() && !is_collectable(Item::ProfileNickname));
    }

    #[test]
    fn words_on_the_wire_are_those_that_are_kept() {
        for gender in [Gender::Female, Gender::Male] {
            assert_eq!(serde_json::to_value(gender).expect("text"), gender.id());
        }
        for kind in [BirthdayType::Solar, BirthdayType::Lunar] {
            assert_eq!(serde_json::to_value(kind).expect("text"), kind.id());
        }
    }

    #[test]
    fn emails_birthyears_and_days_have_a_shape() {
        let long = |characters: usize| format!("{}@b.example", "a".repeat(characters - "@b.example".len()));
        assert!(is_email("a@b.example") && is_email("a@b.c.example") && is_email(&long(254)));
        for wrong in
            ["", "a", "@b.example", "a@", "a@b", "a@.b", "a@b.", "a@b@c.d", "a@b.c\u{7}", "a b@c.d", &long(255)]
        {
            assert!(!is_email(wrong), "{wrong}");
        }
        assert!(is_birthyear("1900") && is_birthyear("2026"));
        assert!(["1899", "95", "19950", "19x5", ""].iter().all(|year| !is_birthyear(year)));
        assert_eq!((month_and_day("0229"), month_and_day("1231")), (Some((2, 29)), Some((12, 31))));
        assert!(["0230", "0001", "1301", "229", "+229", "02290"].iter().all(|day| month_and_day(day).is_none()));
    }
}
