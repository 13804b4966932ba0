//! Renewing tokens with a refresh token.

use kakaw_wire::Problem;

use crate::app::App;
use crate::diagnosis::Refusal;
use crate::policy::{Policy, REFRESH_LIFETIME, ROTATION_WINDOW, Rotation};
use crate::token::RefreshToken;
use crate::token::grant::Bearer;
use crate::{GrantId, Millis};

/// The result of a refresh.
#[derive(Debug, Clone, PartialEq)]
pub enum Renewal {
    /// A new access token; the refresh token stays. Nothing is written.
    Keep(Box<Bearer>),
    /// The refresh token is in its last month and is replaced. The grant is in its new state.
    Rotate(Box<Bearer>),
    /// The token was replaced a moment ago: reply with the same successor. Nothing is written.
    Successor(Box<Bearer>),
    /// Refuse.
    Refuse(Refusal),
    /// Refuse, and end the grant: somebody else may have the outdated token.
    Replayed { refusal: Refusal, grant: GrantId },
}

/// Decides a refresh. `bearer` is what is stored under the token's grant.
#[must_use]
pub fn renew(
    token: Option<RefreshToken>,
    bearer: Option<Bearer>,
    client_id: &str,
    app: &App,
    policy: &Policy,
    now: Millis,
) -> Renewal {
    let refuse = |why: String| Renewal::Refuse(Refusal::new(Problem::RefreshTokenNotAccepted {}).because(why));
    let Some(token) = token else {
        return refuse("not a refresh token of this service, or changed on the way".to_owned());
    };
    if now >= token.expires_at {
        return refuse(format!("it expired {} s ago", (now - token.expires_at).as_seconds()));
    }
    let Some(mut bearer) = bearer.map(Box::new) else { return refuse("its grant was ended and swept".to_owned()) };
    if bearer.grant.authorization.app_key != client_id {
        return refuse("it was issued to another app key".to_owned());
    }
    if let Err(dead) = bearer.live() {
        return refuse(dead.to_string());
    }
    // Services that rely on ID tokens only must learn of these too.
    if bearer.account.restricted {
        return refuse("the account has been restricted".to_owned());
    }
    if app.settings.denies_age_of(&bearer.account.attributes, now) {
        return refuse("the app is closed to people under 14".to_owned());
    }
    let grant = &mut bearer.grant;
    if token.generation != grant.refresh_generation {
        let age = grant.rotated_at.map(|rotated_at| now - rotated_at);
        let is_predecessor = token.generation + 1 == grant.refresh_generation;
        if is_predecessor && age.is_some_and(|age| age < policy.refresh_grace) {
            return Renewal::Successor(bearer);
        }
        let why = match age {
            Some(age) => format!("it was replaced {} ms ago", age.as_milliseconds()),
            None => "its grant never replaced a refresh token".to_owned(),
        };
        let refusal = Refusal::new(Problem::RefreshTokenNotAccepted {}).because(why);
        return if policy.revoke_on_refresh_reuse {
            Renewal::Replayed { refusal, grant: grant.id }
        } else {
            Renewal::Refuse(refusal)
        };
    }
    // The stored expiry counts. A sealed one that differs would belong to another database.
    if now >= grant.refresh_expires_at {
        return refuse("it expired".to_owned());
    }
    let rotates = match policy.overrides.rotation {
        Rotation::LastMonth => grant.refresh_expires_at - now < ROTATION_WINDOW,
        Rotation::Always => true,
        Rotation::Never => false,
    };
    if !rotates {
        return Renewal::Keep(bearer);
    }
    grant.refresh_generation += 1;
    grant.refresh_expires_at = now + REFRESH_LIFETIME;
    grant.rotated_at = Some(now);
    Renewal::Rotate(bearer)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::AppId;
    use crate::Span;
    use crate::app::{AppSettings, Under14};
    use crate::authorize::authorization::tests::NOW;
    use crate::policy::Overrides;
    use crate::token::grant::tests::bearer;

    fn app() -> App {
        App { id: AppId(1), version: 1, settings: AppSettings::new("shop") }
    }

    /// Renews with the current token of the grant, or with one of this generation, so many days after it was made.
    fn after(bearer: Bearer, generation: i64, days: i64, policy: &Policy) -> Renewal {
        let token = RefreshToken { grant_id: GrantId(9), generation, expires_at: bearer.grant.refresh_expires_at };
        renew(Some(token), Some(bearer), "key", &app(), policy, NOW + Span::days(days))
    }

    #[test]
    fn a_refresh_token_is_kept_until_its_last_month() {
        let first_day = 30;
        assert!(matches!(after(bearer(), 0, 0, &Policy::SERVE), Renewal::Keep(_)));
        assert!(matches!(after(bearer(), 0, first_day, &Policy::SERVE), Renewal::Keep(_)), "exactly a month is left");
        let Renewal::Rotate(rotated) = after(bearer(), 0, first_day + 1, &Policy::SERVE) else { panic!("rotates") };
        let now = NOW + Span::days(first_day + 1);
        assert_eq!((rotated.grant.refresh_generation, rotated.grant.rotated_at), (1, Some(now)));
        assert_eq!(rotated.grant.refresh_expires_at, now + REFRESH_LIFETIME);
        assert!(matches!(after(bearer(), 0, 60, &Policy::SERVE), Renewal::Refuse(_)), "expired");
    }

    #[test]
    fn a_token_that_was_replaced_has_a_moment_of_grace() {
        let rotated = |generation: i64| {
            let mut bearer = bearer();
            (bearer.grant.refresh_generation, bearer.grant.rotated_at) = (generation, Some(NOW));
            bearer
        };
        let ends = Policy { revoke_on_refresh_reuse: true, refresh_grace: Span::seconds(30), ..Policy::SERVE };
        let keeps = Policy { revoke_on_refresh_reuse: false, ..ends };
        let late = Policy { refresh_grace: Span::ZERO, ..ends };
        assert!(matches!(after(rotated(1), 0, 0, &ends), Renewal::Successor(bearer) if bearer.grant.id == GrantId(9)));
        assert!(
            matches!(after(rotated(1), 0, 0, &late), Renewal::Replayed { grant: GrantId(9), .. }),
            "the grace is over"
        );
        assert!(matches!(after(rotated(2), 0, 0, &ends), Renewal::Replayed { grant: GrantId(9), .. }), "two before");
        assert!(matches!(after(rotated(2), 0, 0, &keeps), Renewal::Refuse(_)));
        let mut never = rotated(1);
        never.grant.rotated_at = None;
        assert!(matches!(after(never, 0, 0, &keeps), Renewal::Refuse(_)), "no time of grace without a replacement");
    }

    #[test]
    fn nothing_is_renewed_for_whoever_may_not_have_it() {
        let token = RefreshToken { grant_id: GrantId(9), generation: 0, expires_at: NOW + Span::days(1) };
        let with = |change: fn(&mut Bearer)| {
            let mut bearer = bearer();
            change(&mut bearer);
            Some(bearer)
        };
        for (token, bearer, expected) in [
            (None, with(|_| ()), "not a refresh token"),
            (Some(RefreshToken { expires_at: NOW, ..token }), with(|_| ()), "it expired 0 s ago"),
            (Some(token), None, "ended and swept"),
            (Some(token), with(|b| b.grant.authorization.app_key = "other".to_owned()), "another app key"),
            (Some(token), with(|b| b.link.connected = false), "unlinked"),
            (Some(token), with(|b| b.key.deleted = true), "its app key was deleted"),
            (Some(token), with(|b| b.account.restricted = true), "restricted"),
        ] {
            let renewal = renew(token, bearer, "key", &app(), &Policy::SERVE, NOW);
            let Renewal::Refuse(refusal) = renewal else { panic!("{renewal:?} in place of {expected}") };
            let findings = refusal.diagnosis.for_team().join("; ");
            assert!(findings.contains(expected), "{findings} in place of {expected}");
        }
    }

    /// Renews with the current token, which expires after this time.
    fn with_left(left: Span, rotation: Rotation) -> Renewal {
        let mut bearer = bearer();
        bearer.grant.refresh_expires_at = NOW + left;
        let overrides = Overrides { rotation, ..Overrides::default() };
        after(bearer, 0, 0, &Policy { overrides, ..Policy::SERVE })
    }

    #[test]
    fn the_last_month_begins_and_ends_to_the_millisecond() {
        let (month, moment) = (ROTATION_WINDOW, Span::milliseconds(1));
        for (left, rotation, expected) in [
            (month, Rotation::LastMonth, "keep"),
            (month - moment, Rotation::LastMonth, "rotate"),
            (moment, Rotation::LastMonth, "rotate"),
            (Span::ZERO, Rotation::LastMonth, "refuse"),
            (month, Rotation::Always, "rotate"),
            (moment, Rotation::Never, "keep"),
            (Span::ZERO, Rotation::Always, "refuse"),
        ] {
            let renewed = match with_left(left, rotation) {
                Renewal::Keep(_) => "keep",
                Renewal::Rotate(_) => "rotate",
                Renewal::Refuse(_) => "refuse",
                other => panic!("{other:?}"),
            };
            assert_eq!(renewed, expected, "{left:?} {rotation:?}");
        }
    }

    #[test]
    fn a_database_that_knows_of_an_earlier_expiry_is_believed() {
        let token = RefreshToken { grant_id: GrantId(9), generation: 0, expires_at: NOW + Span::days(1) };
        let mut bearer = bearer();
        bearer.grant.refresh_expires_at = NOW;
        let renewal = renew(Some(token), Some(bearer), "key", &app(), &Policy::SERVE, NOW);
        assert!(matches!(renewal, Renewal::Refuse(_)), "{renewal:?}");
    }

    #[test]
    fn an_app_that_was_closed_to_children_renews_nothing_for_them() {
        let token = RefreshToken { grant_id: GrantId(9), generation: 0, expires_at: NOW + Span::days(1) };
        let (mut app, mut child) = (app(), bearer());
        child.account.attributes.birthyear = Some("2020".to_owned());
        app.settings.under_14 = Under14::Deny;
        let renewal = renew(Some(token), Some(child), "key", &app, &Policy::SERVE, NOW);
        let Renewal::Refuse(refusal) = renewal else { panic!("{renewal:?}") };
        assert_eq!(refusal.diagnosis.for_team(), ["the app is closed to people under 14"]);
    }

    proptest! {
        /// At any time and with any generation, only the current token renews, and only its direct predecessor gets the
        /// successor, and only within the grace period.
        #[test]
        fn only_the_current_token_or_its_predecessor_within_the_grace_is_answered(
            generation in 0i64..4,
            current in 0i64..4,
            age in 0i64..60_000,
            grace in 0i64..60,
            revoke in any::<bool>(),
        ) {
            let (age, grace) = (Span::milliseconds(age), Span::seconds(grace));
            let mut bearer = bearer();
            bearer.grant.refresh_generation = current;
            bearer.grant.rotated_at = Some(NOW - age);
            let policy = Policy { refresh_grace: grace, revoke_on_refresh_reuse: revoke, ..Policy::SERVE };
            match after(bearer, generation, 0, &policy) {
                Renewal::Keep(_) => prop_assert_eq!(generation, current),
                Renewal::Successor(_) => prop_assert!(generation + 1 == current && age < grace),
                Renewal::Replayed { .. } => prop_assert!(revoke && generation != current),
                Renewal::Refuse(_) => prop_assert!(!revoke && generation != current),
                Renewal::Rotate(_) => prop_assert!(false, "two months are left"),
            }
            let answered = generation == current || (generation + 1 == current && age < grace);
            let mut bearer = self::bearer();
            (bearer.grant.refresh_generation, bearer.grant.rotated_at) = (current, Some(NOW - age));
            let renewal = after(bearer, generation, 0, &policy);
            prop_assert_eq!(answered, matches!(renewal, Renewal::Keep(_) | Renewal::Successor(_)));
        }
    }
}
