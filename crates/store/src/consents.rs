//! Tables `consents` and `consent_texts`: what each person agreed to, when, and the text that the screen showed.

use kakaw_core::{AccountId, AppId, Millis};

use crate::db::{FromRow, Result, Row, Statement, Store, sql};

/// One consent of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Increases with time.
    pub id: i64,
    pub account_id: AccountId,
    /// `None`: the terms of the account service.
    pub app: Option<AppId>,
    pub at: Millis,
    /// JSON: consent items and service terms.
    pub agreed: String,
    /// Who recorded it: the person on a screen, or the app by a call.
    pub by: String,
    /// The text that was shown. `None` if no screen of ours showed one.
    pub text: Option<Text>,
}

/// A text that a screen showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Its hash.
    pub version: String,
    pub lang: String,
    pub shown: String,
}

impl FromRow for Consent {
    fn from_row(row: &Row) -> Result<Self> {
        let text = match (row.maybe_text("text_version")?, row.maybe_text("lang")?) {
            (Some(version), Some(lang)) => {
                Some(Text { version, lang, shown: row.maybe_text("shown")?.unwrap_or_default() })
            }
            _ => None,
        };
        Ok(Self {
            id: row.int("id")?,
            account_id: AccountId(row.int("account_id")?),
            app: row.maybe_int("app_id")?.map(AppId),
            at: Millis(row.int("at")?),
            agreed: row.text("agreed")?,
            by: row.text("agreed_by")?,
            text,
        })
    }
}

/// Inserts a consent, and its text if it is new.
#[must_use]
pub fn insert(consent: &Consent) -> Vec<Statement> {
    let text = consent.text.as_ref();
    let mut statements = vec![
        sql("insert into consents (id, account_id, app_id, at, agreed, agreed_by, text_version, lang) \
             values ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(consent.id)
        .bind(consent.account_id)
        .bind(consent.app)
        .bind(consent.at)
        .bind(consent.agreed.as_str())
        .bind(consent.by.as_str())
        .bind(text.map(|text| text.version.clone()))
        .bind(text.map(|text| text.lang.clone())),
    ];
    if let Some(text) = text {
        let insert = sql("insert into consent_texts (version, lang, shown, created_at) values ($1, $2, $3, $4) \
                          on conflict do nothing");
        let bound = insert.bind(text.version.as_str()).bind(text.lang.as_str()).bind(text.shown.as_str());
        statements.push(bound.bind(consent.at));
    }
    statements
}

/// Returns every consent of an account, oldest first, with the texts.
pub async fn of_account(store: &Store, account: AccountId) -> Result<Vec<Consent>> {
    sql("select c.id, c.account_id, c.app_id, c.at, c.agreed, c.agreed_by, c.text_version, c.lang, t.shown \
         from consents c left join consent_texts t on t.version = c.text_version \
         where c.account_id = $1 order by c.id")
    .bind(account)
    .all(store)
    .await
}

/// Deletes the consents of an account.
#[must_use]
pub fn delete_all(account: AccountId) -> Statement {
    sql("delete from consents where account_id = $1").bind(account)
}
