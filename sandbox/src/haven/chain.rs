//! What follows a registration, later and by itself: webhooks of its wallets, and the activation of those that were
//! not active at once. Wallets enter; events go out to every webhook that wants them.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::store::{User, Wallet};
use super::{deliver, ids, wallets};
use crate::world::World;
use crate::{clock, traps};

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
    fn new(world: &World, kind: &'static str, user: &User, wallet: &Wallet) -> Self {
        Self {
            kind,
            date: ids::print(clock::now()),
            data: json!({ "wallet": wallets::shape(world, wallet) }),
            user: user.clone(),
            wallet_id: wallet.id.clone(),
        }
    }
}

/// Tells of new wallets, and activates those that are to become active. What is returned ends when all were told of.
pub(crate) fn registered(world: &Arc<World>, user: &User, made: Vec<Wallet>) -> oneshot::Receiver<()> {
    let (tell, told) = oneshot::channel();
    let created: Vec<_> = made.iter().map(|wallet| Happening::new(world, "wallet.created", user, wallet)).collect();
    let (later, early) = (Arc::clone(world), user.trapped(traps::H_EARLY));
    world.background(async move {
        if !early {
            tokio::time::sleep(later.options.haven.event_delay).await;
        }
        join_all(created.into_iter().map(|happening| deliver::deliver(&later, happening))).await;
        // Nobody waits, unless the reply is to come after this.
        let _ = tell.send(());
    });
    let late = [traps::H_LATE, traps::H_MISSED].iter().any(|word| user.trapped(word));
    for wallet in made.into_iter().filter(|wallet| late && !wallet.active && wallet.addressed) {
        let (later, user) = (Arc::clone(world), user.clone());
        world.background(async move {
            tokio::time::sleep(later.options.haven.activation_delay).await;
            activate(&later, &user, &wallet.id);
        });
    }
    told
}

/// Makes a wallet active and tells of it; false if there was nothing to do.
pub(crate) fn activate(world: &Arc<World>, user: &User, wallet_id: &str) -> bool {
    let Some(wallet) = world.haven.store.activate(wallet_id) else { return false };
    let happening = Happening::new(world, "wallet.activated", user, &wallet);
    let later = Arc::clone(world);
    world.background(async move { deliver::deliver(&later, happening).await });
    true
}
