//! What is kept apart, taken again: an event of the quarantine goes through the door as it was; a delivery that failed
//! verification is verified with today's settings first. An id enters, a receipt leaves.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::web::Data;
use async_trait::async_trait;
use uuid::Uuid;

use super::webhooks::Registered;
use super::{adapters, adopt};
use crate::api::aside::{NotTaken, Takes};
use crate::engine::{Arrival, Door, NotAccepted, Receipt, aside};
use crate::inbound::aside::Failed;
use crate::inbound::webhook::{self, Hook, Webhooks};
use crate::settings::Settings;
use crate::store::Store;
use crate::store::aside::{AsideKind, KeptAside};
use crate::terminal::{Exit, Failure};

/// Takes it in a process that serves.
#[derive(Debug)]
pub(super) struct Again {
    pub store: Store,
    pub door: Door,
    pub hooks: Data<Webhooks>,
}

#[async_trait]
impl Takes for Again {
    async fn take(&self, id: Uuid) -> Result<Receipt, NotTaken> {
        let (kept, arrival) = found(&self.store, id, |name| self.hooks.hook(name)).await?;
        settled(&self.store, &kept, self.door.accept(arrival).await).await
    }
}

/// Takes it alongside running processes, which perform what follows from it. Says what became of it.
///
/// # Errors
/// When the database cannot be used, or nothing was taken; says why.
pub async fn take_aside(settings: &Settings, store: Store, id: Uuid) -> Result<String, Failure> {
    let registered = Registered::from(store.webhooks().await?);
    let hooks = adapters::build(settings)?.hooks(&registered)?;
    let hooks: HashMap<String, Arc<Hook>> = hooks.into_iter().map(|(name, hook)| (name, Arc::new(hook))).collect();
    let told = |why: NotTaken| match why {
        NotTaken::Unknown | NotTaken::Refused(_) => Failure::new(Exit::NotAllWell, why.to_string()),
        NotTaken::NotAccepted(why) => Failure::new(Exit::Unreachable, why.to_string()),
        NotTaken::Store(error) => error.into(),
    };
    let (kept, arrival) = found(&store, id, |name| hooks.get(name).cloned()).await.map_err(told)?;
    let engine = adopt::engine(settings, store.clone()).await?;
    let answer = engine.accept(&[arrival]).await.into_iter().next();
    let receipt = settled(&store, &kept, answer.unwrap_or(Err(NotAccepted::Stopping))).await.map_err(told)?;
    Ok(format!("{}: {}", receipt.verdict.word(), receipt.detail))
}

/// The arrival that it makes.
async fn found(
    store: &Store,
    id: Uuid,
    hook: impl Fn(&str) -> Option<Arc<Hook>>,
) -> Result<(KeptAside, Arrival), NotTaken> {
    let (kept, content) = store.kept_aside(id).await?.ok_or(NotTaken::Unknown)?;
    let refused = |why: &str| NotTaken::Refused(why.to_owned());
    if !kept.takeable {
        return Err(refused("an earlier version kept it, and only in part: ask its sender to send it again"));
    }
    let unread = || refused("this version cannot read what was kept of it");
    let arrival = match kept.kind {
        AsideKind::Quarantine => aside::read(&content).ok_or_else(unread)?,
        AsideKind::Unverified => {
            let failed = Failed::read(&content).ok_or_else(unread)?;
            let name = kept.source.strip_prefix("unverified:").unwrap_or(&kept.source);
            let hook = hook(name).ok_or_else(|| refused("its provider has no webhooks in the current settings"))?;
            webhook::again(name, &hook, &failed, kept.at).map_err(NotTaken::Refused)?
        }
    };
    Ok((kept, arrival))
}

/// Deletes the kept copy once it is in the journal. What the database refuses again is in quarantine again, with the
/// new reason, so the old copy goes too.
async fn settled(store: &Store, kept: &KeptAside, answer: Result<Receipt, NotAccepted>) -> Result<Receipt, NotTaken> {
    let receipt = answer?;
    store.forget_aside(kept.kind, kept.id).await?;
    if receipt.seq.is_none() && !receipt.copy {
        return Err(NotTaken::Refused("the database still refuses it; it is in quarantine under a new id".to_owned()));
    }
    metrics::counter!("gangway_aside_taken_total", "kind" => kept.kind.word()).increment(1);
    Ok(receipt)
}
