//! Values of different sections that must go together.

use gangway_core::time::Millis;
use toml::{Table, Value};

use super::outbound::LEASE_MARGIN;
use super::value_type::at;
use super::{Fault, duration};

/// Adds what does not go together. Looks at the merged table, so that it speaks even when a section cannot be typed;
/// says nothing of a key that has a problem of its own.
pub(crate) fn add(table: &Table, faults: &mut Vec<Fault>) {
    let found = [mail(table), stop(table), writers(table), broker(table)];
    for fault in found.into_iter().flatten() {
        if !faults.iter().any(|known| known.key == fault.key) {
            faults.push(fault);
        }
    }
}

fn mail(table: &Table) -> Option<Fault> {
    let (timeout, lease) = (of(table, "mail.timeout")?, of(table, "outbound.lease")?);
    let most = Millis(lease.0.saturating_sub(LEASE_MARGIN.0));
    (timeout.0 == 0 || timeout > most).then(|| {
        let what = format!("is not between 1ms and {most}");
        Fault::new("mail.timeout", what, "it must end well before `outbound.lease`")
    })
}

fn broker(table: &Table) -> Option<Fault> {
    let (answer, lease) = (of(table, "amqp.answer_within")?, of(table, "outbound.lease")?);
    at(table, "amqp.url")?.as_str().filter(|url| !url.is_empty())?;
    // A publication waits for its link and then for the confirmation.
    let longest = Millis(answer.0.saturating_mul(2).saturating_add(LEASE_MARGIN.0));
    (longest > lease).then(|| {
        let what = format!("is {answer}; a publication could outlive its lease ({lease})");
        Fault::new("amqp.answer_within", what, "take at most half of outbound.lease without 5s")
    })
}

fn stop(table: &Table) -> Option<Fault> {
    let (server, outbound) = (of(table, "server.stop")?, of(table, "outbound.stop")?);
    (outbound > server).then(|| {
        let what = format!("is {outbound}, longer than server.stop ({server})");
        Fault::new("outbound.stop", what, "the process would end while it is still waiting")
    })
}

fn writers(table: &Table) -> Option<Fault> {
    let number = |key: &str| at(table, key).and_then(Value::as_integer);
    let (writers, intake) = (number("engine.writers")?, number("database.intake")?);
    let sqlite = at(table, "database.url")?.as_str()?.starts_with("sqlite:");
    (writers > if sqlite { 1 } else { intake }).then(|| {
        let hint =
            if sqlite { "SQLite has one; take PostgreSQL" } else { "raise database.intake or lower engine.writers" };
        Fault::new("engine.writers", "are more than there are intake connections for them", hint)
    })
}

fn of(table: &Table, key: &str) -> Option<Millis> {
    duration::parse(at(table, key)?.as_str()?).ok()
}
