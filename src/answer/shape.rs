//! Answers as JSON, for API and command line. Values enter; JSON leaves, for this reader.

use gangway_core::event::OperatorAct;
use gangway_core::explain::{Explanation, Proof};
use gangway_core::forecast::Forecast;
use gangway_core::time::Timestamp;
use serde_json::{Value, json};

use super::Reader;
use super::mails::Mail;
use super::story::{Item, Story};

/// `{headline, lines: [{slot, text, proof}], acts: [{act, state, label, text, forecast, allowed}]}`; `operates`: whether
/// the reader may act.
#[must_use]
pub fn explanation(told: &Explanation, now: Timestamp, reader: Reader, operates: bool) -> Value {
    let lines = told.lines.iter().map(|line| {
        json!({
            "slot": line.slot,
            "text": reader.text(&line.pieces, now),
            "proof": line.proof.iter().map(proof).collect::<Vec<_>>(),
        })
    });
    let acts = told.acts.iter().map(|offer| {
        let (act, state) = named(&offer.act);
        json!({
            "act": act,
            "state": state,
            "label": offer.label,
            "text": offer.text,
            "forecast": forecast(&offer.forecast),
            "allowed": operates,
        })
    });
    json!({
        "headline": reader.text(&told.headline, now),
        "lines": lines.collect::<Vec<_>>(),
        "acts": acts.collect::<Vec<_>>(),
    })
}

/// `{kind: value}` of what proves a line.
fn proof(proof: &Proof) -> Value {
    match proof {
        Proof::Event(seq) => json!({ "event": seq.to_string() }),
        Proof::Effect(n) => json!({ "effect": n }),
        Proof::Onboarding(id) => json!({ "onboarding": id }),
        Proof::Figures { flow, version, state } => {
            json!({ "figures": { "flow": flow, "version": version, "state": state } })
        }
        Proof::Outlook => json!({ "outlook": "as this process sees it" }),
    }
}

/// An act as the API names it, and the state that it names.
#[must_use]
pub fn named(act: &OperatorAct) -> (&'static str, Option<&str>) {
    match act {
        OperatorAct::Retry => ("retry", None),
        OperatorAct::Move { state } => ("move", Some(state)),
        OperatorAct::Adopt { .. } => ("adopt", None),
        OperatorAct::Cancel => ("cancel", None),
        OperatorAct::Note => ("note", None),
    }
}

/// `{allowed, why_not, revision, after, calls, mails, publishes, starts, tells, erases, may_repeat, then}`.
#[must_use]
pub fn forecast(told: &Forecast) -> Value {
    serde_json::to_value(told).unwrap_or(Value::Null)
}

/// `{items: [{event, at, last, times, who, text, moved, onboarding}], next}`.
#[must_use]
pub fn story(story: &Story, now: Timestamp, reader: Reader) -> Value {
    let item = |item: &Item| {
        json!({
            "event": item.event.to_string(),
            "at": item.at.to_string(),
            "last": item.last.map(|last| last.to_string()),
            "times": item.times,
            "who": reader.id(&item.who),
            "text": reader.text(&item.pieces, now),
            "from": item.moved.as_ref().map(|(from, _)| from),
            "to": item.moved.as_ref().map(|(_, to)| to),
            "onboarding": item.onboarding,
        })
    };
    json!({
        "items": story.items.iter().map(item).collect::<Vec<_>>(),
        "next": story.next.map(|next| next.to_string()),
    })
}

/// `{n, template, outcome, attempts, asked_at, settled_at, said}`.
#[must_use]
pub fn mail(mail: &Mail, reader: Reader) -> Value {
    json!({
        "n": mail.row.n,
        "template": mail.row.template,
        "outcome": mail.row.outcome,
        "attempts": mail.row.attempts,
        "asked_at": mail.row.asked_at.to_string(),
        "settled_at": mail.row.settled_at.map(|at| at.to_string()),
        "said": mail.said.as_ref().map(|said| reader.words(said)),
    })
}
