//! The numbers that name an app, an account, a person in an app, and a grant: four types, so that none is taken for another.

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
    /// An app, as its team and its keys name it.
    AppId;
    /// A person's account. It never leaves the platform: apps see a [`UserId`].
    AccountId;
    /// A person as one app sees them, in [2^32, 2^53). Another app has another number for the same person.
    UserId;
    /// One log-in of one person in one app on one device; it is sealed into tokens.
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
