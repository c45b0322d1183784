//! Puts secrets where an effect names them, for the one attempt that is about to be made. An effect with names
//! enters, one with values leaves and is never stored. A secret that is not there is left out, as any absent value.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use gangway_core::effect::Request;
use gangway_core::event::OnboardingId;
use gangway_core::secret::Secrets;
use serde_json::{Map, Value};

use crate::store::Store;
use crate::store::types::LeasedEffect;

/// Opens an onboarding's secrets.
#[async_trait]
pub trait SecretSource: Send + Sync + std::fmt::Debug {
    /// Those of these names that are there.
    ///
    /// # Errors
    /// When they cannot be read now; the cause holds none of them.
    async fn open(&self, onboarding: OnboardingId, names: &BTreeSet<String>) -> Result<Secrets, String>;
}

#[async_trait]
impl SecretSource for Store {
    async fn open(&self, onboarding: OnboardingId, names: &BTreeSet<String>) -> Result<Secrets, String> {
        self.secrets(onboarding, names).await.map_err(|error| error.to_string())
    }
}

/// The effect with its secrets in their places; `None` when it names none.
///
/// # Errors
/// When they cannot be read now.
pub async fn filled(source: &dyn SecretSource, effect: &LeasedEffect) -> Result<Option<LeasedEffect>, String> {
    let places = match &effect.request {
        Request::Call { secrets, .. } | Request::Mail { secrets, .. } if !secrets.is_empty() => secrets.clone(),
        _ => return Ok(None),
    };
    let names = places.values().cloned().collect();
    let opened = source.open(effect.id.onboarding, &names).await?;
    let mut effect = effect.clone();
    if let Request::Call { input: values, .. } | Request::Mail { values, .. } = &mut effect.request {
        put(values, &places, &opened);
    }
    Ok(Some(effect))
}

/// Puts each secret at its place; maps on the way are made.
fn put(values: &mut Map<String, Value>, places: &BTreeMap<String, String>, secrets: &Secrets) {
    for (place, name) in places {
        let Some(secret) = secrets.0.get(name) else { continue };
        let mut keys: Vec<String> =
            place.split('/').skip(1).map(|key| key.replace("~1", "/").replace("~0", "~")).collect();
        let Some(last) = keys.pop() else { continue };
        let inner = keys.into_iter().try_fold(&mut *values, |map, key| {
            map.entry(key).or_insert_with(|| Value::Object(Map::new())).as_object_mut()
        });
        if let Some(map) = inner {
            map.insert(last, secret.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::put;
    use gangway_core::secret::Secrets;
    use serde_json::{Map, json};

    #[test]
    fn secrets_go_where_they_are_named_and_nowhere_else() {
        let mut values = json!({"username": "u", "data": {"type": "email"}, "text": "secrets.password"});
        let places = BTreeMap::from(
            [("/data/password", "password"), ("/a~1b/c", "password"), ("/gone", "missing"), ("/text/x", "password")]
                .map(|(place, name)| (place.to_owned(), name.to_owned())),
        );
        put(values.as_object_mut().unwrap_or(&mut Map::new()), &places, &Secrets::of("password", "p"));
        let expected = json!({
            "username": "u", "data": {"type": "email", "password": "p"}, "text": "secrets.password", "a/b": {"c": "p"}
        });
        assert_eq!(values, expected);
    }
}
