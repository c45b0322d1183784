//! The far side of a running gangway: the providers and the way to them, and the performers of effects.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::web::Data;
use gangway_core::effect::slot;

use super::adapters::Adapters;
use super::parts;
use super::start::Seams;
use super::webhooks::ReadBack;
use crate::engine::{Door, Flows};
use crate::inbound::webhook::Webhooks;
use crate::outbound::http::Tokens;
use crate::outbound::mail::templates::Templates;
use crate::outbound::publish::Publisher;
use crate::outbound::{self, Children, Dispatcher, HttpSender, Limits, Performers, Performs, Transport};
use crate::providers::directory::Directory;
use crate::settings::Settings;
use crate::store::Store;
use crate::terminal::{Exit, Failure};

/// How many effects of each slot are performed at once. What is not set up here has none: a process leaves an effect
/// that it cannot perform to one that can.
pub(super) fn slots(settings: &Settings, adapters: &Adapters) -> BTreeMap<String, u32> {
    let mut slots = adapters.concurrency.clone();
    if settings.mail.url.is_some() {
        slots.insert(slot::MAIL.into(), settings.mail.concurrency);
    }
    if settings.amqp.url.is_some() {
        slots.insert(slot::PUBLISH.into(), settings.outbound.publish_concurrency);
    }
    // Each is one event at the door: as many as it takes at once.
    slots.insert(slot::FLOW.into(), u32::try_from(settings.engine.batch).unwrap_or(u32::MAX));
    slots
}

/// The providers and the way to them, shared by all code that speaks with them.
pub(super) struct Outside {
    pub(super) directory: Arc<Directory>,
    transport: Arc<dyn Transport>,
    pub(super) tokens: Arc<Tokens>,
    pub(super) limits: Arc<Limits>,
}

impl Outside {
    pub(super) fn new(settings: &Settings, seams: &Seams, directory: Arc<Directory>) -> Result<Self, Failure> {
        let limits = Arc::new(Limits::new(settings.outbound.longest_wait));
        limits.take_up(directory.all().iter().map(|adapter| &**adapter));
        let transport = match &seams.transport {
            Some(transport) => Arc::clone(transport),
            None => {
                let sender = HttpSender::new(&settings.outbound, Arc::clone(&limits), Arc::clone(&seams.clock));
                Arc::new(sender.map_err(|what| Failure::new(Exit::Usage, what))?) as Arc<dyn Transport>
            }
        };
        Ok(Self { directory, transport, tokens: Arc::default(), limits })
    }

    pub(super) fn read_back(
        &self,
        settings: &Settings,
        seams: &Seams,
        hooks: &Data<Webhooks>,
        store: &Store,
    ) -> ReadBack {
        ReadBack {
            directory: Arc::clone(&self.directory),
            hooks: hooks.clone(),
            store: store.clone(),
            transport: Arc::clone(&self.transport),
            tokens: Arc::clone(&self.tokens),
            clock: Arc::clone(&seams.clock),
            chance: Arc::clone(&seams.chance),
            limit: settings.outbound.attempt_timeout(),
            handed: Arc::default(),
        }
    }
}

pub(super) fn dispatcher(
    settings: &Settings,
    seams: &Seams,
    (concurrency, flows): (BTreeMap<String, u32>, &Flows),
    outside: &Outside,
    templates: Arc<Templates>,
    store: &Store,
    door: &Door,
) -> Result<Dispatcher, Failure> {
    let refused = |what| Failure::new(Exit::Usage, what);
    let mail = parts::mailer(settings, templates, &seams.clock)?;
    let publisher = Publisher::new(&settings.amqp, Arc::clone(&seams.clock)).map_err(refused)?;
    let publish = publisher.map(|publisher| Arc::new(publisher) as Arc<dyn Performs>);
    Ok(Dispatcher::new(outbound::Parts {
        leases: Arc::new(store.clone()),
        door: door.clone(),
        performers: Performers {
            adapters: Arc::clone(&outside.directory),
            transport: Arc::clone(&outside.transport),
            tokens: Arc::clone(&outside.tokens),
            secrets: Arc::new(store.clone()),
            mail,
            publish,
            children: Arc::new(Children {
                door: door.clone(),
                onboardings: Arc::new(store.clone()),
                clock: Arc::clone(&seams.clock),
                limit: settings.outbound.attempt_timeout(),
            }),
            clock: Arc::clone(&seams.clock),
            limit: settings.outbound.attempt_timeout(),
        },
        flows: flows.clone(),
        concurrency,
        limits: Arc::clone(&outside.limits),
        clock: Arc::clone(&seams.clock),
        chance: Arc::clone(&seams.chance),
        settings: settings.outbound.clone(),
    }))
}
