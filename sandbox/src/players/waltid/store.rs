//! walt.id's records: accounts, tenants, services, in memory. Every method takes the lock once and holds it over no
//! await. Ids come from the seed and the record's own names, so that they do not depend on the order of arrival.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use uuid::Builder;

use super::WaltidCount;
use super::wish::Wish;
use crate::mischief::dice::Dice;

/// An account. `roles` are by organisation.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) email: String,
    password: String,
    profile: Map<String, Value>,
    preferences: Value,
    roles: BTreeMap<String, BTreeSet<String>>,
}

impl Account {
    /// As the given answer shows it; how given roles look in `roles` is not documented.
    pub(crate) fn shape(&self) -> Value {
        json!({
            "_id": self.id,
            "type": "USER",
            "profile": self.profile,
            "accountPreferences": self.preferences,
            "flags": [],
            "roles": self.roles,
        })
    }
}

/// Why an account was not added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotAdded {
    SameEmail,
    Full,
}

/// All records.
pub(crate) struct Store {
    dice: Dice,
    cap: usize,
    records: Mutex<Records>,
}

#[derive(Default)]
struct Records {
    accounts: Vec<Account>,
    /// The place of each account, by its e-mail address in lower case, and by its id.
    by_email: HashMap<String, usize>,
    by_id: HashMap<String, usize>,
    tenants: BTreeSet<String>,
    services: BTreeSet<String>,
    whole: BTreeSet<String>,
}

impl Store {
    pub(crate) fn new(dice: Dice, cap: usize) -> Self {
        Self { dice, cap, records: Mutex::default() }
    }

    /// Adds an account, unless its e-mail address is taken.
    pub(crate) fn add(&self, wish: Wish) -> Result<Account, NotAdded> {
        let mut records = self.records.lock();
        let key = wish.email.to_lowercase();
        if records.by_email.contains_key(&key) {
            return Err(NotAdded::SameEmail);
        }
        if records.accounts.len() >= self.cap {
            return Err(NotAdded::Full);
        }
        let id = uuid(self.dice, &["waltid", "account", &key]);
        let Wish { email, password, profile, preferences } = wish;
        let account = Account { id: id.clone(), email, password, profile, preferences, roles: BTreeMap::new() };
        let place = records.accounts.len();
        records.by_email.insert(key, place);
        records.by_id.insert(id, place);
        records.accounts.push(account.clone());
        Ok(account)
    }

    pub(crate) fn by_id(&self, id: &str) -> Option<Account> {
        let records = self.records.lock();
        records.by_id.get(id).and_then(|place| records.accounts.get(*place)).cloned()
    }

    pub(crate) fn by_email(&self, email: &str) -> Option<Account> {
        let records = self.records.lock();
        records.by_email.get(&email.to_lowercase()).and_then(|place| records.accounts.get(*place)).cloned()
    }

    /// Whether this is an account's password.
    pub(crate) fn knows(&self, email: &str, password: &str) -> bool {
        self.by_email(email).is_some_and(|account| account.password == password)
    }

    /// All accounts, oldest first.
    pub(crate) fn list(&self) -> Vec<Value> {
        self.records.lock().accounts.iter().map(Account::shape).collect()
    }

    /// Gives an account a role; false if it had it.
    pub(crate) fn add_role(&self, id: &str, organisation: &str, role: &str) -> bool {
        let mut records = self.records.lock();
        let place = records.by_id.get(id).copied();
        let account = place.and_then(|place| records.accounts.get_mut(place));
        account.is_some_and(|account| account.roles.entry(organisation.to_owned()).or_default().insert(role.to_owned()))
    }

    /// False if there was one.
    pub(crate) fn add_tenant(&self, target: &str) -> bool {
        self.records.lock().tenants.insert(target.to_owned())
    }

    /// False if there was one.
    pub(crate) fn add_service(&self, target: &str) -> bool {
        self.records.lock().services.insert(target.to_owned())
    }

    /// Notes that a wallet has all that it needs to hold something.
    pub(crate) fn complete(&self, target: &str) {
        self.records.lock().whole.insert(target.to_owned());
    }

    pub(crate) fn has_service(&self, target: &str) -> bool {
        self.records.lock().services.contains(target)
    }

    pub(crate) fn count(&self) -> WaltidCount {
        let records = self.records.lock();
        WaltidCount {
            accounts: records.accounts.len() as u64,
            with_role: records.accounts.iter().filter(|account| !account.roles.is_empty()).count() as u64,
            tenants: records.tenants.len() as u64,
            services: records.services.len() as u64,
            whole_wallets: records.whole.len() as u64,
        }
    }
}

/// A UUID that belongs to these words.
pub(crate) fn uuid(dice: Dice, words: &[&str]) -> String {
    let mut half = [0; 16];
    half.iter_mut().zip(dice.bytes(words)).for_each(|(to, from)| *to = from);
    Builder::from_random_bytes(half).into_uuid().to_string()
}
