//! `gangway demo`: everything embedded, to watch people being brought on board. The same parts as `serve`, with the
//! sandbox as the provider and the mail server; sign-ups come in over real HTTP (or RabbitMQ, if one is given).

mod people;
mod progress;
mod signup;
mod table;
mod world;

use crate::cli::demo::Demo;
use crate::cli::{Exit, Failure, out};

use super::serve::told_to_stop;

/// Plays the demo; with `--once` it ends when everybody is where their scenario says.
///
/// # Errors
/// When something cannot be started. People who do not arrive are no error: exit code 1 says so.
pub async fn demo(asked: Demo) -> Result<Exit, Failure> {
    let world = world::start(&asked).await?;
    for (name, value) in [("url", world.url()), ("token", world.token.clone()), ("mailbox", world.mailbox())] {
        out::data(&format!("{name}={value}"));
    }
    let people = people::people(asked.users, asked.seed);
    let began = crate::clock::Stopwatch::start();
    signup::all(&world, &people).await?;
    let arrived = progress::follow(&world, &people).await?;
    let well = table::print(&world, &arrived, began.elapsed(), asked.json).await?;
    if !asked.once {
        out::aside("serving until stopped (Ctrl-C); try: gangway user show, /v1/users?q=, /metrics");
        told_to_stop().await;
    }
    world.stop().await;
    Ok(if well { Exit::Well } else { Exit::NotAllWell })
}
