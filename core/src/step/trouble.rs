//! Attempts that did not succeed: again, looked up, or to a person. Unknown is never failure: it is looked up over a
//! settle time before anything is repeated, and without a look-up it is a person's question.

use super::outcome::Of;
use super::turn::{Turn, about};
use super::wait::Read;
use crate::decision::{FollowUp, Verdict};
use crate::effect::{EffectId, Mode};
use crate::flow::model::{Awaited, Call, Verb};
use crate::onboarding::{Pending, Purpose, ReviewCause};
use crate::outcome::AttemptResult;
use crate::retry::{self, Next, Policy};
use crate::time::Millis;

/// Longest wait of what is repeated until it succeeds: reads that confirm, and telling others.
const STEADY: Millis = Millis::secs(300);

/// How the pending effect is tried.
pub(crate) struct Manner {
    pub(crate) policy: Policy,
    pub(super) effectful: bool,
    pub(super) look_up: bool,
}

impl Turn<'_> {
    /// The pending effect's attempt did not succeed.
    pub(super) fn not_done(&mut self, of: Of, result: &AttemptResult) {
        let Some(pending) = self.it.memory.pending.as_mut() else { return };
        pending.tried = of.attempt;
        pending.looked = pending.looked.saturating_add(u32::from(pending.mode == Mode::LookUp));
        let (pending, target) = (pending.clone(), pending.target.clone());
        let manner = manner(self.verb(), &pending);
        let (cause, retry_after, spent) = match result {
            AttemptResult::Done(_) => return,
            AttemptResult::NotDone if pending.mode == Mode::LookUp => {
                self.say(format_args!("look-up of {target}: not done"));
                return self.looked_up(of, pending, &manner);
            }
            AttemptResult::NotDone => ("a look-up answered where none was asked", None, true),
            AttemptResult::Again { cause, retry_after, spent } => (cause.as_str(), *retry_after, *spent),
            AttemptResult::Unknown { cause } => (cause.as_str(), None, true),
            AttemptResult::Broken { cause } => (cause.as_str(), None, true),
        };
        let spent = spent && !of.unspent;
        match pending.mode {
            Mode::LookUp => self.say(format_args!("look-up {} of {target}: {cause}", pending.looked)),
            Mode::Do => self.say(format_args!("attempt {} of {target}: {cause}", pending.works())),
        }
        let mut pending = Pending { trouble: Some(cause.to_owned()), ..pending };
        match result {
            AttemptResult::Broken { .. } => {
                let detail = format!("{target}: {cause}; possible: retry, move");
                self.give_up(pending, "broken", ReviewCause::Broken, detail);
            }
            AttemptResult::Unknown { .. } if manner.effectful && pending.mode == Mode::Do => {
                self.unknown(of, pending, &manner);
            }
            _ => {
                pending.attempts = pending.attempts.saturating_add(u32::from(spent));
                self.again(of, pending, &manner, retry_after, spent);
            }
        }
    }

    /// Tries again by the policy, in the same mode. A read that is exhausted is given up until the next one is due.
    fn again(&mut self, of: Of, mut pending: Pending, manner: &Manner, retry_after: Option<Millis>, spent: bool) {
        let next = self.when(of, &pending, &manner.policy, retry_after, spent);
        match (next, pending.purpose, self.wait()) {
            (Next::At(at), ..) => {
                pending.due_at = at;
                self.say_next("next attempt", &pending);
                self.it.memory.pending = Some(pending);
                self.due_again();
            }
            (Next::Exhausted, Purpose::Poll | Purpose::Confirm, Some(wait)) => {
                self.settle(pending.n, "exhausted");
                self.it.memory.pending = None;
                self.verdict = Verdict::Applied;
                self.keep_waiting(wait, &Read::of(&pending, of.sent_at, false));
            }
            (Next::Exhausted, ..) => self.exhausted(pending, &manner.policy),
        }
    }

    /// When the next attempt is made after one that did not succeed, counted or not.
    fn when(&self, of: Of, pending: &Pending, policy: &Policy, retry_after: Option<Millis>, spent: bool) -> Next {
        let effect = EffectId { onboarding: self.it.id, n: pending.n };
        if spent {
            retry::next(policy, effect, pending.attempts, pending.asked_at, retry_after, self.now)
        } else {
            retry::unspent(policy, effect, of.attempt, pending.asked_at, retry_after, self.now)
        }
    }

    /// Attempts or time are used up: a person must look. Look-ups that never answered leave it unknown.
    fn exhausted(&mut self, pending: Pending, policy: &Policy) {
        let (target, cause) = (&pending.target, pending.trouble.as_deref().unwrap_or("not done"));
        if pending.mode == Mode::LookUp {
            let detail = format!("whether {target} was done could not be found out: {cause}; possible: retry, move");
            return self.give_up(pending, "unknown", ReviewCause::Unknown, detail);
        }
        let spent = if pending.attempts >= policy.attempts {
            format!("was tried {} times", pending.attempts)
        } else {
            format!("was not done within {}", about(policy.deadline))
        };
        let detail = format!("{target} {spent}: {cause}; possible: retry, move");
        self.give_up(pending, "exhausted", ReviewCause::Exhausted, detail);
    }

    /// The work may have been done unseen: look it up; without a look-up send it once more, or ask a person.
    fn unknown(&mut self, of: Of, mut pending: Pending, manner: &Manner) {
        let resent = pending.uncertain_since.is_some();
        pending.attempts = pending.attempts.saturating_add(u32::from(!of.unspent));
        // A lease that ran out does not tell when its request was sent: only that it was not before it was due.
        pending.uncertain_since = pending.uncertain_since.or(Some(of.sent_at.min(pending.due_at)));
        if manner.look_up {
            pending.mode = Mode::LookUp;
            pending.due_at = self.now.plus(manner.policy.settle);
            self.say_next("look-up", &pending);
        } else if manner.policy.resend_unknown && !resent {
            pending.due_at = self.now;
            self.say("the same is sent once more");
        } else {
            let detail = format!("whether {} was done is not known; possible: retry, move", pending.target);
            return self.give_up(pending, "unknown", ReviewCause::Unknown, detail);
        }
        self.it.memory.pending = Some(pending);
        self.due_again();
    }

    /// A look-up found the work not done. "Not found" soon after a time-out is not "not done": several are needed.
    fn looked_up(&mut self, of: Of, mut pending: Pending, manner: &Manner) {
        pending.look_ups = pending.look_ups.saturating_add(1);
        if pending.look_ups < manner.policy.look_ups {
            let doubled = manner.policy.settle.0.saturating_mul(1_u64 << pending.look_ups.min(32));
            pending.due_at = self.now.plus(Millis(doubled));
            self.say_next("next look-up", &pending);
        } else {
            pending.mode = Mode::Do;
            pending.look_ups = 0;
            // Not at once: what made it fail may last, and every attempt that counts has its pause.
            let next = self.when(of, &pending, &manner.policy, None, pending.attempts > 0);
            let Next::At(at) = next else { return self.exhausted(pending, &manner.policy) };
            pending.due_at = at;
            let wait = about(at.since(self.now));
            self.say(format_args!("certainly not done after attempt {}; is done again in {wait}", of.attempt));
        }
        self.it.memory.pending = Some(pending);
        self.due_again();
    }

    /// Settles the effect and asks a person; the effect stays pending, so that a retry goes on with the same one.
    pub(super) fn give_up(&mut self, pending: Pending, outcome: &str, cause: ReviewCause, detail: String) {
        self.settle(pending.n, outcome);
        self.it.memory.pending = Some(pending);
        self.review(cause, detail);
    }

    /// An attempt to tell others of this onboarding ended: it is repeated until it succeeds, and never moves it.
    pub(super) fn told(&mut self, of: Of, result: &AttemptResult) {
        let effect = EffectId { onboarding: self.it.id, n: of.n };
        let what = if effect.is_telling() { "parent told of the end" } else { "lifecycle event published" };
        if let AttemptResult::Done(answer) = result {
            self.say(what);
            return self.settle(of.n, &answer.outcome);
        }
        let retry_after = match result {
            AttemptResult::Again { retry_after, .. } => *retry_after,
            _ => None,
        };
        let at = retry::wait(&retry::steady(&self.flow.lifecycle, STEADY), effect, of.attempt, retry_after);
        let (n, at, mode, uncertain_since) = (of.n, self.now.plus(at), Mode::Do, None);
        self.follow_ups.push(FollowUp::Due { n, at, mode, uncertain_since });
        self.say(format_args!("not yet: {what}"));
    }

    fn say_next(&mut self, what: &str, pending: &Pending) {
        self.say(format_args!("{what} in {}", about(pending.due_at.since(self.now))));
    }
}

/// The manner of a pending effect of a state that does this. The careful one, when the flow no longer explains the
/// effect.
pub(crate) fn manner(verb: Option<&Verb>, pending: &Pending) -> Manner {
    let read = |policy: &Policy| Manner { policy: policy.clone(), effectful: false, look_up: false };
    match (verb, pending.purpose) {
        (Some(Verb::Call(Call { policy, effectful, look_up, .. })), Purpose::Work) => {
            Manner { policy: policy.clone(), effectful: *effectful, look_up: *look_up }
        }
        (Some(Verb::Mail(mail)), Purpose::Work) => {
            Manner { policy: mail.policy.clone(), effectful: true, look_up: false }
        }
        (Some(Verb::Publish(publish)), Purpose::Work) => read(&publish.policy),
        // Handed in twice it is one event: doing it again is always safe.
        (Some(Verb::Start(start)), Purpose::Work) => read(&start.policy),
        (Some(Verb::Await(wait)), Purpose::Poll) => {
            // One that fails is asked again no later than the next one would be.
            wait.poll.as_ref().map_or_else(
                || read(&Policy::default()),
                |poll| read(&retry::steady(&poll.policy, poll.every_max.max(poll.every_min))),
            )
        }
        (Some(Verb::Await(wait)), Purpose::Confirm) => {
            let of = |awaited: &Awaited| awaited.confirm.as_ref().is_some_and(|c| c.action == pending.target);
            let awaited = wait.arrivals.values().find(|awaited| of(awaited));
            let policy = awaited.map_or_else(Policy::default, |awaited| awaited.confirm_policy.clone());
            read(&retry::steady(&policy, STEADY))
        }
        (_, Purpose::Work) => Manner { policy: Policy::default(), effectful: true, look_up: false },
        (_, Purpose::Poll | Purpose::Confirm) => read(&retry::steady(&Policy::default(), STEADY)),
    }
}
