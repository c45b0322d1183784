//! What a far end objected to, in its own words. It stays with the onboarding until it is overcome, so that the cause is
//! told where the outcome is: "refused" alone helps nobody. An answer enters. Never in here: a decision.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::outcome::Answer;
use crate::time::Timestamp;

/// Objections that one onboarding keeps; of more the oldest goes.
const MOST: usize = 4;
/// Longest word or reason that is kept, in characters.
const LONGEST: usize = 300;

/// What a far end objected to. Its words may repeat personal data: sealed at rest, shown to those who may read the
/// person, never in a journal line, log or metric.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objection {
    /// The state in which it was met.
    pub state: String,
    /// What was asked: `original.create_user`, `mail welcome`.
    pub target: String,
    /// The outcome that it came with, such as `refused`.
    pub outcome: String,
    /// Its short name, such as `validation_error`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Its words.
    pub reason: String,
    /// When it was heard first.
    pub first: Timestamp,
    /// When it was heard last.
    pub last: Timestamp,
    /// How often it was heard.
    pub times: u32,
}

impl Objection {
    /// The objection in an answer: its field `reason`, and `code` where there is one. An answer without a reason
    /// objects to nothing.
    #[must_use]
    pub fn of(answer: &Answer, state: &str, target: &str, at: Timestamp) -> Option<Self> {
        let word = |name: &str| {
            let text = answer.fields.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
            text.map(|text| text.chars().take(LONGEST).collect::<String>())
        };
        Some(Self {
            state: state.to_owned(),
            target: target.to_owned(),
            outcome: answer.outcome.clone(),
            code: word("code"),
            reason: word("reason")?,
            first: at,
            last: at,
            times: 1,
        })
    }

    /// Its words, and its short name where that says more.
    #[must_use]
    pub fn words(&self) -> String {
        let Self { reason, code, .. } = self;
        match code.as_ref().filter(|code| *code != reason) {
            Some(code) => format!("\"{reason}\" ({code})"),
            None => format!("\"{reason}\""),
        }
    }

    /// Whether it is about a mail. That the person was not told stays true whatever succeeds later.
    #[must_use]
    pub fn is_about_a_mail(&self) -> bool {
        self.target.starts_with("mail ")
    }

    /// Whether both say the same of the same thing.
    fn repeats(&self, other: &Self) -> bool {
        (&self.state, &self.target, &self.outcome, &self.code, &self.reason)
            == (&other.state, &other.target, &other.outcome, &other.code, &other.reason)
    }
}

/// Adds an objection as the newest; one that was heard before is counted.
pub fn add(all: &mut Vec<Objection>, new: Objection) {
    let before = all.iter().position(|known| known.repeats(&new)).map(|place| all.remove(place));
    all.push(match before {
        Some(before) => Objection { first: before.first, times: before.times.saturating_add(1), ..new },
        None => new,
    });
    let above = all.len().saturating_sub(MOST);
    all.drain(..above);
}

/// `original.create_user answered refused: "Enter a valid value." (validation_error), 2 times since 2026-…`
impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, outcome, first, times, .. } = self;
        write!(f, "{target} answered {outcome}: {}", self.words())?;
        if *times > 1 {
            write!(f, ", {times} times since {first}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{MOST, Objection, add};
    use crate::outcome::Answer;
    use crate::time::Timestamp;

    fn refused(reason: &str, code: &str, at: i64) -> Objection {
        let fields = json!({"reason": reason, "code": code}).as_object().cloned().unwrap_or_default();
        let answer = Answer { fields, ..Answer::named("refused") };
        Objection::of(&answer, "create", "original.create_user", Timestamp(at)).expect("it has a reason")
    }

    #[test]
    fn an_answer_without_a_reason_objects_to_nothing() {
        assert_eq!(Objection::of(&Answer::named("refused"), "create", "original.create_user", Timestamp(1)), None);
        let blank = json!({"reason": "  ", "code": "x"}).as_object().cloned().unwrap_or_default();
        let answer = Answer { fields: blank, ..Answer::named("refused") };
        assert_eq!(Objection::of(&answer, "create", "original.create_user", Timestamp(1)), None);
    }

    #[test]
    fn what_is_heard_again_is_counted_and_of_many_the_newest_are_kept() {
        let mut all = vec![refused("not allowed", "x", 1)];
        add(&mut all, refused("no funds", "", 2));
        add(&mut all, refused("not allowed", "x", 3));
        let told: Vec<(&str, i64, i64, u32)> =
            all.iter().map(|one| (one.reason.as_str(), one.first.0, one.last.0, one.times)).collect();
        assert_eq!(told, [("no funds", 2, 2, 1), ("not allowed", 1, 3, 2)]);
        (0..9).for_each(|n| add(&mut all, refused(&n.to_string(), "x", n)));
        assert_eq!((all.len(), all.last().map(|one| one.reason.as_str())), (MOST, Some("8")));
    }

    #[test]
    fn words_longer_than_anyone_reads_are_cut_between_characters() {
        assert_eq!(refused(&"ä".repeat(5_000), "x", 1).reason, "ä".repeat(300));
    }
}
