//! A person in a shipped flow, moved by hand with the real step, and what support reads of them.

use std::sync::LazyLock;

use gangway_core::catalogue::Catalogue;
use gangway_core::effect::Mode;
use gangway_core::event::{Body, Event, OnboardingId, UserId};
use gangway_core::explain::{Answered, Came, Facts, View, masked, text};
use gangway_core::flow;
use gangway_core::flow::model::Flow;
use gangway_core::onboarding::{Onboarding, User};
use gangway_core::outcome::{Answer, AttemptResult};
use gangway_core::step::{start, step};
use gangway_core::time::{Millis, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use crate::settings::{Input, Settings};

static CATALOGUE: LazyLock<Catalogue> =
    LazyLock::new(|| crate::app::catalogue(&Settings::read(&Input::default()).unwrap()).unwrap());

/// One person and a clock.
pub(super) struct Person {
    flow: Flow,
    pub it: Onboarding,
    now: Timestamp,
}

/// The event that begins a flow.
pub(super) fn sign_up(kind: &str, data: Value) -> Event {
    event("/app", kind, Body::Message { subject: Some("u-1".into()), data })
}

fn event(source: &str, kind: &str, body: Body) -> Event {
    let (source, kind) = (source.to_owned(), kind.to_owned());
    Event { source, key: "k".into(), kind, received_at: Timestamp(0), occurred_at: None, body }
}

/// An answer with these fields.
pub(super) fn answer(outcome: &str, fields: Value) -> AttemptResult {
    let fields = fields.as_object().cloned().unwrap();
    AttemptResult::Done(Answer { fields, ..Answer::named(outcome) })
}

/// No clear answer.
pub(super) fn unknown(cause: &str) -> AttemptResult {
    AttemptResult::Unknown { cause: cause.to_owned() }
}

/// Not done, and it passes.
pub(super) fn again(cause: &str) -> AttemptResult {
    AttemptResult::Again { cause: cause.to_owned(), retry_after: None, spent: true }
}

impl Person {
    /// Signs up at 08:00 for this flow.
    pub(super) fn begin(name: &str, mut event: Event) -> Self {
        let file = format!("{name}.yaml");
        let path = format!("{}/flows/{file}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let flow = flow::load(&file, &text, &CATALOGUE).unwrap();
        let now = Timestamp::parse("2026-11-29T08:00:00Z").unwrap();
        let email = Some("ada@example.org".to_owned());
        let (id, external_id) = (UserId(Uuid::from_u128(1)), "u-1".to_owned());
        let user = User { id, external_id, email, locale: None, created_at: now };
        event.received_at = now;
        let it = start(&flow, OnboardingId(Uuid::from_u128(7)), &user, &event, now).onboarding;
        Self { flow, it, now }
    }

    /// Time passes.
    pub(super) fn waits(mut self, seconds: u64) -> Self {
        self.now = self.now.plus(Millis::secs(seconds));
        self
    }

    fn steps(mut self, mut event: Event) -> Self {
        event.received_at = self.now;
        self.it = step(&self.flow, &self.it, &event, self.now).onboarding;
        self
    }

    /// The time that was asked for comes.
    pub(super) fn wakes(mut self) -> Self {
        self.now = self.now.max(self.it.wake_at.unwrap_or(self.now));
        let revision = self.it.revision;
        self.steps(event("timer", "timer", Body::Timer { revision }))
    }

    /// The pending effect's next attempt ends so, when it is due.
    #[track_caller]
    pub(super) fn hears(mut self, result: AttemptResult) -> Self {
        let pending = self.it.memory.pending.clone().expect("an effect is pending");
        self.now = self.now.max(pending.due_at);
        let (effect, attempt, sent_at) = (pending.n, pending.tried + 1, self.now);
        let body = Body::Outcome { effect, attempt, sent_at, result, taken: None, unspent: false };
        self.steps(event("effect", "effect.outcome", body))
    }

    /// Whether the next attempt only looks.
    pub(super) fn looks_up(&self) -> bool {
        self.it.memory.pending.as_ref().is_some_and(|pending| pending.mode == Mode::LookUp)
    }

    /// The row of an answer of so many seconds ago.
    pub(super) fn answered(&self, event: i64, target: &str, outcome: &str, ago: u64) -> Answered {
        let at = Timestamp(self.now.0 - i64::try_from(ago).unwrap() * 1000);
        Answered { event, target: target.into(), outcome: Some(outcome.into()), at, times: 1 }
    }

    /// The row of a webhook of so many seconds from now.
    pub(super) fn came(&self, seconds: i64) -> Came {
        let at = Timestamp(self.now.0 + seconds * 1000);
        Came { event: 1, name: String::new(), at, by_webhook: true, is_hint: false }
    }

    fn view<'a>(&'a self, facts: &'a Facts) -> View<'a> {
        View { flow: &self.flow, phrases: &CATALOGUE.phrases, onboarding: &self.it, facts, now: self.now }
    }

    /// All that support reads, a line each.
    pub(super) fn told(&self, facts: &Facts) -> String {
        let told = self.view(facts).explain();
        let lines = told.lines.iter().map(|line| format!("{}: {}", line.slot.label(), line.text(self.now)));
        std::iter::once(text(&told.headline, self.now)).chain(lines).map(|line| line + "\n").collect()
    }

    /// Fails unless support reads exactly this.
    #[track_caller]
    pub(super) fn reads(&self, facts: &Facts, wanted: &str) {
        let wanted: String = wanted.lines().map(|line| format!("{}\n", line.trim())).collect();
        assert_eq!(self.told(facts), wanted);
    }

    /// One line; empty when it is not said.
    pub(super) fn line(&self, facts: &Facts, label: &str) -> String {
        let told = self.view(facts).explain();
        let line = told.lines.iter().find(|line| line.slot.label() == label);
        line.map_or(String::new(), |line| line.text(self.now))
    }

    /// One line, for a reader who may not see persons.
    pub(super) fn masked(&self, label: &str) -> String {
        let told = self.view(&Facts::default()).explain();
        let line = told.lines.iter().find(|line| line.slot.label() == label);
        line.map_or(String::new(), |line| masked(&line.pieces, self.now))
    }
}
