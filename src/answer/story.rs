//! What happened to a person, the newest first, one sentence an event: from the journal's rows alone. Polls that asked the
//! same and were answered the same are one item.

use gangway_core::event::{Body, OnboardingId, OperatorAct};
use gangway_core::explain::Piece;
use gangway_core::flow::model::Flow;
use gangway_core::outcome::AttemptResult;
use gangway_core::time::Timestamp;

use super::Answers;
use crate::store::StoreError;
use crate::store::story::Told;

/// A page of a story.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Story {
    /// The newest first.
    pub items: Vec<Item>,
    /// Number of the event before which the next page begins; absent on the last page.
    pub next: Option<i64>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Number of its event; of several, the newest.
    pub event: i64,
    /// When it happened; of several, the first.
    pub at: Timestamp,
    /// When the last of several happened.
    pub last: Option<Timestamp>,
    /// How often it happened.
    pub times: u32,
    /// Who or what did it: `operator:ada`, `webhook:original`.
    pub who: String,
    /// What happened.
    pub pieces: Vec<Piece>,
    /// The state before and the one after, when they differ.
    pub moved: Option<(Option<String>, String)>,
    /// Whose it is.
    pub onboarding: Option<OnboardingId>,
}

impl Answers {
    /// A page of an onboarding's story, before the event of this number.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn story(&self, id: OnboardingId, before: Option<i64>, limit: u32) -> Result<Story, StoreError> {
        let flow = match self.store.seen(id).await? {
            Some(Ok(onboarding)) => self.flows.get(&onboarding.flow),
            _ => None,
        };
        let rows = self.store.story(id, before, limit.saturating_add(1)).await?;
        let full = rows.len() > limit as usize;
        let rows: Vec<Told> = rows.into_iter().take(limit as usize).collect();
        let next = rows.last().filter(|_| full).map(|last| last.entry.seq);
        let effects: Vec<i64> = rows.iter().filter_map(effect).collect();
        let targets = self.store.targets(id, &effects).await?;
        let mut items: Vec<Item> = Vec::new();
        for told in &rows {
            if is_silent(told) && !moves(told) {
                continue;
            }
            let target = effect(told).and_then(|n| targets.get(&n)).map(String::as_str);
            let item = self.item(told, target, flow.as_deref());
            match items.last_mut().filter(|last| repeats(last, &item)) {
                Some(last) => {
                    last.last = Some(last.last.unwrap_or(last.at));
                    last.at = item.at;
                    last.times = last.times.saturating_add(item.times);
                }
                None => items.push(item),
            }
        }
        Ok(Story { items, next })
    }

    fn item(&self, told: &Told, target: Option<&str>, flow: Option<&Flow>) -> Item {
        let entry = &told.entry;
        let mut pieces = match &told.event {
            Ok(event) => self.happened(&event.body, &entry.kind, target),
            Err(_) => vec![format!("{} ({})", entry.kind, entry.source).into()],
        };
        pieces.extend(aftermath(told, flow));
        Item {
            event: entry.seq,
            at: entry.at,
            last: entry.last,
            times: entry.times,
            who: entry.source.clone(),
            pieces,
            moved: moves(told).then(|| (entry.from.clone(), entry.to.clone().unwrap_or_default())),
            onboarding: entry.onboarding,
        }
    }

    /// What the event says.
    fn happened(&self, body: &Body, kind: &str, target: Option<&str>) -> Vec<Piece> {
        match body {
            Body::Message { .. } => vec![format!("An internal system sent {kind}.").into()],
            Body::Report { facts, .. } => {
                let provider = facts.first().map_or(kind, |fact| fact.name.as_str());
                let who = self.phrases.title(provider.split_once('.').map_or(provider, |(provider, _)| provider));
                match facts.first() {
                    Some(fact) => vec![format!("{who} reported that {}.", self.phrases.fact_clause(&fact.name)).into()],
                    None => vec![format!("{who} sent {kind}.").into()],
                }
            }
            Body::Child { parent, .. } => vec!["Begun by onboarding ".into(), Piece::Onboarding(*parent), ".".into()],
            Body::Outcome { result, attempt, .. } => self.ended(result, *attempt, target),
            Body::Timer { .. } => vec!["The time came.".into()],
            Body::Operator { actor, reason, act, .. } => operated(actor, reason, act),
            Body::Adopt { .. } => vec!["Held events were taken over.".into()],
            Body::Stranded => vec!["The sweep found that nothing would have moved it.".into()],
        }
    }

    /// How an attempt ended.
    fn ended(&self, result: &AttemptResult, attempt: u32, target: Option<&str>) -> Vec<Piece> {
        let target = target.unwrap_or("what was asked");
        let who = gangway_core::explain::who(&self.phrases, target);
        let asked = gangway_core::explain::clause(&self.phrases, target);
        match result {
            AttemptResult::Done(answer) => {
                let clause = self.phrases.outcome_clause(target, &answer.outcome);
                let mut said: Vec<Piece> = vec![format!("{who}: {clause}").into()];
                if let Some(reason) = answer.fields.get("reason").and_then(serde_json::Value::as_str) {
                    said.extend([": ".into(), Piece::Quote(reason.to_owned())]);
                }
                said.push(".".into());
                said
            }
            AttemptResult::NotDone => vec![format!("A look-up at {who} found it not done.").into()],
            AttemptResult::Again { cause, .. } => {
                vec![format!("Try {attempt}: {who} did not {asked}: {cause}.").into()]
            }
            AttemptResult::Unknown { cause } => {
                vec![format!("Try {attempt} to {asked}: no clear answer from {who}: {cause}.").into()]
            }
            AttemptResult::Broken { cause } => {
                vec![format!("Try {attempt} to {asked}: gangway does not understand the answer: {cause}.").into()]
            }
        }
    }
}

fn effect(told: &Told) -> Option<i64> {
    match told.event.as_ref().map(|event| &event.body) {
        Ok(Body::Outcome { effect, .. }) => Some(*effect),
        _ => None,
    }
}

/// A timer only says that its time came: what it did is in the answer that follows. What is published of the onboarding,
/// or told to its parents, happens to nobody.
fn is_silent(told: &Told) -> bool {
    match told.event.as_ref().map(|event| &event.body) {
        Ok(Body::Timer { .. }) => true,
        Ok(Body::Outcome { effect, .. }) => *effect < 0,
        _ => false,
    }
}

fn moves(told: &Told) -> bool {
    told.entry.to.is_some() && told.entry.from != told.entry.to
}

fn operated(actor: &str, reason: &str, act: &OperatorAct) -> Vec<Piece> {
    let did = match act {
        OperatorAct::Retry => "tried again".to_owned(),
        OperatorAct::Move { state } => format!("moved it to {state}"),
        OperatorAct::Adopt { event } => format!("gave it held event {event}"),
        OperatorAct::Cancel => "called it off".to_owned(),
        OperatorAct::Note => "noted".to_owned(),
    };
    vec![format!("{actor} {did}: ").into(), Piece::Quote(reason.to_owned()), ".".into()]
}

/// What became of the event, and where it led.
fn aftermath(told: &Told, flow: Option<&Flow>) -> Vec<Piece> {
    let entry = &told.entry;
    let mut after: Vec<Piece> = Vec::new();
    match entry.verdict.as_str() {
        "refused" => after.push(format!(" Refused: {}.", entry.detail).into()),
        "held" => after.push(" It belongs to nobody yet, and is held.".into()),
        "expired" => after.push(" It belonged to nobody until its time was over.".into()),
        "superseded" => after.push(" Something newer was known already.".into()),
        "duplicate" => after.push(" An event with this key and other content was there already.".into()),
        "kept" => after.push(" It is kept for a process that can take it.".into()),
        _ => {}
    }
    if let (Some(decided), true) = (entry.decided_at, entry.source.starts_with("webhook:")) {
        after.extend([
            " It came ".into(),
            Piece::For(decided.since(entry.at)),
            " before, and was held until then.".into(),
        ]);
    }
    if let (true, Some(to)) = (moves(told), &entry.to) {
        let title = flow.and_then(|flow| flow.states.get(to)?.title.clone()).unwrap_or_else(|| to.clone());
        after.push(format!(" Now in \u{201c}{title}\u{201d}.").into());
    }
    after
}

/// Whether an older item is the same as a newer one, and neither led anywhere.
fn repeats(newer: &Item, older: &Item) -> bool {
    newer.moved.is_none() && older.moved.is_none() && newer.who == older.who && newer.pieces == older.pieces
}
