//! Haven's records: users, the registrations that were started, wallets; in memory. Every method takes the lock once
//! and holds it over no await. Ids come from the seed and the record's own names.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use parking_lot::Mutex;

use super::wish::Wish;
use super::{HavenCount, ids};
use crate::clock;
use crate::mischief::dice::Dice;

/// An end user of the organisation.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) username: String,
    pub(crate) external_id: Option<String>,
    /// The id of the first credential, once there is one.
    pub(crate) credential: Option<String>,
    /// The registration that counts: of several, the last that was started.
    registration: String,
    /// Wallets asked for when registering.
    wanted: usize,
}

impl User {
    /// Whether the user walks into a trap.
    pub(crate) fn trapped(&self, word: &str) -> bool {
        self.username.contains(word) || self.external_id.as_ref().is_some_and(|id| id.contains(word))
    }
}

/// A registration that was started, by its temporary token.
#[derive(Clone, Debug)]
struct Registration {
    user_id: String,
    challenge: String,
    end: i64,
    used: bool,
}

/// A wallet.
#[derive(Clone, Debug)]
pub(crate) struct Wallet {
    pub(crate) id: String,
    pub(crate) owner: String,
    pub(crate) network: String,
    pub(crate) name: Option<String>,
    pub(crate) active: bool,
    /// Whether it has an address before it is active.
    pub(crate) addressed: bool,
    pub(crate) created: DateTime<Utc>,
}

/// Why a registration was not completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The user is registered.
    Exists,
    /// The token was used, replaced by another, or has run out.
    Spent,
    /// A credential was made for another challenge.
    Challenge,
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
    users: Vec<User>,
    /// Places, by username in lower case and by id.
    by_username: HashMap<String, usize>,
    by_id: HashMap<String, usize>,
    registrations: HashMap<String, Registration>,
    wallets: HashMap<String, Wallet>,
    by_owner: HashMap<String, Vec<String>>,
}

impl Records {
    fn user_mut(&mut self, id: &str) -> Option<&mut User> {
        let place = self.by_id.get(id)?;
        self.users.get_mut(*place)
    }

    fn user(&self, id: &str) -> Option<&User> {
        self.users.get(*self.by_id.get(id)?)
    }
}

impl Store {
    pub(crate) fn new(dice: Dice, cap: usize) -> Self {
        Self { dice, cap, records: Mutex::default() }
    }

    /// Starts a registration; one that was started before and not completed counts no more.
    pub(crate) fn start(
        &self,
        username: &str,
        external_id: Option<String>,
        (token, challenge, end): (&str, &str, i64),
    ) -> Result<User, Refusal> {
        let mut records = self.records.lock();
        let id = self.user(&mut records, username)?;
        let registration = Registration { user_id: id.clone(), challenge: challenge.to_owned(), end, used: false };
        let user = records.user_mut(&id).ok_or(Refusal::Full)?;
        if user.credential.is_some() {
            return Err(Refusal::Exists);
        }
        let before = std::mem::replace(&mut user.registration, token.to_owned());
        user.external_id = external_id.or_else(|| user.external_id.take());
        let user = user.clone();
        if let Some(before) = records.registrations.get_mut(&before) {
            before.used = true;
        }
        records.registrations.insert(token.to_owned(), registration);
        Ok(user)
    }

    /// Makes a user who has not begun to register.
    pub(crate) fn make(&self, username: &str, external_id: Option<String>) -> Result<User, Refusal> {
        let mut records = self.records.lock();
        if records.by_username.contains_key(&username.to_lowercase()) {
            return Err(Refusal::Exists);
        }
        let id = self.user(&mut records, username)?;
        let user = records.user_mut(&id).ok_or(Refusal::Full)?;
        user.external_id = external_id;
        Ok(user.clone())
    }

    /// Registers a user as somebody of the organisation: without wallets.
    pub(crate) fn employ(&self, id: &str) {
        if let Some(user) = self.records.lock().user_mut(id) {
            user.credential = Some(ids::id(self.dice, "cr", &[id]));
        }
    }

    /// The id of the user of this name, who is made if need be.
    fn user(&self, records: &mut Records, username: &str) -> Result<String, Refusal> {
        let key = username.to_lowercase();
        let id = ids::id(self.dice, "us", &[&key]);
        if records.by_id.contains_key(&id) {
            return Ok(id);
        }
        if records.users.len() >= self.cap {
            return Err(Refusal::Full);
        }
        let place = records.users.len();
        records.by_username.insert(key, place);
        records.by_id.insert(id.clone(), place);
        let (username, registration) = (username.to_owned(), String::new());
        let (external_id, credential) = (None, None);
        records.users.push(User { id: id.clone(), username, external_id, credential, registration, wanted: 0 });
        Ok(id)
    }

    /// The user that a temporary token is for, whether or not it is still good.
    pub(crate) fn by_token(&self, token: &str) -> Option<User> {
        let records = self.records.lock();
        records.registrations.get(token).and_then(|registration| records.user(&registration.user_id)).cloned()
    }

    /// Takes a temporary token, which is then used.
    pub(crate) fn claim(&self, token: &str, wish: &Wish) -> Result<(), Refusal> {
        let mut records = self.records.lock();
        let registration = records.registrations.get(token).cloned().ok_or(Refusal::Spent)?;
        if records.user(&registration.user_id).is_some_and(|user| user.credential.is_some()) {
            return Err(Refusal::Exists);
        }
        if registration.used || registration.end <= clock::now().timestamp() {
            return Err(Refusal::Spent);
        }
        if !wish.answers(&registration.challenge) {
            return Err(Refusal::Challenge);
        }
        if let Some(registration) = records.registrations.get_mut(token) {
            registration.used = true;
        }
        Ok(())
    }

    /// Registers a user with its wallets, which begin as told for their network; none for a user who is registered.
    pub(crate) fn register(&self, user_id: &str, wish: &Wish, begin: impl Fn(&str) -> Begin) -> Option<Vec<Wallet>> {
        let mut records = self.records.lock();
        let user = records.user_mut(user_id).filter(|user| user.credential.is_none())?;
        user.credential = Some(ids::id(self.dice, "cr", &[user_id]));
        user.wanted = wish.wallets.len();
        let created = clock::now();
        let wallet = |(number, (network, name)): (usize, &(String, Option<String>))| {
            let id = ids::id(self.dice, "wa", &[user_id, &number.to_string()]);
            let begin = begin(network);
            let (active, addressed) = (begin == Begin::Active, begin != Begin::Bare);
            let (network, name, owner) = (network.clone(), name.clone(), user_id.to_owned());
            Wallet { id, owner, network, name, active, addressed, created }
        };
        let wallets: Vec<Wallet> = wish.wallets.iter().enumerate().map(wallet).collect();
        let owned = wallets.iter().map(|wallet| wallet.id.clone());
        records.by_owner.entry(user_id.to_owned()).or_default().extend(owned);
        records.wallets.extend(wallets.iter().map(|wallet| (wallet.id.clone(), wallet.clone())));
        Some(wallets)
    }

    pub(crate) fn by_id(&self, id: &str) -> Option<User> {
        self.records.lock().user(id).cloned()
    }

    pub(crate) fn by_username(&self, username: &str) -> Option<User> {
        let records = self.records.lock();
        records.by_username.get(&username.to_lowercase()).and_then(|place| records.users.get(*place)).cloned()
    }

    /// All users, oldest first.
    pub(crate) fn users(&self) -> Vec<User> {
        self.records.lock().users.clone()
    }

    pub(crate) fn wallet(&self, id: &str) -> Option<Wallet> {
        self.records.lock().wallets.get(id).cloned()
    }

    /// The wallets of a user, or of all users, in the order in which they were asked for.
    pub(crate) fn wallets(&self, owner: Option<&str>) -> Vec<Wallet> {
        let records = self.records.lock();
        let owners = records.users.iter().map(|user| &user.id).filter(|id| owner.is_none_or(|owner| owner == *id));
        let ids = owners.filter_map(|id| records.by_owner.get(id)).flatten();
        ids.filter_map(|id| records.wallets.get(id)).cloned().collect()
    }

    /// Makes a wallet active; none if it was, or is not there.
    pub(crate) fn activate(&self, id: &str) -> Option<Wallet> {
        let mut records = self.records.lock();
        let wallet = records.wallets.get_mut(id).filter(|wallet| !wallet.active)?;
        wallet.active = true;
        Some(wallet.clone())
    }

    pub(crate) fn count(&self) -> HavenCount {
        let records = self.records.lock();
        let owned = |user: &&User| records.by_owner.get(&user.id).map_or(0, Vec::len);
        HavenCount {
            started: records.users.len() as u64,
            registered: records.users.iter().filter(|user| user.credential.is_some()).count() as u64,
            wallets: records.wallets.len() as u64,
            active: records.wallets.values().filter(|wallet| wallet.active).count() as u64,
            doubled: records.users.iter().filter(|user| owned(user) > user.wanted).count() as u64,
        }
    }
}

/// How a wallet begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    Active,
    /// Inactive, with its address.
    Inactive,
    /// Inactive, without an address.
    Bare,
}
