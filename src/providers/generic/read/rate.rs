//! `rate`: how many requests the provider takes in a second, or in a minute.

use gangway_core::flow::check::Entries;
use gangway_core::time::Millis;
use serde_json::Value;

use super::Reader;
use super::values::literal;
use crate::providers::Rate;

/// Each way to say it, with the fewest and the most. Fewer would keep a conversation of two requests waiting longer
/// than its lease lasts; of more, `concurrency` is the limit.
const WAYS: [(&str, u32, u32, Millis); 2] =
    [("requests_per_second", 1, 1_000, Millis::secs(1)), ("requests_per_minute", 6, 60_000, Millis::secs(60))];

/// Reads it, if it is there.
pub(super) fn read(reader: &mut Reader<'_>, top: &Entries<'_>) -> Option<Rate> {
    let (key, node) = top.get("rate")?;
    let entries = reader.report.entries(node, key.span.clone(), "`rate`")?;
    entries.only(&mut reader.report, &WAYS.map(|(name, ..)| name));
    let mut said = WAYS.iter().filter_map(|way| Some((way, entries.get(way.0)?)));
    let ((name, fewest, most, per), (at, node)) = match (said.next(), said.next()) {
        (Some(one), None) => one,
        _ => {
            let help = "say `requests_per_second` or `requests_per_minute`";
            reader.wrong(key.span.clone(), "`rate` must say one number of requests", help);
            return None;
        }
    };
    let number = match literal(node) {
        Value::Number(number) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
        _ => None,
    };
    match number.filter(|number| (fewest..=most).contains(&number)) {
        Some(requests) => Some(Rate { requests, per: *per }),
        None => {
            let help = "0.5 in a second are 30 in a minute; without a limit leave `rate` out";
            reader.wrong(at.span.clone(), format!("`{name}` is not a whole number from {fewest} to {most}"), help);
            None
        }
    }
}
