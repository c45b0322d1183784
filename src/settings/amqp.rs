//! RabbitMQ: `[amqp]`. Without a URL nothing is consumed and nothing is published.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use gangway_core::time::Millis;

use super::{Fault, duration, load, secret};

/// Longest name that the protocol carries.
const NAME_MOST: usize = 255;

/// Names, limits and times of the broker.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AmqpSettings {
    /// `amqp://USER:PASSWORD@HOST:PORT/VHOST` or `amqps://…`; absent: no broker.
    #[serde(default, deserialize_with = "secret::option::deserialize")]
    pub url: Option<SecretString>,
    /// Topic exchange that others publish their events to.
    pub inbound_exchange: String,
    /// Quorum queue bound to it with `#`.
    pub queue: String,
    /// Quorum queue for what cannot be read.
    pub dead: String,
    /// Topic exchange that gangway publishes lifecycle events to.
    pub lifecycle_exchange: String,
    /// Deliveries that may be under way at a time. Counts deliveries, not bytes.
    pub prefetch: u16,
    /// Larger bodies are not read, in bytes.
    pub max_message: usize,
    /// `x-delivery-limit` of the queues. Each lost connection counts, and beyond it the broker takes the delivery
    /// away: high. Never -1, which deletes at the first redelivery on 3.10.
    pub delivery_limit: u32,
    /// A connection that shows no life for two of these is dead.
    #[serde(with = "duration")]
    pub heartbeat: Millis,
    /// How long connecting, and each answer of the broker, may take.
    #[serde(with = "duration")]
    pub answer_within: Millis,
    /// First pause before connecting again; doubles.
    #[serde(with = "duration")]
    pub reconnect_first: Millis,
    /// Longest pause before connecting again.
    #[serde(with = "duration")]
    pub reconnect_most: Millis,
    /// How often the way through the broker is proved.
    #[serde(with = "duration")]
    pub watch_every: Millis,
    /// How long a stop waits for deliveries that are being committed.
    #[serde(with = "duration")]
    pub drain: Millis,
}

impl Default for AmqpSettings {
    fn default() -> Self {
        load::usual("amqp")
    }
}

impl AmqpSettings {
    /// Everything that keeps the broker from being used; `at` is the key of this table.
    #[must_use]
    pub fn faults(&self, at: &str) -> Vec<Fault> {
        let mut found = Vec::new();
        let mut wrong = |key: &str, what: &str, hint: &str| found.push(Fault::new(format!("{at}.{key}"), what, hint));
        if let Some(url) = &self.url
            && !["amqp://", "amqps://"].iter().any(|scheme| url.expose_secret().starts_with(scheme))
        {
            wrong("url", "this is not an AMQP URL", "amqp://USER:PASSWORD@HOST:5672/VHOST");
        }
        let unescaped = self.url.as_ref().and_then(|url| super::address::unescaped(url.expose_secret()));
        if let Some(what) = unescaped {
            wrong("url", what, super::address::ESCAPES);
        } else if let Some(url) = &self.url
            && url.expose_secret().starts_with("amqp")
            && url.expose_secret().parse::<lapin::uri::AMQPUri>().is_err()
        {
            let hint = format!("write amqp://USER:PASSWORD@HOST:5672/VHOST; {}", super::address::ESCAPES);
            wrong("url", "cannot be read as an address", &hint);
        }
        if self.url.as_ref().is_some_and(|url| nameless(url.expose_secret())) {
            let what = "ends with a slash: that names a virtual host without a name, which no broker has";
            wrong("url", what, "leave the slash out for the usual virtual host, `/`, or name one after it");
        }
        let names = [
            ("inbound_exchange", &self.inbound_exchange),
            ("queue", &self.queue),
            ("dead", &self.dead),
            ("lifecycle_exchange", &self.lifecycle_exchange),
        ];
        for (key, name) in names {
            if name.is_empty() || name.len() > NAME_MOST || name.starts_with("amq.") {
                wrong(key, "the broker does not accept this name", "1 to 255 bytes, not beginning with `amq.`");
            }
        }
        if self.queue == self.dead {
            wrong("dead", "is the queue itself: what cannot be read would go round for ever", "another name");
        }
        if self.inbound_exchange == self.lifecycle_exchange {
            wrong("lifecycle_exchange", "gangway would read its own lifecycle events", "another name");
        }
        let numbers = [
            ("prefetch", u64::from(self.prefetch)),
            ("max_message", self.max_message as u64),
            ("delivery_limit", u64::from(self.delivery_limit)),
            ("heartbeat", self.heartbeat.0 / 1000),
            ("answer_within", self.answer_within.0),
            ("reconnect_first", self.reconnect_first.0),
            ("watch_every", self.watch_every.0),
        ];
        for (key, _) in numbers.into_iter().filter(|(_, number)| *number == 0) {
            wrong(key, "is 0", "1 s or more; a heartbeat is counted in whole seconds");
        }
        if self.reconnect_most < self.reconnect_first {
            wrong("reconnect_most", "is below reconnect_first", "5s is usual");
        }
        found
    }
}

/// Whether it names a virtual host, and the name is empty.
fn nameless(url: &str) -> bool {
    let after = url.split_once("://").map_or("", |(_, after)| after);
    let after = after.split(['?', '#']).next().unwrap_or_default();
    after.split_once('/').is_some_and(|(_, host)| host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::AmqpSettings;
    use crate::settings::load;

    #[test]
    fn the_defaults_have_no_problem_and_no_broker() {
        let settings = AmqpSettings::default();
        assert!(settings.url.is_none());
        assert!(settings.faults("amqp").is_empty());
    }

    #[test]
    fn all_problems_are_told_at_once_and_without_the_password() {
        let text = "url = 'http://guest:hidden@host'\nqueue = 'amq.x'\nprefetch = 0\ndead = 'amq.dead'";
        let settings: AmqpSettings = load::read("amqp", text).unwrap();
        let keys: Vec<String> = settings.faults("amqp").into_iter().map(|fault| fault.key).collect();
        assert_eq!(keys, ["amqp.url", "amqp.queue", "amqp.dead", "amqp.prefetch"]);
        assert!(!format!("{settings:?} {:?}", settings.faults("amqp")).contains("hidden"));
    }

    #[test]
    fn a_virtual_host_without_a_name_is_told_before_the_broker_refuses_it() {
        let faults = |url: &str| {
            let settings: AmqpSettings = load::read("amqp", &format!("url = '{url}'")).unwrap();
            settings.faults("amqp").len()
        };
        assert_eq!(["amqp://h/", "amqps://u:p@h:5671/?heartbeat=1"].map(faults), [1, 1]);
        assert_eq!(["amqp://h", "amqp://h/%2f", "amqp://u:p@h:5672/live", "amqp://h//"].map(faults), [0; 4]);
    }

    #[test]
    fn a_queue_cannot_be_its_own_place_for_what_cannot_be_read() {
        let settings: AmqpSettings = load::read("amqp", "dead = 'gangway.inbound'").unwrap();
        assert_eq!(settings.faults("amqp").len(), 1);
    }
}
