//! `gangway demo`: everything embedded, to watch people being brought on board. The same parts as `serve`, with the
//! sandbox as the providers and the mail server; sign-ups come in over real HTTP (or RabbitMQ, if one is given).

mod device;
mod far_end;
mod pace;
pub mod people;
pub mod play;
mod progress;
mod settings;
mod signup;
mod table;
mod world;

use crate::terminal::{Exit, Failure, out};

use super::serve::told_to_stop;

/// What the demo is asked for.
#[derive(Clone, Debug)]
pub struct DemoOptions {
    /// End when everyone has arrived.
    pub once: bool,
    /// How many people sign up.
    pub users: u32,
    /// Port of API and webhooks; absent: the usual one, or a free one.
    pub port: Option<u16>,
    /// Database instead of a SQLite file that is thrown away.
    pub database_url: Option<String>,
    /// RabbitMQ; without it people sign up over HTTP.
    pub amqp_url: Option<String>,
    /// Seed of people and sandbox.
    pub seed: u64,
    /// JSON lines instead of a table.
    pub json: bool,
}

/// Plays the demo; with `--once` it ends when everyone is where their scenario says.
///
/// # Errors
/// When something cannot be started. It is not an error if people do not arrive: exit code 1 says so.
pub async fn demo(asked: DemoOptions) -> Result<Exit, Failure> {
    let world = world::start(&asked).await?;
    for (name, value) in [("url", world.url()), ("token", world.token.clone()), ("mailbox", world.mailbox())] {
        out::data(&format!("{name}={value}"));
    }
    let played = tokio::select! {
        well = played(&world, &asked) => Some(well?),
        () = told_to_stop() => None,
    };
    if played.is_some() && !asked.once {
        out::aside("serving until stopped (Ctrl-C); try /v1/users?q= with the token, /metrics, and the mailbox");
        told_to_stop().await;
    }
    world.stop().await;
    let well = played.unwrap_or(false);
    Ok(if well { Exit::Well } else { Exit::NotAllWell })
}

/// People sign up and are followed; answers whether everyone arrived where their scenario says.
async fn played(world: &world::World, asked: &DemoOptions) -> Result<bool, Failure> {
    let people = people::people(asked.users, asked.seed);
    let began = crate::clock::Stopwatch::start();
    signup::all(world, &people).await?;
    let arrived = progress::follow(world, &people).await?;
    table::print(world, &arrived, began.elapsed(), asked.json).await
}
