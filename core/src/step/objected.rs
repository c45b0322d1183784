//! What far ends object to is kept until it is overcome: the state moved on well. Answers enter; what is kept changes.

use serde_json::{Map, Value};

use super::turn::Turn;
use crate::objection::{self, Objection};
use crate::onboarding::{Onboarding, Status};
use crate::outcome::Answer;

impl Turn<'_> {
    /// Keeps what the answer objects to. One without an objection has overcome those to the same thing.
    pub(super) fn heard(&mut self, target: &str, answer: &Answer) {
        let objection = Objection::of(answer, &self.it.state, target, self.now);
        self.objected = objection.is_some();
        let all = &mut self.it.memory.objections;
        match objection {
            Some(objection) => objection::add(all, objection),
            None => all.retain(|one| one.target != target),
        }
    }

    /// A mail that cannot even be sent.
    pub(super) fn has_no_address(&mut self, template: &str) {
        let reason = Map::from_iter([("reason".to_owned(), Value::from("the user has no e-mail address"))]);
        self.heard(&format!("mail {template}"), &Answer { fields: reason, ..Answer::named("refused") });
    }

    /// Forgets what was objected to before this event when the event led on to another state, and to no question. That
    /// the person did not get a mail is kept, and so is everything when it ended badly.
    pub(super) fn overcome(&mut self, before: Option<&Onboarding>) {
        let moved = before.is_some_and(|before| before.state != self.it.state);
        let well = !matches!(self.it.status, Status::Review | Status::Failed | Status::Cancelled);
        if moved && well && !self.objected && !self.unwell {
            self.it.memory.objections.retain(Objection::is_about_a_mail);
        }
    }
}
