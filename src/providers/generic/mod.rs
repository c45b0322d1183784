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
mod token;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use gangway_core::catalogue::Catalogue;
use gangway_core::effect::Mode;
use gangway_core::outcome::AttemptResult;
use gangway_core::retry::Policy;
use gangway_core::time::Timestamp;
use serde_json::{Map, Value};

use self::exchange::Said;
pub use self::model::Definition;
use self::model::{Action, Exchange, REGISTER};
pub use self::read::{is_definition, load};
use super::{Adapter, Call, Delivery, Rate, Reading, Reply, Stage, TokenTurn, Turn, Unreadable};
use crate::providers::parts::broken;
use crate::settings::generic::GenericSettings;

/// What a look-up says that found nothing.
const NOT_DONE: &str = "not_done";
/// Stages of a conversation.
const DO: &str = "do";
const LOOK_UP: &str = "look_up";
const EXISTS: &str = "exists";

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

    fn send(&self, call: &Call<'_>, exchange: &Exchange, effectful: bool, at: &'static str) -> Turn {
        match self.request(call, &exchange.request, effectful) {
            Ok(request) => Turn::Send(request, Stage { at, memo: Value::Null }),
            Err(why) => {
                broken(&format!("{}: {why}; check the flow's mapping and the definition", self.definition.name))
            }
        }
    }
}

#[async_trait::async_trait]
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

    fn begin(&self, call: &Call<'_>) -> Turn {
        let Some(action) = self.action(call.action) else { return self.unknown(call.action) };
        let absent = |name: &String| call.input.get(name).is_none_or(Value::is_null);
        if let Some(field) = action.input.iter().find(|field| field.required && absent(&field.name)) {
            return broken(&format!("{} needs {}; check the flow's mapping", call.action, field.name));
        }
        match (call.mode, &action.look_up) {
            (Mode::Do, _) => self.send(call, &action.exchange, action.effectful, DO),
            (Mode::LookUp, Some(look_up)) => self.send(call, look_up, false, LOOK_UP),
            (Mode::LookUp, None) => broken("the definition has no look-up for this; see the provider, then decide"),
        }
    }

    fn resume(&self, call: &Call<'_>, stage: &Stage, reply: &Reply) -> Turn {
        let Some(action) = self.action(call.action) else { return self.unknown(call.action) };
        let (exchange, effectful) = match (stage.at, &action.look_up) {
            (LOOK_UP | EXISTS, Some(look_up)) => (look_up, false),
            _ => (&action.exchange, action.effectful),
        };
        match (self.said(call, action, exchange, reply), &action.look_up) {
            (Said::Outcome(answer), _) => Turn::Ended(AttemptResult::Done(answer)),
            (Said::NotDone, _) if stage.at == LOOK_UP => Turn::Ended(AttemptResult::NotDone),
            (Said::NotDone, _) => {
                let cause = "said to be there already, and the look-up does not find it".to_owned();
                Turn::Ended(AttemptResult::Again { cause, retry_after: None, spent: true })
            }
            (Said::LookUp, Some(look_up)) if stage.at == DO => self.send(call, look_up, false, EXISTS),
            (Said::LookUp, _) => fallback::end(self.name(), reply, effectful, None, call.now),
            (Said::Nothing(why), _) => fallback::end(self.name(), reply, effectful, why, call.now),
        }
    }

    fn begin_token(&self, _name: &str, _now: Timestamp) -> TokenTurn {
        token::begin(self)
    }

    fn token_reply(&self, _name: &str, _stage: &Stage, reply: &Reply, now: Timestamp) -> TokenTurn {
        token::reply(self, reply, now)
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
    fn unknown(&self, action: &str) -> Turn {
        let hint = match action {
            REGISTER => {
                "add it, or register the address at the provider yourself and give its secret in webhook.secrets"
            }
            _ => "move the onboarding on",
        };
        broken(&format!("the definition of {} has no action `{action}`; {hint}", self.definition.name))
    }
}
