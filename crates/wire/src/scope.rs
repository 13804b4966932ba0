//! Consent items: what an app may ask a person for, with the ids that `scope` contains.

use serde::{Deserialize, Serialize};

macro_rules! items {
    ($($(#[$doc:meta])* $variant:ident $id:literal $kind:ident;)*) => {
        /// A consent item.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Item { $($(#[$doc])* #[serde(rename = $id)] $variant,)* }

        impl Item {
            /// Every item, in the order in which consent screens and replies list them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Returns the id on the wire.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// Returns whether the item is personal data or the right to use a service.
            #[must_use]
            pub const fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind::$kind,)* }
            }

            /// Returns the item with this id.
            #[must_use]
            pub fn from_id(id: &str) -> Option<Self> {
                match id { $($id => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

items! {
    /// Nickname and profile picture in one: apps made before June 2021.
    Profile "profile" Privacy;
    /// Nickname.
    ProfileNickname "profile_nickname" Privacy;
    /// Profile picture.
    ProfileImage "profile_image" Privacy;
    /// Email address of the account, and whether it is valid and verified.
    AccountEmail "account_email" Privacy;
    /// Name.
    Name "name" Privacy;
    /// Gender.
    Gender "gender" Privacy;
    /// Age range, derived from the year of birth.
    AgeRange "age_range" Privacy;
    /// Month and day of birth.
    Birthday "birthday" Privacy;
    /// Year of birth.
    Birthyear "birthyear" Privacy;
    /// Phone number; only people who use Talk have one.
    PhoneNumber "phone_number" Privacy;
    /// Connecting information (CI).
    AccountCi "account_ci" Privacy;
    /// Shipping addresses.
    ShippingAddress "shipping_address" Privacy;
    /// Friends list.
    Friends "friends" Privacy;
    /// Sending Talk messages.
    TalkMessage "talk_message" Service;
    /// Talk Channel relations.
    Plusfriends "plusfriends" Privacy;
    /// Account-status events of RISC and CAEP (the id is ours: Kakao does not publish its own).
    AccountStatus "account_status" Privacy;
}

/// The type of an item, as `/v2/user/scopes` spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum Kind {
    /// Personal data.
    Privacy,
    /// The right to use a service on the person's behalf.
    Service,
}

/// Which apps may ask for an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    /// Every app.
    All,
    /// Apps that are registered to a business.
    Business,
    /// Business apps whose use of the item was reviewed.
    Review,
}

impl Item {
    /// Returns which apps may ask for it.
    #[must_use]
    pub const fn availability(self) -> Availability {
        match self {
            Self::Profile | Self::ProfileNickname | Self::ProfileImage | Self::AccountEmail => Availability::All,
            Self::Friends | Self::TalkMessage | Self::Plusfriends => Availability::All,
            Self::Gender | Self::AgeRange | Self::Birthday => Availability::Business,
            Self::Name | Self::Birthyear | Self::PhoneNumber | Self::AccountCi => Availability::Review,
            Self::ShippingAddress | Self::AccountStatus => Availability::Review,
        }
    }
}

/// The scope that asks for an ID token. It is not a consent item.
pub const OPENID: &str = "openid";

/// Splits a list parameter (`scope`, `prompt`) at commas and white space. Empty entries are left out.
pub fn split(list: &str) -> impl Iterator<Item = &str> {
    list.split([',', ' ', '\t', '\r', '\n']).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_back() {
        for item in Item::ALL {
            assert_eq!(Item::from_id(item.id()), Some(*item));
        }
    }

    #[test]
    fn lists_split_on_commas_and_spaces() {
        assert_eq!(split(" a,b  c,, ").collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(split("").count(), 0);
    }
}
