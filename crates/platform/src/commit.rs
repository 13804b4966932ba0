//! The loop of load, decide and commit, which starts again after a conflict.

use kakaw_store::{Contested, Error, Outcome, Statement, Store};

/// Maximum number of attempts before the caller gets an error.
const ATTEMPTS: usize = 4;

/// The decision of an attempt.
#[derive(Debug)]
pub enum Attempt<T> {
    /// This result. Nothing is written.
    Done(T),
    /// This result, once the changes are committed.
    Commit { changes: Vec<Statement>, then: T },
    /// The same. The next attempt recognizes what this one wrote, so it also runs when it is unknown whether the commit
    /// happened.
    Resumable { changes: Vec<Statement>, then: T },
}

impl<T> Attempt<T> {
    /// Changes the value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Attempt<U> {
        match self {
            Self::Done(value) => Attempt::Done(change(value)),
            Self::Commit { changes, then } => Attempt::Commit { changes, then: change(then) },
            Self::Resumable { changes, then } => Attempt::Resumable { changes, then: change(then) },
        }
    }
}

/// Runs attempts until one is committed. Each attempt reads again, because another commit changed what the one before
/// had read. It gets what that conflict was about.
///
/// # Errors
/// The error of an attempt; a failure of the database; [`Error::Outrun`] when other commits were faster every time.
pub(crate) async fn decide_and_commit<T, E: From<Error>, F>(
    store: &Store,
    mut attempt: impl FnMut(Option<Contested>) -> F,
) -> Result<T, E>
where
    F: Future<Output = Result<Attempt<T>, E>>,
{
    let mut attempts = Attempts::default();
    loop {
        let attempt = attempt(attempts.lost).await?;
        if let Some(value) = attempts.commit(store, attempt).await? {
            return Ok(value);
        }
    }
}

/// The attempts of one request. Use `decide_and_commit` where an attempt can be a closure.
#[derive(Debug, Default)]
pub struct Attempts {
    made: usize,
    /// What the conflict of the preceding attempt was about.
    pub lost: Option<Contested>,
    unclear: Option<Error>,
}

impl Attempts {
    /// Commits an attempt. Returns `None` when another attempt must be made.
    ///
    /// # Errors
    /// A failure of the database; [`Error::Outrun`] when other commits were faster every time.
    pub async fn commit<T>(&mut self, store: &Store, attempt: Attempt<T>) -> Result<Option<T>, Error> {
        let (changes, then, resumable) = match attempt {
            Attempt::Done(value) => return Ok(Some(value)),
            Attempt::Commit { changes, then } => (changes, then, false),
            Attempt::Resumable { changes, then } => (changes, then, true),
        };
        self.lost = None;
        match store.commit(changes).await {
            Ok(Outcome::Committed) => return Ok(Some(then)),
            Ok(Outcome::Conflict { about, .. }) => self.lost = Some(about),
            Err(error) if resumable => self.unclear = Some(error),
            Err(error) => return Err(error),
        }
        self.made += 1;
        if self.made < ATTEMPTS { Ok(None) } else { Err(self.unclear.take().unwrap_or(Error::Outrun)) }
    }
}

/// Commits changes that were decided without reading the rows that they touch.
///
/// # Errors
/// [`Error::Outrun`] on a conflict; a failure of the database.
pub async fn commit(store: &Store, changes: Vec<Statement>) -> Result<(), Error> {
    match store.commit(changes).await? {
        Outcome::Committed => Ok(()),
        Outcome::Conflict { .. } => Err(Error::Outrun),
    }
}

#[cfg(test)]
mod tests {
    use kakaw_core::link::Link;
    use kakaw_core::{AccountId, AppId, Millis, UserId};
    use kakaw_store::db::Url;
    use kakaw_store::links;

    use super::*;

    fn link(user: i64) -> Link {
        Link::new(AppId(1), AccountId(7), UserId(user), Millis(0))
    }

    #[tokio::test]
    async fn an_attempt_after_a_conflict_decides_again_and_knows_the_conflict() {
        let store = Store::open(&Url::Memory).await.expect("opens");
        commit(&store, vec![links::insert(&link(1))]).await.expect("the first");
        let mut seen = Vec::new();
        let result: Result<_, Error> = decide_and_commit(&store, |lost| {
            seen.push(lost);
            let store = &store;
            async move {
                let found = links::of(store, AppId(1), AccountId(7)).await?.expect("is there");
                // Only the second attempt uses the right version.
                let version = if lost.is_some() { found.version } else { 99 };
                let changes = vec![links::update(&Link { version, ..found })];
                Ok(Attempt::Commit { changes, then: "done" })
            }
        })
        .await;
        assert_eq!(result.expect("the second attempt"), "done");
        assert_eq!(seen, [None, Some(Contested::Link)]);
    }

    #[tokio::test]
    async fn it_ends_when_it_is_done_when_it_fails_and_after_four_attempts() {
        let store = Store::open(&Url::Memory).await.expect("opens");
        commit(&store, vec![links::insert(&link(1))]).await.expect("the first");
        let mut attempts = 0;
        let mut outrun = async |is_resumable: bool| {
            let result: Result<(), Error> = decide_and_commit(&store, |_| {
                attempts += 1;
                let (changes, then) = (vec![links::insert(&link(2))], ());
                let attempt = match is_resumable {
                    true => Attempt::Resumable { changes, then },
                    false => Attempt::Commit { changes, then },
                };
                std::future::ready(Ok(attempt))
            })
            .await;
            (result, std::mem::take(&mut attempts))
        };
        assert!(matches!(outrun(false).await, (Err(Error::Outrun), 4)));
        assert!(matches!(outrun(true).await, (Err(Error::Outrun), 4)));
        store.shut();
        assert!(matches!(outrun(false).await, (Err(Error::Shut), 1)), "a failed commit is not tried again");
        assert!(matches!(outrun(true).await, (Err(Error::Shut), 4)), "unless its attempts recognize their own work");
        let done: Result<_, Error> = decide_and_commit(&store, |_| async { Ok(Attempt::Done(1)) }).await;
        assert_eq!(done.expect("nothing is written"), 1);
        let refused: Result<(), Error> = decide_and_commit(&store, |_| async { Err(Error::Slow) }).await;
        assert!(matches!(refused, Err(Error::Slow)));
        assert!(matches!(commit(&store, vec![links::insert(&link(2))]).await, Err(Error::Shut)));
    }
}
