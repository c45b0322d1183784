//! The mails of an onboarding, with what the mail server said of each: "I got no mail" is asked on the phone every day.

use std::collections::HashMap;

use gangway_core::event::{Body, OnboardingId};
use gangway_core::outcome::AttemptResult;

use super::Answers;
use crate::store::StoreError;
use crate::store::story::MailRow;

/// Mails that are told, and events in which what was said of them is looked for.
const MOST: u32 = 50;
const EVENTS: u32 = 500;

/// A mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Its row.
    pub row: MailRow,
    /// What the mail server said last, if it was not taken at once.
    pub said: Option<String>,
}

impl Answers {
    /// The mails of an onboarding, the newest first.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn mails(&self, id: OnboardingId) -> Result<Vec<Mail>, StoreError> {
        let rows = self.store.mails(id, MOST).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let mut said: HashMap<i64, String> = HashMap::new();
        for told in self.store.story(id, None, EVENTS).await? {
            let Ok(event) = told.event else { continue };
            let Body::Outcome { effect, result, .. } = event.body else { continue };
            if let Some(words) = words(&result) {
                said.entry(effect).or_insert(words);
            }
        }
        Ok(rows.into_iter().map(|row| Mail { said: said.remove(&row.n), row }).collect())
    }
}

/// What was said of an attempt that did not end well.
fn words(result: &AttemptResult) -> Option<String> {
    match result {
        AttemptResult::Done(answer) => answer.fields.get("reason")?.as_str().map(str::to_owned),
        AttemptResult::Again { cause, .. } | AttemptResult::Unknown { cause } | AttemptResult::Broken { cause } => {
            Some(cause.clone())
        }
        AttemptResult::NotDone => None,
    }
}
