//! A row that is being made.

use kakaw_core::audit::{Event, Row};
use kakaw_core::{AppId, Millis};
use kakaw_store::{Statement, audit};
use serde_json::{Map, Value};

use super::people::Person;
use crate::Platform;

/// A row that is being made.
#[must_use]
pub struct Entry<'a> {
    event: Event,
    by: &'a str,
    at: Option<Millis>,
    person: Option<&'a Person>,
    app: Option<AppId>,
    times: i64,
    detail: Value,
    private: Option<Value>,
}

impl<'a> Entry<'a> {
    /// An event, and who caused it.
    pub const fn new(event: Event, by: &'a str) -> Self {
        let detail = Value::Null;
        Self { event, by, at: None, person: None, app: None, times: 1, detail, private: None }
    }

    /// The person that it is about.
    pub const fn person(mut self, person: Option<&'a Person>) -> Self {
        self.person = person;
        self
    }

    /// The app that it is about.
    pub const fn app(mut self, app: AppId) -> Self {
        self.app = Some(app);
        self
    }

    /// When it happened, if not now, and how often.
    pub(super) const fn counted(mut self, at: Millis, times: i64) -> Self {
        (self.at, self.times) = (Some(at), times);
        self
    }

    /// What everybody who reads the trail may know for as long as it exists: no personal data.
    pub fn detail(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }

    /// What is sealed under the person's key, and gone with it. Without a person, it is left out.
    pub fn private(mut self, private: Value) -> Self {
        self.private = Some(private);
        self
    }

    /// Returns the statement, if the platform records.
    #[must_use]
    pub fn statement(self, platform: &Platform) -> Option<Statement> {
        let recording = platform.audit.recording.as_ref()?;
        let at = self.at.unwrap_or_else(|| platform.now());
        let id = recording.id(at);
        let seal = |person: &Person| Some(person.key.seal(id, self.private.as_ref()?.to_string().as_bytes()));
        let detail = if self.detail.is_null() { Value::Object(Map::new()) } else { self.detail };
        Some(audit::insert(&Row {
            id,
            at,
            node: recording.node.clone(),
            event: self.event.name().to_owned(),
            actor: self.by.to_owned(),
            person: self.person.map(|person| person.name.clone()),
            app: self.app,
            times: self.times,
            detail: detail.to_string(),
            sealed: self.person.and_then(seal),
        }))
    }

    /// Writes the row in a commit of its own, for acts that write nothing else, such as reads.
    ///
    /// # Errors
    /// The database failed.
    pub async fn write(self, platform: &Platform) -> Result<(), kakaw_store::Error> {
        match self.statement(platform) {
            Some(statement) => crate::commit::commit(&platform.store, vec![statement]).await,
            None => Ok(()),
        }
    }
}
