//! The users with an account at Guardian, and the accounts on the ledger. Names enter; accounts and counts leave.

use std::collections::{HashMap, HashSet};

use parking_lot::Mutex;

use super::GuardianOptions;
use crate::mischief::dice::Dice;

/// The two roles that onboarding takes.
pub(super) const REGISTRY: &str = "STANDARD_REGISTRY";
pub(super) const USER: &str = "USER";

/// One account.
#[derive(Clone, Debug)]
pub(super) struct Account {
    /// Guardian's own id.
    pub(super) id: String,
    pub(super) username: String,
    pub(super) password: String,
    pub(super) role: String,
    pub(super) did: Option<String>,
    /// Made by the options or by a trap, not by an onboarding.
    foreign: bool,
}

/// All of them.
pub(super) struct Accounts {
    dice: Dice,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    by_username: HashMap<String, Account>,
    /// Ledger accounts that this sandbox paid for: how many for each user name.
    made: HashMap<String, u64>,
    /// Every ledger account that is in use.
    used: HashSet<String>,
}

impl Accounts {
    pub(super) fn new(dice: Dice, options: &GuardianOptions) -> Self {
        let accounts = Self { dice, kept: Mutex::default() };
        accounts.put_foreign(&options.registry_username, &options.registry_password, REGISTRY);
        let did = accounts.did(&options.registry_username);
        accounts.complete(&options.registry_username, did);
        accounts
    }

    pub(super) fn get(&self, username: &str) -> Option<Account> {
        self.kept.lock().by_username.get(username).cloned()
    }

    /// Registers; false if the name is taken.
    pub(super) fn register(&self, username: &str, password: &str, role: &str) -> bool {
        self.put(username, password, role, false)
    }

    /// Puts somebody else's account there; nothing if the name is taken.
    pub(super) fn put_foreign(&self, username: &str, password: &str, role: &str) {
        self.put(username, password, role, true);
    }

    fn put(&self, username: &str, password: &str, role: &str, foreign: bool) -> bool {
        let mut kept = self.kept.lock();
        if kept.by_username.contains_key(username) {
            return false;
        }
        // Twenty-four hexadecimal digits, as the document database under it gives them.
        let id = hex::encode(self.dice.bytes(&["guardian id", username]).get(..12).unwrap_or_default());
        let [username, password, role] = [username, password, role].map(str::to_owned);
        let account = Account { id, username: username.clone(), password, role, did: None, foreign };
        kept.by_username.insert(username, account);
        true
    }

    /// Gives an account its DID.
    pub(super) fn complete(&self, username: &str, did: String) {
        if let Some(account) = self.kept.lock().by_username.get_mut(username) {
            account.did = Some(did);
        }
    }

    /// The DID of a user name: the same under the same seed.
    pub(super) fn did(&self, username: &str) -> String {
        let digits = hex::encode(self.dice.bytes(&["guardian did", username]));
        format!("did:hedera:testnet:{digits}_0.0.{}", 100_000 + self.dice.number(&["topic", username]) % 900_000)
    }

    /// The public key that goes with it.
    pub(super) fn public_key(&self, username: &str) -> String {
        hex::encode(self.dice.bytes(&["guardian key", username]))
    }

    /// Makes an account on the ledger, paid by the operator.
    pub(super) fn make_ledger_account(&self, username: &str) -> String {
        let mut kept = self.kept.lock();
        let made = kept.made.entry(username.to_owned()).or_default();
        *made += 1;
        let mut number = self.dice.number(&["ledger", username, &made.to_string()]);
        loop {
            let id = format!("0.0.{}", 1_000_000 + number % 8_000_000);
            if kept.used.insert(id.clone()) {
                return id;
            }
            number = number.wrapping_add(1);
        }
    }

    /// Takes a ledger account that the caller brings; false if it is in use.
    pub(super) fn take_ledger_account(&self, id: &str) -> bool {
        self.kept.lock().used.insert(id.to_owned())
    }

    pub(super) fn count(&self) -> Count {
        let kept = self.kept.lock();
        let own = || kept.by_username.values().filter(|account| !account.foreign);
        let lives = |name: &String| kept.by_username.get(name).is_some_and(|account| !account.foreign);
        Count {
            accounts: own().count() as u64,
            complete: own().filter(|account| account.did.is_some()).count() as u64,
            ledger_accounts: kept.made.values().sum(),
            orphans: kept.made.iter().map(|(name, made)| made - u64::from(lives(name))).sum(),
            duplicates: kept.made.values().filter(|made| **made > 1).count() as u64,
        }
    }
}

/// What there is, in numbers.
pub(super) struct Count {
    pub(super) accounts: u64,
    pub(super) complete: u64,
    pub(super) ledger_accounts: u64,
    pub(super) orphans: u64,
    pub(super) duplicates: u64,
}
