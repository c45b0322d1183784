//! Known already? Copies are counted, other content under the same key is flagged, the rest goes on.

use std::collections::HashMap;

use crate::store::keys::{Dedupe, Digest, Keyring};
use crate::store::types::KnownEvent;
use crate::store::{StoreError, Tx};

use super::door::{Arrival, Receipt};

/// One event of the batch, with every arrival that brought it.
#[derive(Debug)]
pub(super) struct Item {
    /// Index of the arrival.
    pub at: usize,
    /// Its key in the journal.
    pub dedupe: Dedupe,
    /// Digest of its content.
    pub digest: Digest,
    /// Indexes of the arrivals that are this event: the first and its copies in this batch.
    pub callers: Vec<usize>,
    /// Whether its own key was taken by other content.
    pub flagged: bool,
}

/// What the journal knows already.
#[derive(Debug, Default)]
pub(super) struct Sifted {
    /// Events that are new, in the order of arrival.
    pub fresh: Vec<Item>,
    /// Copies to count: number in the journal, how many.
    pub copies: Vec<(i64, u32)>,
    /// Answers for the copies.
    pub receipts: Vec<(usize, Receipt)>,
}

/// Separates what is new in a batch from copies. The first content in the batch takes a new key.
pub(super) async fn sift(tx: &mut Tx, keys: &Keyring, arrivals: &[&Arrival]) -> Result<Sifted, StoreError> {
    let mut sifted = Sifted::default();
    let look = group(keys, arrivals);
    let known = tx.known(&look.iter().map(|item| item.dedupe).collect::<Vec<_>>()).await?;
    let mut taken: HashMap<Dedupe, Digest> = known.iter().map(|(dedupe, row)| (*dedupe, row.digest)).collect();
    let mut flagged = Vec::new();
    for mut item in look {
        if *taken.entry(item.dedupe).or_insert(item.digest) == item.digest {
            sifted.put(item, &known);
        } else if let Some(arrival) = arrivals.get(item.at) {
            item.dedupe = flagged_key(keys, arrival, item.digest);
            item.flagged = true;
            flagged.push(item);
        }
    }
    if !flagged.is_empty() {
        let known = tx.known(&flagged.iter().map(|item| item.dedupe).collect::<Vec<_>>()).await?;
        flagged.into_iter().for_each(|item| sifted.put(item, &known));
    }
    sifted.fresh.sort_by_key(|item| item.at);
    Ok(sifted)
}

impl Sifted {
    fn put(&mut self, item: Item, known: &HashMap<Dedupe, KnownEvent>) {
        let Some(row) = known.get(&item.dedupe) else { return self.fresh.push(item) };
        self.copies.push((row.seq, u32::try_from(item.callers.len()).unwrap_or(u32::MAX)));
        let detail = "a copy of an event that is known".to_owned();
        let (seq, onboarding) = (Some(row.seq), row.onboarding);
        let receipt = Receipt { seq, verdict: row.verdict, copy: true, onboarding, detail };
        self.receipts.extend(item.callers.iter().map(|caller| (*caller, receipt.clone())));
    }
}

/// Brings together the arrivals that are the same event: the same key and the same content.
fn group(keys: &Keyring, arrivals: &[&Arrival]) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::with_capacity(arrivals.len());
    let mut places: HashMap<(Dedupe, Digest), usize> = HashMap::with_capacity(arrivals.len());
    for (at, arrival) in arrivals.iter().enumerate() {
        let digest = content_digest(keys, arrival);
        let dedupe = keys.dedupe(&arrival.event.source, &arrival.event.key);
        match places.get(&(dedupe, digest)).and_then(|place| items.get_mut(*place)) {
            Some(item) => item.callers.push(at),
            None => {
                places.insert((dedupe, digest), items.len());
                items.push(Item { at, dedupe, digest, callers: vec![at], flagged: false });
            }
        }
    }
    items
}

/// The key of an event when other content has taken its own: `<key>#<digest>`.
fn flagged_key(keys: &Keyring, arrival: &Arrival, digest: Digest) -> Dedupe {
    keys.dedupe(&arrival.event.source, &format!("{}#{}", arrival.event.key, hex::encode(digest.0)))
}

fn content_digest(keys: &Keyring, arrival: &Arrival) -> Digest {
    if !arrival.content.is_empty() {
        return keys.digest(&arrival.content);
    }
    // An event of gangway's own making: its body is its content. Serialising plain data cannot fail; were it to,
    // an empty content only makes two events under one key count as copies.
    keys.digest(&serde_json::to_vec(&arrival.event.body).unwrap_or_default())
}
