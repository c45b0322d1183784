//! `gangway user show`: where is this person, why, and what happens next.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use clap::{Args, Subcommand};
use gangway_core::event::OnboardingId;
use gangway_core::explain::Explanation;
use gangway_core::time::Timestamp;
use serde_json::Value;

use super::{Config, opened};
use crate::answer::{self, Answers, Reader, search};
use crate::api::shape;
use crate::api::shape::Named;
use crate::clock::{Clock, SystemClock};
use crate::engine::Later;
use crate::store::Store;
use crate::store::search::{JournalEntry, Seen, SeenUser};
use crate::terminal::{Exit, Failure, out};

#[derive(Debug, Subcommand)]
pub(super) enum User {
    Show(Show),
}

/// Shows a person: what names them, where each onboarding is, why, what happens next, and the last journal lines
///
/// Reads the database directly, so it works with or without running processes. Exits with 1 if no user has this
/// identifier.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// External id, e-mail address, gangway's id of user or onboarding, or any identifier of a provider
    #[arg(value_name = "ANY-IDENTIFIER")]
    identifier: String,
    /// Show at most this many journal lines of each onboarding, the latest
    #[arg(long, value_name = "N", default_value_t = 10)]
    lines: usize,
    /// Print JSON lines: each user as the API shows it, with the journals as "events" by onboarding
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: Config,
}

type Journals = HashMap<OnboardingId, Vec<JournalEntry>>;
type Told = HashMap<OnboardingId, Explanation>;

impl User {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        let Self::Show(show) = self;
        let settings = opened::settings(&show.config)?;
        let built = crate::app::Built::of(&settings)?;
        let store = opened::store(&settings).await?;
        let people = search::find(&store, &show.identifier, &built.identifier_kinds()).await?;
        let search::Found { people, held } = people;
        for entry in &held {
            out::aside(&format!("held event {} ({}) carries it: see `gangway event adopt`", entry.seq, entry.kind));
        }
        if people.is_empty() {
            out::aside("no user has this identifier");
            return Ok(Exit::NotAllWell);
        }
        let flows = crate::app::stored_flows(&store, &built.whole).await?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let now = clock.now();
        let answers = Answers {
            store: store.clone(),
            flows: flows.clone(),
            phrases: Arc::new(built.whole.phrases.clone()),
            rests: Arc::new(Later),
            clock,
            kinds: built.identifier_kinds().into(),
        };
        for person in people {
            let id = person.as_ref().map_or_else(|shut| shut.id, |person| person.id);
            let onboardings = store.user_onboardings(id).await?;
            let mut journals = Journals::new();
            for seen in &onboardings {
                let id = seen.as_ref().map_or_else(|shut| shut.id, |onboarding| onboarding.id);
                journals.insert(id, last(&store, id, show.lines).await?);
            }
            let mut told = Told::new();
            for onboarding in onboardings.iter().flatten() {
                if let Some(explanation) = answers.explain(onboarding).await? {
                    told.insert(onboarding.id, explanation);
                }
            }
            let named = Named::of(&store, &onboardings).await?;
            let shown = match &person {
                Ok(person) => shape::user(person, &onboardings, &named, &flows, &Later),
                Err(shut) => shape::shut_user(shut, &onboardings, &flows, &Later),
            };
            if show.json {
                out::data(&with_journals(with_explanations(shown, &told, now), &journals).to_string());
            } else {
                out::data(summary(&person, &onboardings, &named, &shown, (&told, now), &journals).trim_end());
            }
        }
        Ok(Exit::Well)
    }
}

/// The last lines of a journal.
async fn last(store: &Store, id: OnboardingId, lines: usize) -> Result<Vec<JournalEntry>, Failure> {
    const PAGE: u32 = 500;
    let mut kept: Vec<JournalEntry> = Vec::new();
    let mut after = 0;
    loop {
        let page = store.journal(id, after, PAGE).await?;
        let more = page.len() as u32 == PAGE;
        after = page.last().map_or(after, |entry| entry.seq);
        kept.extend(page);
        kept.drain(..kept.len().saturating_sub(lines));
        if !more {
            return Ok(kept);
        }
    }
}

fn with_journals(mut shown: Value, journals: &Journals) -> Value {
    let events = journals.iter().map(|(id, entries)| (id.to_string(), entries.iter().map(shape::event).collect()));
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("events".to_owned(), Value::Object(events.collect()));
    }
    shown
}

/// Each onboarding with its explanation, as the API shows one.
fn with_explanations(mut shown: Value, told: &Told, now: Timestamp) -> Value {
    let all = shown.get_mut("onboardings").and_then(Value::as_array_mut);
    for fields in all.into_iter().flatten().filter_map(Value::as_object_mut) {
        let explanation = told.iter().find(|(id, _)| fields.get("id") == Some(&id.to_string().into()));
        let explanation = explanation.map(|(_, told)| answer::shape::explanation(told, now, Reader::Whole, true));
        fields.extend(explanation.map(|told| ("explanation".to_owned(), told)));
    }
    shown
}

/// Text from outside, on one line: its line breaks begin no line of ours, and none of it controls the terminal.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { plain.extend(c.escape_default()) } else { plain.push(c) }
    }
    plain
}

/// For people.
fn summary(
    person: &SeenUser,
    onboardings: &[Seen],
    named: &Named,
    shown: &Value,
    (told, now): (&Told, Timestamp),
    journals: &Journals,
) -> String {
    let mut text = String::new();
    match person {
        Ok(person) => {
            let _ = writeln!(text, "user {}, known since {}", person.id, person.created_at);
            for (identifier, since) in shape::identifiers(person, onboardings.iter().flatten(), named) {
                let _ = writeln!(text, "  {:<24} {}  since {since}", identifier.kind, plain(&identifier.value));
            }
            if let Some(locale) = &person.locale {
                let _ = writeln!(text, "  {:<24} {}", "locale", plain(locale));
            }
        }
        Err(shut) => {
            let _ = writeln!(text, "user {}, known since {}", shut.id, shut.created_at);
            let _ = writeln!(text, "  this user cannot be read here: {}", shut.why);
        }
    }
    if onboardings.is_empty() {
        let _ = writeln!(text, "\nno onboarding yet");
    }
    let empty = Vec::new();
    for (seen, shown) in onboardings.iter().zip(shown.get("onboardings").and_then(Value::as_array).unwrap_or(&empty)) {
        let id = seen.as_ref().map_or_else(|shut| shut.id, |onboarding| onboarding.id);
        let field = |path: &str| plain(shown.pointer(path).and_then(Value::as_str).unwrap_or(""));
        let number = |path: &str| shown.pointer(path).and_then(Value::as_u64).unwrap_or(0);
        let (flow, version, revision) = (field("/flow"), number("/version"), number("/revision"));
        let _ = writeln!(text, "\nonboarding {id}  {flow} version {version}, revision {revision}");
        let _ = writeln!(text, "  state  {} ({}) since {}", field("/state"), field("/status"), field("/since"));
        let _ = writeln!(text, "  why    {}", field("/why"));
        let at = field("/next/at");
        match (field("/next/what").as_str(), at.as_str()) {
            ("", _) => {}
            (what, "") => drop(writeln!(text, "  next   {what}")),
            (what, at) => drop(writeln!(text, "  next   {what}, at {at}")),
        }
        if let Some(told) = told.get(&id) {
            explained(&mut text, told, now);
        }
        for entry in journals.get(&id).into_iter().flatten() {
            let _ = writeln!(text, "  {}", plain(&journal_line(entry)));
        }
    }
    text
}

/// The explanation, a line for each of its lines.
fn explained(text: &mut String, told: &Explanation, now: Timestamp) {
    let _ = writeln!(text, "\n  {}", plain(&Reader::Whole.text(&told.headline, now)));
    for line in &told.lines {
        let _ = writeln!(text, "  {:<8} {}", line.slot.label(), plain(&Reader::Whole.text(&line.pieces, now)));
    }
    text.push('\n');
}

fn journal_line(entry: &JournalEntry) -> String {
    let moved = match (&entry.from, &entry.to) {
        (Some(from), Some(to)) if from != to => format!("  {from} -> {to}"),
        (None, Some(to)) => format!("  -> {to}"),
        _ => String::new(),
    };
    let copies = match entry.last {
        Some(last) => format!("  ({} times, last {last})", entry.times),
        None if entry.copies > 1 => format!("  ({} copies)", entry.copies),
        None => String::new(),
    };
    let detail = if entry.detail.is_empty() { String::new() } else { format!("  {}", entry.detail) };
    let said = entry.said.as_ref().map_or(String::new(), |said| format!("  said: {said}"));
    format!(
        "#{} {}  {} from {}: {}{moved}{copies}{detail}{said}",
        entry.seq, entry.at, entry.kind, entry.source, entry.verdict
    )
}

#[cfg(test)]
mod tests {
    use super::{Journals, Told, summary};
    use crate::api::shape::tests::{ada, onboarding};
    use crate::api::shape::{self, Named};
    use crate::engine::{Flows, Later};
    use crate::store::search::JournalEntry;
    use gangway_core::time::Timestamp;

    #[test]
    fn what_others_wrote_adds_no_line_and_says_nothing_to_the_terminal() {
        let onboardings =
            [Ok(onboarding(1, 5_000, &[("original.user_uid", "14\r\n  state  done (completed)\u{1b}[2K")]))];
        let shown = shape::user(&ada(), &onboardings, &Named::default(), &Flows::default(), &Later);
        let text = summary(
            &Ok(ada()),
            &onboardings,
            &Named::default(),
            &shown,
            (&Told::new(), Timestamp(0)),
            &Journals::new(),
        );
        assert!(!text.contains(['\r', '\u{1b}']), "{text:?}");
        assert_eq!(text.lines().filter(|line| line.starts_with("  state")).count(), 1, "{text}");
        assert!(text.contains(r"14\r\n  state  done (completed)\u{1b}[2K"), "{text}");
    }

    #[test]
    fn the_summary_says_who_where_since_when_and_what_happened() {
        let first = onboarding(1, 5_000, &[("original.user_uid", "14")]);
        let id = first.id;
        let onboardings = [Ok(first)];
        let entry = JournalEntry {
            seq: 3,
            at: Timestamp(5_000),
            source: "webhook:original".into(),
            kind: "original.wallet_created".into(),
            verdict: "applied".into(),
            from: Some("wallet".into()),
            to: Some("done".into()),
            copies: 2,
            times: 1,
            last: None,
            detail: "the wallet exists".into(),
            said: None,
            onboarding: None,
            revision: None,
            decided_at: None,
        };
        let journals = Journals::from([(id, vec![entry])]);
        let shown = shape::user(&ada(), &onboardings, &Named::default(), &Flows::default(), &Later);
        let text =
            summary(&Ok(ada()), &onboardings, &Named::default(), &shown, (&Told::new(), Timestamp(0)), &journals);
        for part in [
            "u-42",
            "original.user_uid        14",
            "state  wallet (waiting) since 1970-01-01T00:00:05.000Z",
            "why    cannot be stepped here: flow wallet version 1 is not loaded",
            "wallet -> done  (2 copies)  the wallet exists",
        ] {
            assert!(text.contains(part), "{part:?} is missing in\n{text}");
        }
    }
}
