//! The only mail sender. An effect enters, `sent` or `refused` leaves, or what else became of it. Never here: a second
//! try by itself; the server's words; addresses in logs.

pub mod message;
pub mod smtp;
pub mod templates;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gangway_core::effect::Request;
use gangway_core::outcome::{Answer, AttemptResult};
use gangway_core::time::Timestamp;
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use self::message::{Letter, Letterhead, Unwritable};
use self::smtp::{Fault, Posted};
use self::templates::Templates;
use super::attempt::{Attempted, Performs};
use super::breaker::Health;
use crate::clock::Clock;
use crate::settings::mail::{MailSettings, Server};
use crate::settings::outbound::OutboundSettings;
use crate::store::types::LeasedEffect;

/// Sends mails.
#[derive(Debug)]
pub struct Mailer {
    server: Server,
    head: Letterhead,
    templates: Arc<Templates>,
    limits: (Duration, Duration),
    clock: Arc<dyn Clock>,
}

impl Mailer {
    /// The mailer of these settings; `None` when no server is set.
    ///
    /// # Errors
    /// What [`MailSettings::faults`] would have told.
    pub fn new(
        settings: &MailSettings,
        outbound: &OutboundSettings,
        templates: Arc<Templates>,
        clock: Arc<dyn Clock>,
    ) -> Result<Option<Self>, String> {
        let Some(url) = &settings.url else { return Ok(None) };
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mailbox =
            |text: &str| text.parse().map_err(|_| "mail.from or mail.reply_to is not a mail address".to_owned());
        let head = Letterhead {
            from: mailbox(&settings.from)?,
            reply_to: settings.reply_to.as_deref().map(mailbox).transpose()?,
            domain: settings.domain.clone(),
        };
        let limits = (Duration::from_millis(outbound.connect_timeout.0), Duration::from_millis(settings.timeout.0));
        Ok(Some(Self { server: Server::parse(url.expose_secret())?, head, templates, limits, clock }))
    }

    fn write(&self, effect: &LeasedEffect) -> Result<Letter, Box<AttemptResult>> {
        let Request::Mail { template, to, locale, values, .. } = &effect.request else {
            return Err(broken("not a mail; this is a fault of gangway".to_owned()));
        };
        let values = with_user(values, to, locale.as_deref());
        let words = self.templates.render(template, locale.as_deref(), &values);
        let words = words.map_err(broken)?;
        message::write(&self.head, effect.id, effect.asked_at, to, words).map_err(|why| match why {
            Unwritable::Address => Box::new(refused("the address is not a mail address")),
            Unwritable::Content => broken("the mail cannot be put together".to_owned()),
        })
    }
}

#[async_trait]
impl Performs for Mailer {
    async fn perform(&self, effect: &LeasedEffect) -> Attempted {
        let sent_at = self.clock.now();
        let letter = match self.write(effect) {
            Ok(letter) => letter,
            Err(result) => return Attempted { result: *result, sent_at, health: Health::Unsaid },
        };
        let posted = smtp::post(&self.server, &self.head.domain, self.limits, &letter.envelope, &letter.bytes).await;
        ended(posted, sent_at)
    }
}

/// What templates may name beside the flow's values: `user.email` and `user.locale`.
fn with_user(values: &Map<String, Value>, to: &str, locale: Option<&str>) -> Value {
    let mut values = values.clone();
    values.entry("user").or_insert_with(|| json!({"email": to, "locale": locale}));
    Value::Object(values)
}

fn broken(cause: String) -> Box<AttemptResult> {
    Box::new(AttemptResult::Broken { cause })
}

fn refused(reason: &str) -> AttemptResult {
    let mut answer = Answer::named("refused");
    answer.fields.insert("reason".to_owned(), Value::String(reason.to_owned()));
    AttemptResult::Done(answer)
}

/// One refused receiver or one full mailbox says nothing against the server: others go on.
fn ended(posted: Posted, sent_at: Timestamp) -> Attempted {
    let again = |cause, spent| AttemptResult::Again { cause, retry_after: None, spent };
    let (result, health) = match posted {
        Posted::Sent => (AttemptResult::Done(Answer::named("sent")), Health::Well),
        Posted::Refused(reason) => (refused(&reason), Health::Well),
        Posted::Again(cause, Fault::Receiver) => (again(cause, true), Health::Well),
        Posted::Again(cause, Fault::Server) => (again(cause.clone(), true), Health::Failing(cause)),
        Posted::Again(cause, Fault::Settings) => (again(cause.clone(), false), Health::Barred(cause)),
        Posted::Unknown(cause) => (AttemptResult::Unknown { cause: cause.clone() }, Health::Failing(cause)),
    };
    Attempted { result, sent_at, health }
}

#[cfg(test)]
mod tests;
