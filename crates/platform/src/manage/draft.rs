//! A draft of a change: the statements of one commit, the meaning of a conflict in each, and the changes that they
//! make.

use kakaw_core::AppId;
use std::collections::BTreeMap;

use kakaw_core::app::App;
use kakaw_core::wire::{Expected, SettingProblem};
use kakaw_store::{Outcome, Statement, apps};

use super::{Actor, Change, Refused, Version, record};
use crate::Platform;
use crate::tombstones::{self, Tombstone};

/// Maximum number of attempts when others change the same rows.
const TRIES: usize = 4;

/// The meaning of a statement that did not touch its row.
enum Otherwise {
    /// Another commit was faster: read and decide again.
    Again,
    /// Somebody else has the value.
    Taken(SettingProblem),
}

/// The statements of one commit, and the changes that they make.
#[derive(Default)]
pub(super) struct Draft {
    statements: Vec<Statement>,
    otherwise: Vec<Otherwise>,
    pub changes: Vec<Change>,
    /// What ends, for the tombstone file.
    pub tombstones: Vec<Tombstone>,
    /// Apps in their new state, for later parts of the same commit.
    pub apps: BTreeMap<AppId, App>,
    /// All problems. A draft with problems is never committed.
    pub problems: Vec<SettingProblem>,
}

impl Draft {
    /// Adds a statement. If it does not touch its row, another commit was faster.
    pub(super) fn push(&mut self, statement: Statement) {
        self.statements.push(statement);
        self.otherwise.push(Otherwise::Again);
    }

    /// Adds several statements.
    pub(super) fn extend(&mut self, statements: impl IntoIterator<Item = Statement>) {
        statements.into_iter().for_each(|statement| self.push(statement));
    }

    /// Adds a statement that conflicts only if somebody else has the value at `path`.
    pub(crate) fn push_unique(&mut self, statement: Statement, path: &str, value: &str) {
        self.statements.push(statement);
        self.otherwise.push(Otherwise::Taken(SettingProblem::new(path, value, Expected::Free {})));
    }

    /// Adds problems of the value at `path`.
    pub(super) fn refuse(&mut self, path: &str, problems: impl IntoIterator<Item = SettingProblem>) {
        self.problems.extend(problems.into_iter().map(|problem| problem.within(path)));
    }

    /// Returns an app in its new state.
    pub(super) async fn app(&self, platform: &Platform, id: AppId) -> Result<Option<App>, kakaw_store::Error> {
        match self.apps.get(&id) {
            Some(app) => Ok(Some(app.clone())),
            None => apps::by_id(&platform.store, id).await,
        }
    }

    /// Commits. Returns `None` if another commit was faster.
    async fn commit(mut self, platform: &Platform) -> Result<Option<Vec<Change>>, Refused> {
        if !self.problems.is_empty() {
            return Err(Refused::Problems(self.problems));
        }
        if self.statements.is_empty() {
            return Ok(Some(self.changes));
        }
        tombstones::put(platform, &self.tombstones).await?;
        // The rows of the trail come last: the key of a new person needs their account.
        let rows = record::rows(platform, &self.changes).await?;
        self.extend(rows);
        match platform.store.commit(self.statements).await? {
            Outcome::Committed => Ok(Some(self.changes)),
            Outcome::Conflict { statement, .. } => match self.otherwise.into_iter().nth(statement) {
                Some(Otherwise::Taken(problem)) => Err(Refused::Problems(vec![problem])),
                _ => Ok(None),
            },
        }
    }
}

/// The context of a change.
#[derive(Clone, Copy)]
pub(super) struct By<'a> {
    pub platform: &'a Platform,
    pub actor: &'a Actor,
    /// The version that the caller has seen.
    pub expected: Option<Version>,
}

/// A change that is made in one commit.
pub(super) trait UseCase: Sync {
    /// Reads, decides, and adds to the draft.
    fn draft(&self, by: By<'_>, draft: &mut Draft) -> impl Future<Output = Result<(), Refused>> + Send;
}

/// Drafts and commits, and starts again after a conflict.
pub(super) async fn commit(by: By<'_>, what: &impl UseCase) -> Result<Vec<Change>, Refused> {
    for _ in 0..TRIES {
        let mut draft = Draft::default();
        what.draft(by, &mut draft).await?;
        if let Some(changes) = draft.commit(by.platform).await? {
            return Ok(changes);
        }
    }
    Err(Refused::Contention)
}

/// Drafts without committing, to find the problems before work that takes long.
pub(super) async fn check_all(by: By<'_>, what: &impl UseCase) -> Result<(), Refused> {
    let mut draft = Draft::default();
    what.draft(by, &mut draft).await?;
    if draft.problems.is_empty() { Ok(()) } else { Err(Refused::Problems(draft.problems)) }
}

/// The same for a single change.
pub(super) async fn check_one(
    platform: &Platform,
    actor: &Actor,
    expected: Option<Version>,
    what: &impl UseCase,
) -> Result<(), Refused> {
    check_all(By { platform, actor, expected }, what).await
}

/// Drafts and commits a single change.
pub(super) async fn commit_one(
    platform: &Platform,
    actor: &Actor,
    expected: Option<Version>,
    what: &impl UseCase,
) -> Result<Change, Refused> {
    commit(By { platform, actor, expected }, what).await?.pop().ok_or(Refused::Contention)
}

/// Compares the version that the caller expects with the one that was read.
pub(super) fn check(expected: Option<Version>, found: i64) -> Result<(), Refused> {
    match expected {
        Some(expected) if expected.0 != found => Err(Refused::Changed { expected, found: Version(found) }),
        _ => Ok(()),
    }
}
