//! One sandbox: the stage, the players on it, and the mailbox.

use std::any::Any;
use std::sync::Arc;

use crate::mailbox::Mailbox;
use crate::player::Player;
use crate::stage::Stage;

/// Everything that one sandbox knows.
pub(crate) struct World {
    pub(crate) stage: Arc<Stage>,
    pub(crate) players: Vec<Arc<dyn Player>>,
    pub(crate) mailbox: Mailbox,
}

impl World {
    /// The player of a kind, if it plays here.
    pub(crate) fn player<P: Player>(&self) -> Option<&P> {
        self.players.iter().find_map(|player| {
            let player: &dyn Any = &**player;
            player.downcast_ref()
        })
    }
}
