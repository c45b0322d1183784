//! Onboardings under way, in the memory of one gateway. A wish enters; a task that ends by itself, fails or is lost
//! leaves, and what it made on its way stays. Source: docs/providers/guardian.md.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};
use uuid::Builder;

use super::wish::Wish;
use super::{Guardian, traps};
use crate::clock;

/// What every task of this kind is called.
pub(super) const ACTION: &str = "Onboard user";

/// One task.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) id: String,
    pub(super) action: &'static str,
    /// The user that it is about.
    pub(super) username: String,
    /// The user who may read it whole.
    pub(super) owner: Option<String>,
    pub(super) date: String,
    pub(super) statuses: Vec<&'static str>,
    pub(super) result: Option<Value>,
    pub(super) error: Option<&'static str>,
}

/// All tasks that the gateway remembers.
#[derive(Default)]
pub(super) struct Tasks {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    by_id: HashMap<String, Task>,
    started: u64,
    failed: u64,
}

impl Tasks {
    pub(super) fn get(&self, id: &str) -> Option<Task> {
        self.kept.lock().by_id.get(id).cloned()
    }

    pub(super) fn put(&self, task: Task) {
        self.kept.lock().by_id.insert(task.id.clone(), task);
    }

    /// Forgets all tasks, as a restart of the gateway does; what they do goes on behind it.
    pub(super) fn forget(&self) {
        self.kept.lock().by_id.clear();
    }

    /// Onboardings started and failed.
    pub(super) fn count(&self) -> (u64, u64) {
        let kept = self.kept.lock();
        (kept.started, kept.failed)
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Task)) {
        if let Some(task) = self.kept.lock().by_id.get_mut(id) {
            change(task);
        }
    }

    fn lose(&self, id: &str) {
        self.kept.lock().by_id.remove(id);
    }

    fn fail(&self, id: &str, message: &'static str) {
        self.kept.lock().failed += 1;
        self.change(id, |task| task.error = Some(message));
    }
}

/// Starts an onboarding and gives its task.
pub(super) fn start(guardian: &Arc<Guardian>, wish: Wish, caller: Option<String>) -> String {
    let tasks = &guardian.tasks;
    let number = {
        let mut kept = tasks.kept.lock();
        kept.started += 1;
        kept.started.to_string()
    };
    let mut half = [0; 16];
    half.iter_mut().zip(guardian.stage.dice.bytes(&["guardian task", &number])).for_each(|(to, from)| *to = from);
    let id = Builder::from_random_bytes(half).into_uuid().to_string();
    tasks.put(Task {
        id: id.clone(),
        action: ACTION,
        username: wish.username.clone(),
        owner: caller,
        date: clock::print(clock::now()),
        statuses: Vec::new(),
        result: None,
        error: None,
    });
    let (later, task) = (Arc::clone(guardian), id.clone());
    guardian.stage.background(async move { run(&later, &task, wish).await });
    id
}

async fn run(guardian: &Arc<Guardian>, id: &str, wish: Wish) {
    let options = &guardian.options;
    let tasks = &guardian.tasks;
    let has = |word: &str| wish.username.contains(word);
    let step = if has(traps::SLOW.word) { options.slow_task } else { options.task_delay } / 3;
    tokio::time::sleep(step).await;
    if [traps::LOST_DONE.word, traps::LOST_HALF.word, traps::LOST_UNDONE.word].iter().any(|word| has(word)) {
        tasks.lose(id);
    }
    if has(traps::LOST_UNDONE.word) {
        return;
    }
    let ledger_account = match on_ledger(guardian, &wish) {
        Ok(account) => account,
        Err(message) => return tasks.fail(id, message),
    };
    tasks.change(id, |task| task.statuses.push("Hedera account created"));
    tokio::time::sleep(step).await;
    if let Err(message) = register(guardian, &wish) {
        return tasks.fail(id, message);
    }
    tasks.change(id, |task| task.statuses.push("User registered"));
    tokio::time::sleep(step).await;
    if has(traps::HALF.word) {
        return tasks.fail(id, "Failed to publish the DID document");
    }
    if has(traps::LOST_HALF.word) {
        return;
    }
    finish(guardian, id, &wish, &ledger_account);
    tokio::time::sleep(options.hand_over_delay).await;
    tasks.change(id, |task| task.owner = Some(wish.username.clone()));
}

/// The first step: an account on the ledger, made or brought along.
fn on_ledger(guardian: &Guardian, wish: &Wish) -> Result<String, &'static str> {
    let accounts = &guardian.accounts;
    if wish.username.contains(traps::FAILED.word) {
        return Err("Failed to create a Hedera account: insufficient operator balance");
    }
    match &wish.ledger_account {
        Some(id) if accounts.take_ledger_account(id) => Ok(id.clone()),
        Some(_) => Err("The Hedera account is already in use"),
        None => Ok(accounts.make_ledger_account(&wish.username)),
    }
}

/// The second step: what the door did not check is checked here.
fn register(guardian: &Guardian, wish: &Wish) -> Result<(), &'static str> {
    let options = &guardian.options;
    let accounts = &guardian.accounts;
    let has = |word: &str| wish.username.contains(word);
    if has(traps::ORPHAN.word) {
        return Err("Failed to register the user: the authorization service did not answer");
    }
    if has(traps::RACE.word) {
        // Somebody else was quicker, with a password that is not known here.
        accounts.put_foreign(&wish.username, &foreign_password(guardian, &wish.username), &wish.role);
    }
    let kinds: [fn(char) -> bool; 3] = [|c| c.is_ascii_uppercase(), |c| c.is_ascii_lowercase(), |c| c.is_ascii_digit()];
    if wish.password.chars().count() < options.password_length {
        return Err("The password is too short");
    }
    if options.password_mixed && !kinds.iter().all(|kind| wish.password.contains(*kind)) {
        return Err("The password must have upper case letters, lower case letters and digits");
    }
    let other = foreign_password(guardian, &wish.username);
    let password = if has(traps::PASSWORD.word) { other.as_str() } else { wish.password.as_str() };
    let registered = accounts.register(&wish.username, password, &wish.role);
    if registered { Ok(()) } else { Err("An account with the same name is already taken.") }
}

/// A password that is never told.
pub(super) fn foreign_password(guardian: &Guardian, username: &str) -> String {
    format!("Foreign-1-{:016x}", guardian.stage.dice.number(&["foreign password", username]))
}

/// The third step, and the end. From here until it is handed over no user can read the task.
fn finish(guardian: &Guardian, id: &str, wish: &Wish, ledger_account: &str) {
    let accounts = &guardian.accounts;
    let did = accounts.did(&wish.username);
    accounts.complete(&wish.username, did.clone());
    guardian.tasks.change(id, |task| {
        task.statuses.push("Profile set up");
        task.owner = None;
        task.result = Some(json!({
            "username": wish.username,
            "role": wish.role,
            "did": did,
            "hederaAccountId": ledger_account,
            "publicKey": accounts.public_key(&wish.username),
        }));
    });
}
