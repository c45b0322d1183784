//! Original's records: users and assets, in memory. Every method takes the lock once and holds it over no await.
//! Uids come from the seed and the record's own names, so that they do not depend on the order of arrival.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use parking_lot::{Mutex, MutexGuard};
use serde::Serialize;
use serde_json::Value;

use crate::clock;
use crate::mischief::dice::Dice;

/// A user of the app.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) uid: String,
    pub(crate) external_id: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    /// The address, from the moment the wallet exists.
    pub(crate) wallet: Option<String>,
}

impl User {
    /// The name that traps are read from and decisions are keyed by.
    pub(crate) fn name(&self) -> &str {
        self.external_id.as_deref().or(self.email.as_deref()).unwrap_or(&self.uid)
    }
}

/// An asset made for a user.
#[derive(Clone, Debug)]
pub(crate) struct Asset {
    pub(crate) uid: String,
    pub(crate) external_id: String,
    pub(crate) user_uid: String,
    pub(crate) collection_uid: String,
    /// The `data` of the request, as it came.
    pub(crate) data: Value,
    pub(crate) price: Option<Value>,
    pub(crate) created_at: DateTime<Utc>,
    /// Its number in the collection, once minted.
    pub(crate) token_id: Option<u64>,
}

/// Why a user or an asset was not added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotAdded {
    /// One with this external id exists.
    SameExternalId,
    /// One with this e-mail address exists.
    SameEmail,
    /// The user it is for does not exist.
    NoUser,
    /// The sandbox is full.
    Full,
}

/// What there is at Original, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OriginalCount {
    /// Users.
    pub users: u64,
    /// Users that have a wallet.
    pub wallets: u64,
    /// Assets.
    pub assets: u64,
    /// Assets that are minted.
    pub minted: u64,
    /// External ids for which more than one user was made.
    pub duplicate_users: u64,
    /// Pairs of user and asset external id for which more than one asset was made.
    pub duplicate_assets: u64,
}

/// All records of one app.
pub(crate) struct Store {
    dice: Dice,
    cap: usize,
    records: Mutex<Records>,
}

#[derive(Default)]
struct Records {
    users: HashMap<String, User>,
    by_external_id: HashMap<String, String>,
    by_email: HashMap<String, String>,
    assets: HashMap<String, Asset>,
    by_owner: HashMap<String, Vec<String>>,
    anonymous: u64,
    minted: u64,
}

impl Store {
    pub(crate) fn new(dice: Dice, cap: usize) -> Self {
        Self { dice, cap, records: Mutex::default() }
    }

    fn open(&self) -> MutexGuard<'_, Records> {
        self.records.lock()
    }

    /// Adds a user, unless its external id or e-mail address is taken.
    pub(crate) fn add_user(&self, external_id: Option<String>, email: Option<String>) -> Result<String, NotAdded> {
        let mut records = self.open();
        if external_id.as_ref().is_some_and(|id| records.by_external_id.contains_key(id)) {
            return Err(NotAdded::SameExternalId);
        }
        if email.as_ref().is_some_and(|email| records.by_email.contains_key(email)) {
            return Err(NotAdded::SameEmail);
        }
        if records.users.len() >= self.cap {
            return Err(NotAdded::Full);
        }
        let nameless = external_id.is_none() && email.is_none();
        records.anonymous += u64::from(nameless);
        let number = if nameless { records.anonymous.to_string() } else { String::new() };
        let words =
            ["user", external_id.as_deref().unwrap_or_default(), email.as_deref().unwrap_or_default(), number.as_str()];
        let uid = self.uid(&words, |uid| records.users.contains_key(uid));
        if let Some(id) = &external_id {
            records.by_external_id.insert(id.clone(), uid.clone());
        }
        if let Some(email) = &email {
            records.by_email.insert(email.clone(), uid.clone());
        }
        let created_at = clock::now();
        let user = User { uid: uid.clone(), external_id, email, created_at, wallet: None };
        records.users.insert(uid.clone(), user);
        Ok(uid)
    }

    pub(crate) fn user(&self, uid: &str) -> Option<User> {
        self.open().users.get(uid).cloned()
    }

    pub(crate) fn user_by_external_id(&self, id: &str) -> Option<User> {
        let records = self.open();
        records.by_external_id.get(id).and_then(|uid| records.users.get(uid)).cloned()
    }

    pub(crate) fn user_by_email(&self, email: &str) -> Option<User> {
        let records = self.open();
        records.by_email.get(email).and_then(|uid| records.users.get(uid)).cloned()
    }

    /// Adds an asset; `once` refuses a second one with the same external id for the same user.
    pub(crate) fn add_asset(&self, mut asset: Asset, once: bool) -> Result<String, NotAdded> {
        let mut records = self.open();
        let name = records.users.get(&asset.user_uid).ok_or(NotAdded::NoUser)?.name().to_owned();
        let owned = records.by_owner.get(&asset.user_uid).into_iter().flatten();
        let same = owned.filter(|uid| records.assets.get(*uid).is_some_and(|a| a.external_id == asset.external_id));
        let same = same.count();
        if once && same > 0 {
            return Err(NotAdded::SameExternalId);
        }
        if records.assets.len() >= self.cap {
            return Err(NotAdded::Full);
        }
        let words = ["asset", &name, &asset.external_id, &same.to_string()];
        let uid = self.uid(&words, |uid| records.assets.contains_key(uid));
        asset.uid.clone_from(&uid);
        records.by_owner.entry(asset.user_uid.clone()).or_default().push(uid.clone());
        records.assets.insert(uid.clone(), asset);
        Ok(uid)
    }

    pub(crate) fn asset(&self, uid: &str) -> Option<Asset> {
        self.open().assets.get(uid).cloned()
    }

    /// A user's assets, oldest first.
    pub(crate) fn assets_of(&self, user_uid: &str) -> Vec<Asset> {
        let records = self.open();
        let uids = records.by_owner.get(user_uid).into_iter().flatten();
        uids.filter_map(|uid| records.assets.get(uid)).cloned().collect()
    }

    /// Gives a user its wallet; true for the first time.
    pub(crate) fn open_wallet(&self, user_uid: &str) -> bool {
        let address = hex::encode(self.dice.bytes(&["wallet", user_uid]).get(..20).unwrap_or_default());
        let mut records = self.open();
        let Some(user) = records.users.get_mut(user_uid).filter(|user| user.wallet.is_none()) else {
            return false;
        };
        user.wallet = Some(format!("0x{address}"));
        true
    }

    /// Mints an asset; true for the first time.
    pub(crate) fn mint(&self, asset_uid: &str) -> bool {
        let mut records = self.open();
        let number = records.minted + 1;
        let Some(asset) = records.assets.get_mut(asset_uid).filter(|asset| asset.token_id.is_none()) else {
            return false;
        };
        asset.token_id = Some(number);
        records.minted = number;
        true
    }

    pub(crate) fn count(&self) -> OriginalCount {
        let records = self.open();
        let (mut names, mut doubled) = (HashSet::new(), HashSet::new());
        for user in records.users.values() {
            if let Some(id) = user.external_id.as_deref().filter(|id| !names.insert(*id)) {
                doubled.insert(id);
            }
        }
        let (mut pairs, mut twice) = (HashSet::new(), HashSet::new());
        for asset in records.assets.values() {
            let pair = (asset.user_uid.as_str(), asset.external_id.as_str());
            if !pairs.insert(pair) {
                twice.insert(pair);
            }
        }
        OriginalCount {
            users: records.users.len() as u64,
            wallets: records.users.values().filter(|user| user.wallet.is_some()).count() as u64,
            assets: records.assets.len() as u64,
            minted: records.minted,
            duplicate_users: doubled.len() as u64,
            duplicate_assets: twice.len() as u64,
        }
    }

    /// Twelve digits, as in the given sample `452711987655`; the first is never 0, and none is given twice.
    fn uid(&self, words: &[&str], taken: impl Fn(&str) -> bool) -> String {
        let mut number = self.dice.number(words);
        loop {
            let uid = (100_000_000_000 + number % 900_000_000_000).to_string();
            if !taken(&uid) {
                return uid;
            }
            number = number.wrapping_add(1);
        }
    }
}
