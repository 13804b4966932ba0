//! The ids of apps, accounts, users and grants. Each is a type of its own, so that the compiler tells them apart.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(out)
            }
        }
    )*};
}

ids! {
    /// The id of an app.
    AppId;
    /// The id of a person's account. It never leaves the platform: apps see a [`UserId`].
    AccountId;
    /// A person's id in one app, in [2^32, 2^53). Another app sees another id for the same person.
    UserId;
    /// The id of a grant: one log-in of one person in one app on one device. Tokens contain it, sealed.
    GrantId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_plain_numbers_wherever_they_are_written() {
        let id = UserId(4_294_967_296);
        assert_eq!((id.to_string().as_str(), format!("{id:>12}").as_str()), ("4294967296", "  4294967296"));
        assert_eq!(serde_json::to_string(&AppId(1)).expect("JSON"), "1");
        assert_eq!(serde_json::from_str::<GrantId>("-7").expect("a number"), GrantId(-7));
        assert_eq!(AccountId(3).to_string(), "3");
    }
}
