//! Shipping addresses of an account, and the reply that describes them.

use crate::AccountId;
use kakaw_wire::SettingProblem;
use kakaw_wire::shipping::{AddressFields, AddressKind, ShippingAddress};

use crate::Millis;
use crate::validate::text::maybe_words;

/// An address of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Address id, below 2^53.
    pub id: i64,
    pub account_id: AccountId,
    /// Increases with every change.
    pub version: i64,
    pub is_default: bool,
    pub updated_at: Millis,
    pub fields: AddressFields,
}

impl Address {
    /// Returns the address as the user API shows it.
    #[must_use]
    pub fn reply(&self) -> ShippingAddress {
        ShippingAddress {
            id: self.id,
            is_default: self.is_default,
            updated_at: self.updated_at.seconds(),
            fields: self.fields.clone(),
        }
    }
}

/// The part of an account's addresses that a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// One address.
    One(i64),
    /// A page: the default address first, then the newest. From the second page on, only addresses older than `before`
    /// (Unix seconds).
    Page { before: Option<Millis>, size: usize },
}

/// Returns the addresses of this part, in the order of the reply.
#[must_use]
pub fn part(mut addresses: Vec<Address>, part: Part) -> Vec<Address> {
    addresses.sort_by_key(|address| (!address.is_default, std::cmp::Reverse((address.updated_at, address.id))));
    match part {
        Part::One(id) => addresses.retain(|address| address.id == id),
        Part::Page { before, size } => {
            if let Some(before) = before {
                // The first page has shown the default address already.
                addresses.retain(|address| !address.is_default && address.updated_at < before);
            }
            addresses.truncate(size);
        }
    }
    addresses
}

/// Returns the problems with the texts of an address.
#[must_use]
pub fn problems(fields: &AddressFields) -> Vec<SettingProblem> {
    let texts = texts(fields).into_iter();
    texts.filter_map(|(name, text, at_most)| maybe_words(name, text.as_deref()?, at_most)).collect()
}

/// The texts that people read, with their maximum lengths in characters.
fn texts(fields: &AddressFields) -> [(&'static str, &Option<String>, usize); 4] {
    [
        ("name", &fields.name, 30),
        ("receiver_name", &fields.receiver_name, 50),
        ("base_address", &fields.base_address, 200),
        ("detail_address", &fields.detail_address, 200),
    ]
}

/// Returns the name on the wire of the first field with an invalid value.
#[must_use]
pub fn first_wrong(fields: &AddressFields) -> Option<&'static str> {
    let length = |text: &Option<String>| text.as_deref().map_or(0, |text| text.chars().count());
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    let phone = |text: &String| {
        (7..=30).contains(&text.chars().count())
            && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | ' ' | '(' | ')'))
    };
    let wrong = |name: &str| problems(fields).iter().any(|problem| problem.path == name);
    let fits = [
        ("name", !wrong("name")),
        ("receiver_name", !wrong("receiver_name") && length(&fields.receiver_name) > 0),
        ("receiver_phone_number1", fields.receiver_phone_number1.as_ref().is_some_and(phone)),
        ("receiver_phone_number2", fields.receiver_phone_number2.as_ref().is_none_or(phone)),
        ("base_address", !wrong("base_address") && length(&fields.base_address) > 0),
        ("detail_address", !wrong("detail_address")),
        (
            "zone_number",
            match fields.kind {
                Some(AddressKind::Old) => fields.zone_number.as_deref().is_none_or(|code| digits(code, 5)),
                _ => fields.zone_number.as_deref().is_some_and(|code| digits(code, 5)),
            },
        ),
        ("zip_code", fields.zip_code.as_deref().is_none_or(|code| digits(code, 6))),
    ];
    fits.into_iter().find(|(_, fits)| !fits).map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(id: i64, is_default: bool, seconds: i64) -> Address {
        let updated_at = Millis(seconds * 1000);
        Address { id, account_id: AccountId(1), version: 1, is_default, updated_at, fields: AddressFields::default() }
    }

    #[test]
    fn the_default_stands_first_and_on_no_later_page() {
        let all = || vec![address(1, false, 10), address(2, true, 5), address(3, false, 30), address(4, false, 20)];
        let ids = |which| part(all(), which).iter().map(|address| address.id).collect::<Vec<_>>();
        assert_eq!(ids(Part::Page { before: None, size: 2 }), [2, 3]);
        assert_eq!(ids(Part::Page { before: Some(Millis(30_000)), size: 2 }), [4, 1]);
        assert_eq!(ids(Part::Page { before: None, size: 9 }), [2, 3, 4, 1]);
        assert_eq!((ids(Part::One(4)), ids(Part::One(9))), (vec![4], vec![]));
    }

    #[test]
    fn the_reply_for_an_address_has_its_time_in_seconds() {
        let reply = address(4, true, 10).reply();
        assert_eq!((reply.id, reply.is_default, reply.updated_at), (4, true, 10));
    }

    #[test]
    fn the_first_field_that_does_not_fit_is_named() {
        let text = |text: &str| Some(text.to_owned());
        let good = AddressFields {
            name: text("Home"),
            kind: Some(AddressKind::New),
            base_address: text("1 Road"),
            detail_address: text("101"),
            receiver_name: text("Ryan"),
            receiver_phone_number1: text("010-1234-5678"),
            receiver_phone_number2: None,
            zone_number: text("12345"),
            zip_code: None,
        };
        assert_eq!(first_wrong(&good), None);
        type Case =
            (fn(&mut AddressFields, Option<String>), &'static str, &'static [&'static str], &'static [&'static str]);
        const LETTERS_30: &str = "가가가가가가가가가가가가가가가가가가가가가가가가가가가가가가";
        const LETTERS_31: &str = "1234567890123456789012345678901";
        let cases: &[Case] = &[
            (|f, v| f.name = v, "name", &["", LETTERS_30], &[LETTERS_31]),
            (|f, v| f.receiver_name = v, "receiver_name", &["R"], &[""]),
            (
                |f, v| f.receiver_phone_number1 = v,
                "receiver_phone_number1",
                &["1234567", "+82 (10) 1-2"],
                &["", "123456", "010-1234-567x", LETTERS_31],
            ),
            (|f, v| f.receiver_phone_number2 = v, "receiver_phone_number2", &["1234567"], &["x"]),
            (|f, v| f.base_address = v, "base_address", &["1"], &[""]),
            (|f, v| f.zone_number = v, "zone_number", &["00000"], &["1234", "123456", "1234x"]),
            (|f, v| f.zip_code = v, "zip_code", &["123456"], &["12345", "12345x"]),
        ];
        for (set, field, fitting, wrong) in cases {
            let with = |value: &str| {
                let mut fields = good.clone();
                set(&mut fields, text(value));
                first_wrong(&fields)
            };
            assert!(fitting.iter().all(|value| with(value).is_none()), "{field}");
            assert!(wrong.iter().all(|value| with(value) == Some(field)), "{field}");
        }
        let lengths = |receiver: usize, base: usize, detail: usize| {
            let of = |length| Some("가".repeat(length));
            let (receiver_name, base_address, detail_address) = (of(receiver), of(base), of(detail));
            first_wrong(&AddressFields { receiver_name, base_address, detail_address, ..good.clone() })
        };
        for (name, change) in [
            ("name", AddressFields { name: text("Ho\u{202e}me"), ..good.clone() }),
            ("receiver_name", AddressFields { receiver_name: text("Ry\u{200b}an"), ..good.clone() }),
            ("base_address", AddressFields { base_address: text("1\nRoad"), ..good.clone() }),
            ("detail_address", AddressFields { detail_address: text("\u{3164}"), ..good.clone() }),
        ] {
            assert_eq!(first_wrong(&change), Some(name));
            assert_eq!(problems(&change).len(), 1, "{name}");
        }
        assert_eq!((problems(&good), problems(&AddressFields::default())), (vec![], vec![]));
        assert_eq!(lengths(50, 200, 200), None);
        assert_eq!(lengths(51, 200, 200), Some("receiver_name"));
        assert_eq!(lengths(50, 201, 200), Some("base_address"));
        assert_eq!(lengths(50, 200, 201), Some("detail_address"));
        // Only an address by lot number may lack the five-digit postcode.
        let without = |kind| first_wrong(&AddressFields { kind, zone_number: None, ..good.clone() });
        assert_eq!(without(Some(AddressKind::Old)), None);
        assert_eq!((without(Some(AddressKind::New)), without(None)), (Some("zone_number"), Some("zone_number")));
        let old = AddressFields { kind: Some(AddressKind::Old), zone_number: text("1234"), ..good };
        assert_eq!(first_wrong(&old), Some("zone_number"));
    }
}
