//! What follows a registration, later and by itself: webhooks of its wallets, and the activation of those that were
//! not active at once. Wallets enter; events go out to every webhook that wants them.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::store::{User, Wallet};
use super::{Haven, deliver, ids, traps, wallets};
use crate::clock;

/// Something that happened to a wallet.
#[derive(Clone, Debug)]
pub(crate) struct Happening {
    pub(crate) kind: &'static str,
    /// When it happened: the same over all deliveries.
    pub(crate) date: String,
    pub(crate) data: Value,
    pub(crate) user: User,
    pub(crate) wallet_id: String,
}

impl Happening {
    fn new(haven: &Haven, kind: &'static str, user: &User, wallet: &Wallet) -> Self {
        Self {
            kind,
            date: ids::print(clock::now()),
            data: json!({ "wallet": wallets::shape(haven, wallet) }),
            user: user.clone(),
            wallet_id: wallet.id.clone(),
        }
    }
}

/// Tells of new wallets, and activates those that become active. The receiver resolves when all were told of.
pub(crate) fn registered(haven: &Arc<Haven>, user: &User, made: Vec<Wallet>) -> oneshot::Receiver<()> {
    let (tell, told) = oneshot::channel();
    let created: Vec<_> = made.iter().map(|wallet| Happening::new(haven, "wallet.created", user, wallet)).collect();
    let (later, early) = (Arc::clone(haven), user.trapped(traps::EARLY.word));
    haven.stage.background(async move {
        if !early {
            tokio::time::sleep(later.options.event_delay).await;
        }
        join_all(created.into_iter().map(|happening| deliver::deliver(&later, happening))).await;
        // There is no listener, unless the reply must come after this.
        let _ = tell.send(());
    });
    let late = [traps::LATE.word, traps::MISSED.word].iter().any(|word| user.trapped(word));
    for wallet in made.into_iter().filter(|wallet| late && !wallet.active && wallet.addressed) {
        confirmed(haven, user.clone(), wallet.id);
    }
    told
}

/// The transaction that activates a wallet is confirmed a while later.
pub(crate) fn confirmed(haven: &Arc<Haven>, user: User, wallet_id: String) {
    let later = Arc::clone(haven);
    haven.stage.background(async move {
        tokio::time::sleep(later.options.activation_delay).await;
        activate(&later, &user, &wallet_id);
    });
}

/// Makes a wallet active and tells of it; false if there was nothing to do.
fn activate(haven: &Arc<Haven>, user: &User, wallet_id: &str) -> bool {
    let Some(wallet) = haven.store.activate(wallet_id) else { return false };
    let happening = Happening::new(haven, "wallet.activated", user, &wallet);
    let later = Arc::clone(haven);
    haven.stage.background(async move { deliver::deliver(&later, happening).await });
    true
}
