//! Listens for mail. Connections enter; each becomes a session of its own. Too many at once are turned away (421).

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::session;
use crate::world::World;

const AT_ONCE: usize = 512;

/// Accepts connections until the sandbox stops.
pub(crate) async fn listen(listener: TcpListener, world: Arc<World>) {
    let slots = Arc::new(Semaphore::new(AT_ONCE));
    world
        .stage
        .until_stopped(async {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => take(stream, &slots, &world),
                    Err(error) => {
                        // Out of file descriptors, most likely: trying again at once would only burn time.
                        tracing::warn!(%error, "mailbox cannot accept a connection");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
            }
        })
        .await;
}

fn take(mut stream: TcpStream, slots: &Arc<Semaphore>, world: &Arc<World>) {
    let slot = Arc::clone(slots).try_acquire_owned();
    let world = Arc::clone(world);
    tokio::spawn(async move {
        let Ok(_slot) = slot else {
            let _ = stream.write_all(b"421 4.3.2 Too many connections\r\n").await;
            return;
        };
        let _ = stream.set_nodelay(true);
        let session = async {
            if let Err(error) = session::hold(stream, &world.mailbox).await {
                tracing::debug!(%error, "mail session broke off");
            }
        };
        world.stage.until_stopped(session).await;
    });
}
