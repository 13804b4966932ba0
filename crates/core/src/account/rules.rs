//! The rules for the attributes of an account. They report all problems at once.

use kakaw_wire::{Expected, SettingProblem};

use crate::Millis;
use crate::account::{Attributes, is_birthyear, is_email, login_id, month_and_day};
use crate::validate::text::words;

/// Maximum length of a name, in characters.
pub(crate) const NAME: usize = 100;
/// Maximum length of the linking information (CI), in characters. A real one is 64 bytes in Base64.
const CI: usize = 200;

impl Attributes {
    /// Returns every problem with the values. `now` decides which days are in the future.
    #[must_use]
    pub fn problems(&self, now: Millis) -> Vec<SettingProblem> {
        let mut problems = Vec::new();
        let mut check = |name: &str, value: Option<&str>, fits: fn(&str) -> bool, expected| {
            problems.extend(value.filter(|value| !fits(value)).map(|value| SettingProblem::new(name, value, expected)));
        };
        check("id", self.id.as_deref(), login_id::is_login_id, Expected::LoginId {});
        check("email", self.email.as_deref(), is_email, Expected::Email {});
        check("phone_number", self.phone_number.as_deref(), is_phone_number, Expected::PhoneNumber {});
        check("birthyear", self.birthyear.as_deref(), is_birthyear, Expected::Birthyear {});
        check("birthday", self.birthday.as_deref(), |day| month_and_day(day).is_some(), Expected::Birthday {});
        check("profile_image", self.profile_image.as_deref(), is_picture_name, Expected::PictureName {});
        for (name, value, at_most) in
            [("nickname", &self.nickname, NAME), ("name", &self.name, NAME), ("ci", &self.ci, CI)]
        {
            problems.extend(value.as_deref().and_then(|value| words(name, value, at_most)));
        }
        if self.id.is_none() && self.email.is_none() {
            problems.push(SettingProblem::new("", "", Expected::NeedsLogin {}));
        }
        if let Some(number) = self.phone_number.as_deref().filter(|_| !self.talk) {
            problems.push(SettingProblem::new("phone_number", number, Expected::NeedsTalk {}));
        }
        problems.extend(self.born_in_future(now));
        problems
    }

    fn born_in_future(&self, now: Millis) -> Option<SettingProblem> {
        let text = self.birthyear.as_deref()?;
        let year: i16 = text.parse().ok()?;
        let today = now.day_in_korea()?;
        let problem = |name: &str, text: &str| Some(SettingProblem::new(name, text, Expected::NotInFuture {}));
        if year > today.year() {
            return problem("birthyear", text);
        }
        let day = self.birthday.as_deref()?;
        let is_later = year == today.year() && month_and_day(day)? > (today.month(), today.day());
        if is_later { problem("birthday", day) } else { None }
    }
}

/// Whether the text is a phone number with its country code (ITU-T E.164: at most 15 digits), as people write it.
#[must_use]
pub(crate) fn is_phone_number(text: &str) -> bool {
    let Some(number) = text.strip_prefix('+') else { return false };
    let digits = number.chars().filter(char::is_ascii_digit).count();
    (4..=15).contains(&digits)
        && number.starts_with(|c: char| ('1'..='9').contains(&c))
        && number.ends_with(|c: char| c.is_ascii_digit())
        && number.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '(' | ')' | '.'))
}

/// Whether the text can be one segment of a picture's path.
fn is_picture_name(text: &str) -> bool {
    (1..=100).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        && !text.starts_with('.')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Millis {
        Millis::from_rfc3339("2026-11-20T14:59:59Z").expect("a time")
    }

    fn full() -> Attributes {
        let text = |text: &str| Some(text.to_owned());
        Attributes {
            id: text("ryan"),
            email: text("ryan@example.com"),
            nickname: text("라이언"),
            profile_image: text("ryan-2.v1"),
            talk: true,
            phone_number: text("+82 10-1234-5678"),
            name: text("Ryan Kim"),
            birthyear: text("1995"),
            birthday: text("1130"),
            ci: text("ci"),
            ..Attributes::default()
        }
    }

    fn found(person: &Attributes) -> Vec<(String, Expected)> {
        person.problems(now()).into_iter().map(|problem| (problem.path, problem.expected)).collect()
    }

    #[test]
    fn each_value_is_checked() {
        assert_eq!(found(&full()), []);
        type Case = (fn(&mut Attributes), &'static str, Expected);
        let cases: &[Case] = &[
            (|p| p.id = Some("ry an".into()), "id", Expected::LoginId {}),
            (|p| p.email = Some("nobody".into()), "email", Expected::Email {}),
            (|p| p.phone_number = Some("010-1234-5678".into()), "phone_number", Expected::PhoneNumber {}),
            (|p| p.talk = false, "phone_number", Expected::NeedsTalk {}),
            (|p| p.birthyear = Some("95".into()), "birthyear", Expected::Birthyear {}),
            (|p| p.birthyear = Some("2027".into()), "birthyear", Expected::NotInFuture {}),
            (|p| p.birthyear = Some("2026".into()), "birthday", Expected::NotInFuture {}),
            (|p| p.birthday = Some("1399".into()), "birthday", Expected::Birthday {}),
            (|p| p.nickname = Some("a\0b".into()), "nickname", Expected::Words { at_most: NAME }),
            (|p| p.name = Some(String::new()), "name", Expected::Words { at_most: NAME }),
            (|p| p.ci = Some("x".repeat(CI + 1)), "ci", Expected::Words { at_most: CI }),
            (|p| p.profile_image = Some("../secret".into()), "profile_image", Expected::PictureName {}),
            (|p| p.profile_image = Some("..".into()), "profile_image", Expected::PictureName {}),
            (|p| (p.id, p.email) = (None, None), "", Expected::NeedsLogin {}),
        ];
        for (change, path, expected) in cases {
            let mut person = full();
            change(&mut person);
            assert_eq!(found(&person), [((*path).to_owned(), expected.clone())]);
        }
        let nobody = Attributes { email: Some("x".into()), birthyear: Some("x".into()), ..Attributes::default() };
        assert_eq!(found(&nobody).len(), 2, "every problem at once");
    }

    #[test]
    fn a_day_is_in_the_future_by_the_calendar_of_korea() {
        let born = |day: &str| {
            found(&Attributes { birthyear: Some("2026".into()), birthday: Some(day.into()), ..full() }).is_empty()
        };
        // One second before midnight in Seoul.
        assert!(born("1120") && !born("1121"));
        let whole_year = Attributes { birthyear: Some("2026".into()), birthday: None, ..full() };
        assert_eq!(found(&whole_year), [], "a year without a day");
    }

    #[test]
    fn phone_numbers_have_their_country() {
        for right in ["+82 10-1234-5678", "+1 (212) 555.0123", "+821012345678", "+82 10-1", "+123456789012345"] {
            assert!(is_phone_number(right), "{right}");
        }
        for wrong in
            ["", "+", "82 10", "010-1234-5678", "+0 10 1234", "+82", "+82 10-12a4", "+82 10-", "+1234567890123456"]
        {
            assert!(!is_phone_number(wrong), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn whoever_is_born_is_no_problem(year in 1900..2026i16, month in 1..=12u8, day in 1..=28u8) {
            let (birthyear, birthday) = (Some(year.to_string()), Some(format!("{month:02}{day:02}")));
            prop_assert_eq!(found(&Attributes { birthyear, birthday, ..full() }), []);
        }

        #[test]
        fn a_year_in_the_future_is(year in 2027..9999i16) {
            prop_assert_eq!(found(&Attributes { birthyear: Some(year.to_string()), ..full() }).len(), 1);
        }
    }
}
