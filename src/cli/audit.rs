//! `gangway audit`: whether what is stored is what the journal makes of it.

use clap::Args;
use serde_json::json;

use super::{Config, opened};
use crate::app::audit::{Fault, Sums, audit};
use crate::terminal::{Exit, Failure, out};

/// Replays every onboarding's journal, and checks what must always be true
///
/// Checks that each onboarding equals the replay of its events without a gap, that each running one has a live reason,
/// that its identifiers belong to its user, that nothing is held on an identifier that has an owner, and that the
/// counts of /metrics are right. Changes nothing, reads in pages (except for those counts), and may run beside serving
/// processes. Prints one line for each fault, then the totals; progress goes to stderr. Exits with 1 if there is a
/// fault.
#[derive(Debug, Args)]
pub(super) struct Audit {
    /// Print JSON lines: one for each fault, then the totals
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: Config,
}

impl Audit {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        let settings = opened::settings(&self.config)?;
        let store = opened::store(&settings).await?;
        let tell = |fault: Fault| out::data(&if self.json { fault_json(&fault) } else { fault_line(&fault) });
        let progress = |sums: &Sums| out::aside(&format!("{} onboardings, {} events", sums.onboardings, rows(sums)));
        let sums = audit(&settings, &store, tell, progress).await?;
        out::data(&if self.json { sums_json(&sums) } else { sums_text(&sums) });
        Ok(if sums.faults == 0 { Exit::Well } else { Exit::NotAllWell })
    }
}

fn rows(sums: &Sums) -> i64 {
    sums.verdicts.values().map(|(rows, _)| rows).sum()
}

fn fault_json(fault: &Fault) -> String {
    json!({ "onboarding": fault.onboarding, "rule": fault.rule, "detail": fault.detail }).to_string()
}

fn fault_line(fault: &Fault) -> String {
    let whose = fault.onboarding.map(|id| format!("onboarding {id}: ")).unwrap_or_default();
    format!("{whose}{}: {}", fault.rule, fault.detail)
}

fn sums_json(sums: &Sums) -> String {
    let verdicts: serde_json::Map<String, serde_json::Value> = sums
        .verdicts
        .iter()
        .map(|(verdict, (rows, copies))| (verdict.clone(), json!({ "rows": rows, "copies": copies })))
        .collect();
    let (onboardings, replayed, received) = (sums.onboardings, sums.replayed, sums.received());
    let shown = json!({
        "onboardings": onboardings, "replayed": replayed, "events": rows(sums), "received": received,
        "verdicts": verdicts, "faults": sums.faults,
    });
    shown.to_string()
}

fn sums_text(sums: &Sums) -> String {
    let mut text = format!("{} of {} onboardings are what their journal gives\n", sums.replayed, sums.onboardings);
    for (verdict, (rows, copies)) in &sums.verdicts {
        text.push_str(&format!("{verdict:<12} {rows:>12} events {copies:>12} received\n"));
    }
    text.push_str(&format!("{:<12} {:>12} events {:>12} received\n", "all", rows(sums), sums.received()));
    text.push_str(&format!("{} faults", sums.faults));
    text
}
