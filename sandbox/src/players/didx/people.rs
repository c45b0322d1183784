//! The consumers' realm: the people with an account. A wish enters; a new person, the one that exists, or a conflict
//! leaves. Source: the given "create user" text (idempotent for the same e-mail address; 409 for a user name of another
//! address, or a mismatch). Addresses and user names are compared without regard to case.

use std::collections::{HashMap, HashSet};

use parking_lot::Mutex;

use crate::mischief::dice::Dice;

/// What a caller asks for.
#[derive(Clone, Debug, Default)]
pub(super) struct Wish {
    pub(super) email: Option<String>,
    pub(super) username: Option<String>,
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
    pub(super) external_id: Option<String>,
}

impl Wish {
    /// The person's name in the lists.
    pub(super) fn name(&self) -> Option<String> {
        self.external_id.clone().or_else(|| self.username.clone()).or_else(|| self.email.clone())
    }

    /// Everything that may hold a trap's word.
    pub(super) fn words(&self) -> String {
        [&self.external_id, &self.username, &self.email].map(|one| one.as_deref().unwrap_or_default()).join(" ")
    }
}

/// One account.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(super) name: String,
    pub(super) words: String,
    pub(super) email: Option<String>,
    pub(super) username: String,
    pub(super) external_id: Option<String>,
}

/// How a wish ends.
pub(super) enum Added {
    /// With the temporary password.
    New(Person, String),
    Existing(Person),
    Conflict(&'static str),
    Full,
}

/// All people with an account.
pub(super) struct People {
    dice: Dice,
    cap: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    all: Vec<Person>,
    by_email: HashMap<String, usize>,
    by_username: HashMap<String, usize>,
    by_external_id: HashMap<String, usize>,
}

impl Kept {
    fn find(&self, map: &HashMap<String, usize>, key: &str) -> Option<&Person> {
        map.get(key).and_then(|place| self.all.get(*place))
    }
}

impl People {
    pub(super) fn new(dice: Dice, cap: usize) -> Self {
        Self { dice, cap, kept: Mutex::default() }
    }

    /// Adds a person, unless there is one.
    pub(super) fn add(&self, wish: Wish) -> Added {
        let mut kept = self.kept.lock();
        let same_email = wish.email.as_deref().and_then(|email| kept.find(&kept.by_email, &folded(email)));
        let same_username = wish.username.as_deref().and_then(|name| kept.find(&kept.by_username, &folded(name)));
        match (same_email, same_username) {
            (Some(person), _) => {
                let matches = wish.username.as_deref().is_none_or(|name| folded(name) == folded(&person.username));
                let person = person.clone();
                return if matches { Added::Existing(person) } else { Added::Conflict(MISMATCH) };
            }
            (None, Some(person)) if wish.email.is_none() => return Added::Existing(person.clone()),
            (None, Some(_)) => return Added::Conflict(TAKEN),
            (None, None) => {}
        }
        if kept.all.len() >= self.cap {
            return Added::Full;
        }
        let (name, words) = (wish.name().unwrap_or_default(), wish.words());
        let username = wish.username.clone().unwrap_or_else(|| free_username(&kept.by_username, &wish));
        let place = kept.all.len();
        if let Some(email) = &wish.email {
            kept.by_email.insert(folded(email), place);
        }
        kept.by_username.insert(folded(&username), place);
        if let Some(id) = &wish.external_id {
            kept.by_external_id.entry(id.clone()).or_insert(place);
        }
        let password = password(self.dice, &username);
        let person = Person { name, words, email: wish.email, username, external_id: wish.external_id };
        kept.all.push(person.clone());
        Added::New(person, password)
    }

    pub(super) fn by_email(&self, email: &str) -> Option<Person> {
        let kept = self.kept.lock();
        kept.find(&kept.by_email, &folded(email)).cloned()
    }

    pub(super) fn by_username(&self, username: &str) -> Option<Person> {
        let kept = self.kept.lock();
        kept.find(&kept.by_username, &folded(username)).cloned()
    }

    pub(super) fn by_external_id(&self, id: &str) -> Option<Person> {
        let kept = self.kept.lock();
        kept.find(&kept.by_external_id, id).cloned()
    }

    /// How many there are, and how many external ids have more than one of them.
    pub(super) fn count(&self) -> (u64, u64) {
        let kept = self.kept.lock();
        let (mut ids, mut doubled) = (HashSet::new(), HashSet::new());
        for id in kept.all.iter().filter_map(|person| person.external_id.as_deref()) {
            if !ids.insert(id) {
                doubled.insert(id);
            }
        }
        (kept.all.len() as u64, doubled.len() as u64)
    }
}

const TAKEN: &str = "The username is already taken by a different email.";
const MISMATCH: &str = "The email and the username do not match.";

fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

/// First and last name joined by a dot, as in the given sample `thandi.molefe`; without names the local part of the
/// address; a number behind it where that is taken.
fn free_username(taken: &HashMap<String, usize>, wish: &Wish) -> String {
    let names = [&wish.first_name, &wish.last_name].map(|name| name.as_deref().unwrap_or_default());
    let local = wish.email.as_deref().and_then(|email| email.split('@').next()).unwrap_or_default();
    let joined = names.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join(".");
    let whole = if joined.is_empty() { local } else { joined.as_str() };
    let allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let plain: String = whole.to_lowercase().chars().filter(allowed).collect();
    let plain = if plain.is_empty() { "user".to_owned() } else { plain };
    let mut free = plain.clone();
    let mut number = 1;
    while taken.contains_key(&free) {
        number += 1;
        free = format!("{plain}{number}");
    }
    free
}

/// Twelve characters with signs among them, like the given sample; each user name has its own.
fn password(dice: Dice, username: &str) -> String {
    const SIGNS: &[u8] = b"!&%#ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
    let pick = |byte: &u8| SIGNS.get(usize::from(*byte) % SIGNS.len()).copied().map_or('!', char::from);
    dice.bytes(&["didx password", username]).iter().take(12).map(pick).collect()
}
