//! Providers that a file defines: no Rust for them. A definition is read, checked and tried on its own samples before
//! anything uses it; then it translates like any adapter. Nothing is sent from here.
//! How to write one: docs/guides/your-own-provider.md.

mod exchange;
mod fallback;
mod hooks;
mod model;
mod offers;
mod read;
mod samples;
pub mod settings;
mod sign;
mod token;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use gangway_core::catalogue::Catalogue;
use gangway_core::effect::Mode;
use gangway_core::outcome::Answer;
use gangway_core::retry::Policy;
use serde_json::{Map, Value};

use self::exchange::{Page, Said, Turn};
pub use self::model::Definition;
use self::model::{Action, Exchange, REGISTER};
pub use self::read::{is_definition, load};
use self::settings::GenericSettings;
use super::{Adapter, Call, Delivery, Far, HttpRequest, Rate, Reading, Reply, Stop, Token, Unreadable};

/// What the section of a provider takes that a file defines.
pub const SETTINGS: &str = include_str!("settings.toml");

/// What a look-up says that found nothing.
const NOT_DONE: &str = "not_done";

/// Keys that one attempt may burn beside one for each attempt before it, and the most of one conversation.
const KEYS_AHEAD: u32 = 2;
const KEYS_MOST: u32 = 20;

/// Tells the catalogue what a definition offers, in place of what it knew of this provider.
pub fn describe(definition: &Definition, catalogue: &mut Catalogue) {
    let prefix = format!("{}.", definition.name);
    catalogue.actions.retain(|name, _| !name.starts_with(&prefix));
    catalogue.facts.retain(|name, _| !name.starts_with(&prefix));
    offers::describe(definition, &definition.retry.over(&Policy::default()), catalogue);
}

/// The adapter of a definition.
#[derive(Debug)]
pub struct Generic {
    definition: Arc<Definition>,
    settings: GenericSettings,
    values: Map<String, Value>,
    policy: Policy,
}

impl Generic {
    /// The adapter with these settings; `general` is how calls are retried unless definition or settings say otherwise.
    #[must_use]
    pub fn new(definition: Arc<Definition>, settings: GenericSettings, general: &Policy) -> Self {
        let policy = settings.common.retry.over(&definition.retry.over(general));
        let value = |name: &str| settings.values.get(name).map(|value| value.0.clone());
        let values = definition.settings.iter().filter(|setting| !setting.secret);
        let values = values.filter_map(|setting| {
            let value = value(&setting.name).or_else(|| setting.default.clone())?;
            Some((setting.name.clone(), Value::String(value)))
        });
        Self { values: values.collect(), definition, settings, policy }
    }

    fn action(&self, name: &str) -> Option<&Action> {
        self.definition.actions.iter().find(|(known, _)| known == name).map(|(_, action)| action)
    }

    /// Sends the request of an exchange: the answer, and what the definition says of it.
    async fn exchange(
        &self,
        call: &Call<'_>,
        far: &dyn Far,
        action: &Action,
        exchange: &Exchange,
        effectful: bool,
        page: &Page,
    ) -> Result<(Reply, Said), Stop> {
        // The keys that are burnt answer again what they answered before, so no attempt need remember them. Each
        // attempt may burn a few more.
        let most = call.attempt.saturating_add(KEYS_AHEAD).min(KEYS_MOST);
        let mut key = 1;
        loop {
            let request = self
                .request(call, &exchange.request, effectful, Turn { key, page, now: far.now() })
                .map_err(|why| {
                    Stop::Broken(format!(
                        "{}: {why}; check the flow's mapping and the definition",
                        self.definition.name
                    ))
                })?;
            let own = std::ptr::eq(exchange, &action.exchange);
            let rated = action.rate.filter(|_| own).map(|_| call.action.to_owned());
            let reply = far.send(HttpRequest { rated, ..request }).await?;
            let burnt = effectful.then_some(action.burnt.as_ref()).flatten();
            if key < most && burnt.is_some_and(|burnt| self.holds(burnt, call, action, &reply, page)) {
                key = key.saturating_add(1);
                continue;
            }
            let said = self.said(call, action, exchange, &reply, page);
            return Ok((reply, said));
        }
    }

    /// The outcome that a look-up finds, if it was done.
    async fn look_up(
        &self,
        call: &Call<'_>,
        far: &dyn Far,
        action: &Action,
        look_up: &Exchange,
    ) -> Result<Option<Answer>, Stop> {
        let mut page = Page::first();
        loop {
            let (reply, said) = self.exchange(call, far, action, look_up, false, &page).await?;
            match said {
                Said::Outcome(answer) => return Ok(Some(answer)),
                // Not on this page: only after the last one is it nowhere.
                Said::NotDone => {
                    match look_up.pages.as_ref().map(|pages| (pages, self.next(pages, call, action, &reply, &page))) {
                        None | Some((_, None)) => return Ok(None),
                        Some((pages, Some(_))) if page.number >= pages.most => {
                            let what = format!("the look-up read {} pages, and there are more", pages.most);
                            return Err(Stop::Broken(format!(
                                "{what}; raise `most` in the definition, or see the provider"
                            )));
                        }
                        Some((_, Some(next))) => page = next,
                    }
                }
                Said::LookUp => return Err(fallback::stop(self.name(), &reply, None)),
                Said::Nothing(why) => return Err(fallback::stop(self.name(), &reply, why)),
            }
        }
    }
}

#[async_trait]
impl Adapter for Generic {
    fn name(&self) -> &str {
        &self.definition.name
    }

    fn describe(&self, catalogue: &mut Catalogue) {
        offers::describe(&self.definition, &self.policy, catalogue);
    }

    fn identifier_kinds(&self) -> Vec<String> {
        self.definition.kinds.clone()
    }

    fn rate(&self) -> Option<Rate> {
        self.definition.rate
    }

    fn action_rates(&self) -> Vec<(String, Rate)> {
        let actions = self.definition.actions.iter();
        actions.filter_map(|(name, action)| Some((name.clone(), action.rate?))).collect()
    }

    async fn call(&self, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
        let action = self.action(call.action).ok_or_else(|| self.unknown(call.action))?;
        let absent = |name: &String| call.input.get(name).is_none_or(Value::is_null);
        if let Some(field) = action.input.iter().find(|field| field.required && absent(&field.name)) {
            return Err(Stop::Broken(format!("{} needs {}; check the flow's mapping", call.action, field.name)));
        }
        let look_up = action.look_up.as_ref();
        if call.mode == Mode::LookUp {
            let none = "the definition has no look-up for this; see the provider, then decide";
            let look_up = look_up.ok_or_else(|| Stop::broken(none))?;
            return self.look_up(call, far, action, look_up).await?.ok_or(Stop::NotDone);
        }
        let not_found = || Stop::away("said to be there already, and the look-up does not find it");
        let (reply, said) =
            self.exchange(call, far, action, &action.exchange, action.effectful, &Page::first()).await?;
        match (said, look_up) {
            (Said::Outcome(answer), _) => Ok(answer),
            (Said::NotDone, _) => Err(not_found()),
            (Said::LookUp, Some(look_up)) => self.look_up(call, far, action, look_up).await?.ok_or_else(not_found),
            (Said::LookUp, None) => Err(fallback::stop(self.name(), &reply, None)),
            (Said::Nothing(why), _) => Err(fallback::stop(self.name(), &reply, why)),
        }
    }

    async fn token(&self, _name: &str, far: &dyn Far) -> Result<Token, Stop> {
        token::get(self, far).await
    }

    fn read(&self, delivery: &Delivery<'_>) -> Result<Reading, Unreadable> {
        match &self.definition.hooks {
            Some(hooks) => hooks::read(&self.definition.name, hooks, delivery),
            None => Err(Unreadable("the definition reads no webhooks".to_owned())),
        }
    }
}

impl Generic {
    /// A pinned flow may name an action that the definition has no more; the command may ask for one it never had.
    fn unknown(&self, action: &str) -> Stop {
        let hint = match action {
            REGISTER => {
                "add it, or register the address at the provider yourself and give its secret in webhook.secrets"
            }
            _ => "move the onboarding on",
        };
        Stop::Broken(format!("the definition of {} has no action `{action}`; {hint}", self.definition.name))
    }
}
