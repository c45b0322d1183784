//! A running sandbox: where it is, and how it is steered and stopped. What only one provider offers is in its folder.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::ServerHandle;

use crate::mischief::Mischief;
use crate::player::Player;
use crate::world::World;

/// A running sandbox. Dropping it ends its background work and its servers, without waiting.
pub struct Running {
    /// Where HTTP is really served.
    pub http: SocketAddr,
    /// Where mail is really taken.
    pub smtp: SocketAddr,
    pub(crate) world: Arc<World>,
    pub(crate) server: ServerHandle,
}

impl Running {
    /// The address of a path.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.http)
    }

    /// The player of a kind, if it plays here.
    pub(crate) fn player<P: Player>(&self) -> Option<&P> {
        self.world.player()
    }

    /// What a client must be told of each provider, names and values: base URLs first, then keys.
    pub fn keys(&self) -> Vec<(&'static str, String)> {
        let of = |player: &Arc<dyn Player>| {
            let places = player.role().at.iter().map(|(name, path)| (*name, self.at(path)));
            places.chain(player.keys()).collect::<Vec<_>>()
        };
        self.world.players.iter().flat_map(of).collect()
    }

    /// Posts a provider's webhooks there from now on; None: posts none. Nothing for a provider that sends none.
    pub fn tell(&self, provider: &str, url: Option<&str>) {
        let named = self.world.players.iter().filter(|player| player.role().name == provider);
        named.for_each(|player| player.set_webhook_url(url));
    }

    /// The list of received mail.
    pub fn mailbox_url(&self) -> String {
        self.at("/mailbox/messages")
    }

    /// Changes what goes wrong from now on.
    pub fn set_mischief(&self, mischief: Mischief) {
        self.world.stage.set_mischief(mischief);
    }

    /// Stops both servers and all background work; returns when the HTTP server has stopped.
    pub async fn stop(self) {
        self.world.stage.stop();
        self.server.stop(false).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.world.stage.stop();
        // Sends the command at once; the future only waits for its effect.
        drop(self.server.stop(false));
    }
}
