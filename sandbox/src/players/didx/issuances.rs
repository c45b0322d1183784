//! Credentials under way, in memory. An issuance enters; its states and counts leave. Ids and offers come from the seed
//! and from what is issued, so that they do not depend on the order of arrival.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use uuid::Builder;

use super::people::Person;
use crate::clock;
use crate::mischief::dice::Dice;

/// The states of an issuance that this sandbox plays.
pub(super) const OFFERED: &str = "offered";
pub(super) const COMPLETED: &str = "completed";

/// One credential on its way to a person.
#[derive(Clone, Debug)]
pub(super) struct Issuance {
    /// With `iss_` before it.
    pub(super) id: String,
    pub(super) credential_id: String,
    pub(super) status: &'static str,
    pub(super) offer_uri: String,
    pub(super) offer_qr_uri: String,
    /// The person, from the moment that anything tells it.
    pub(super) owner: Option<Person>,
    /// Template and attributes, to recognise a repetition.
    contents: String,
    offers: u64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Issuance {
    /// As the API shows it. The offer is told only by the call that made it.
    pub(super) fn shape(&self) -> Map<String, Value> {
        let mut shape = Map::new();
        shape.insert("id".to_owned(), json!(self.id));
        shape.insert("status".to_owned(), json!(self.status));
        shape.insert("credentials".to_owned(), json!([{ "id": self.credential_id, "status": self.status }]));
        shape.insert("createdAt".to_owned(), json!(clock::print(self.created_at)));
        shape.insert("updatedAt".to_owned(), json!(clock::print(self.updated_at)));
        shape
    }
}

/// What there is, in numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    pub(super) credentials: u64,
    pub(super) completed: u64,
    pub(super) offers: u64,
    pub(super) duplicate_credentials: u64,
    pub(super) duplicate_offers: u64,
}

/// All of them.
pub(super) struct Issuances {
    dice: Dice,
    cap: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    all: HashMap<String, Issuance>,
    by_offer: HashMap<String, String>,
    same: HashMap<String, u64>,
}

impl Issuances {
    pub(super) fn new(dice: Dice, cap: usize) -> Self {
        Self { dice, cap, kept: Mutex::default() }
    }

    /// Makes an issuance; None if the sandbox is full. Equal contents make another one each time.
    pub(super) fn add(&self, template: &str, attributes: &Value, owner: Option<Person>) -> Option<Issuance> {
        let mut kept = self.kept.lock();
        if kept.all.len() >= self.cap {
            return None;
        }
        let contents = json!([template, attributes]).to_string();
        let same = kept.same.entry(contents.clone()).or_default();
        *same += 1;
        let nth = same.to_string();
        let [id, credential, offer] =
            ["issuance", "credential", "offer"].map(|what| uuid(self.dice.bytes(&[what, &contents, &nth])));
        let now = clock::now();
        let issuance = Issuance {
            id: format!("iss_{id}"),
            credential_id: format!("cred_{credential}"),
            status: OFFERED,
            offer_uri: format!(
                "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fdidx.example%2Foffers%2F{offer}"
            ),
            offer_qr_uri: format!("https://didx.example/offers/{offer}/qr"),
            owner,
            contents,
            offers: 0,
            created_at: now,
            updated_at: now,
        };
        kept.by_offer.insert(issuance.offer_uri.clone(), issuance.id.clone());
        kept.all.insert(issuance.id.clone(), issuance.clone());
        Some(issuance)
    }

    pub(super) fn get(&self, id: &str) -> Option<Issuance> {
        self.kept.lock().all.get(id).cloned()
    }

    /// The issuance of an offer.
    pub(super) fn of_offer(&self, uri: &str) -> Option<Issuance> {
        let kept = self.kept.lock();
        kept.by_offer.get(uri).and_then(|id| kept.all.get(id)).cloned()
    }

    /// Notes that the offer was sent to a person; true for the first time.
    pub(super) fn offer(&self, id: &str, owner: Person) -> bool {
        let mut kept = self.kept.lock();
        let Some(issuance) = kept.all.get_mut(id) else { return false };
        issuance.owner = Some(owner);
        issuance.offers += 1;
        issuance.offers == 1
    }

    /// Ends an issuance that is only offered; true if it was.
    pub(super) fn end(&self, id: &str, status: &'static str) -> bool {
        let mut kept = self.kept.lock();
        let Some(issuance) = kept.all.get_mut(id).filter(|issuance| issuance.status == OFFERED) else { return false };
        issuance.status = status;
        issuance.updated_at = clock::now();
        true
    }

    /// Counts. A credential is doubled where one person has the same contents twice; an issuance that was never offered
    /// counts for the people who were offered the same contents.
    pub(super) fn count(&self) -> Count {
        let kept = self.kept.lock();
        let mut same: HashMap<&str, (u64, HashSet<&str>)> = HashMap::new();
        let mut count = Count::default();
        for issuance in kept.all.values() {
            let (number, owners) = same.entry(&issuance.contents).or_default();
            *number += 1;
            owners.extend(issuance.owner.as_ref().map(|owner| owner.name.as_str()));
            count.completed += u64::from(issuance.status == COMPLETED);
            count.offers += issuance.offers;
            count.duplicate_offers += u64::from(issuance.offers > 1);
        }
        count.credentials = kept.all.len() as u64;
        count.duplicate_credentials =
            same.values().map(|(number, owners)| number.saturating_sub((owners.len() as u64).max(1))).sum();
        count
    }
}

fn uuid(bytes: [u8; 32]) -> String {
    let mut half = [0; 16];
    half.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    Builder::from_random_bytes(half).into_uuid().to_string()
}
