//! People sign up: CloudEvents over HTTP, or RabbitMQ when one is given.

use futures_util::StreamExt;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::ShortString;
use lapin::{BasicProperties, Connection, ConnectionProperties};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::people::Person;
use super::world::World;
use crate::terminal::{Exit, Failure};

/// Sign-ups under way at once.
const AT_ONCE: usize = 16;

/// Signs everyone up.
pub(super) async fn all(world: &World, people: &[Person]) -> Result<(), Failure> {
    if world.settings.amqp.url.is_some() {
        return over_amqp(world, people).await;
    }
    let mut sent =
        futures_util::stream::iter(people.iter().map(|person| over_http(world, person))).buffer_unordered(AT_ONCE);
    while let Some(answer) = sent.next().await {
        answer?;
    }
    Ok(())
}

fn event(person: &Person) -> Value {
    json!({
        "specversion": "1.0",
        "id": format!("sign-up-{}", person.id),
        "source": "/demo",
        "type": person.play.starts,
        "subject": person.id,
        "data": person.data(),
    })
}

async fn over_http(world: &World, person: &Person) -> Result<(), Failure> {
    world.publish(&event(person)).await
}

async fn over_amqp(world: &World, people: &[Person]) -> Result<(), Failure> {
    let url = world.settings.amqp.url.as_ref().map(|url| url.expose_secret().to_owned()).unwrap_or_default();
    let told = |error: lapin::Error| Failure::new(Exit::Unreachable, format!("the broker cannot be used: {error}"));
    wait_for_topology(world).await?;
    let connection = Connection::connect(&url, ConnectionProperties::default()).await.map_err(told)?;
    let channel = connection.create_channel().await.map_err(told)?;
    channel.confirm_select(ConfirmSelectOptions::default()).await.map_err(told)?;
    for person in people {
        let properties =
            BasicProperties::default().with_content_type("application/cloudevents+json".into()).with_delivery_mode(2);
        let exchange = ShortString::from(world.settings.amqp.inbound_exchange.as_str());
        let body = event(person).to_string().into_bytes();
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let confirm = channel
            .basic_publish(exchange, ShortString::from(person.play.starts), options, &body, properties)
            .await
            .map_err(told)?;
        confirm.await.map_err(told)?;
    }
    connection.close(200, "done".into()).await.map_err(told)
}

/// Before the first publication the queue must be bound, or the broker would have nowhere to put it.
async fn wait_for_topology(world: &World) -> Result<(), Failure> {
    let mut changes = world.running.broker.changes();
    let ready = async {
        while !changes.borrow_and_update().consuming {
            if changes.changed().await.is_err() {
                return;
            }
        }
    };
    let limit = std::time::Duration::from_secs(30);
    let failed = |_| Failure::new(Exit::Unreachable, "the broker does not answer within 30 s");
    tokio::time::timeout(limit, ready).await.map_err(failed)
}
