//! Our own webhook address at the provider: registering it, and reading back deliveries that did not arrive. Not in the
//! catalogue: no flow does this, the command `gangway webhooks` and a slow loop do.

use gangway_core::effect::Mode;
use gangway_core::outcome::Answer;
use gangway_core::secret::Secrets;
use gangway_core::time::Timestamp;
use serde_json::{Value, json};

use super::Desk;
use crate::providers::haven::error::Refusal;
use crate::providers::parts::{given, id, object, text};
use crate::providers::{Call, Far, HttpRequest, Stop};

/// Pages read in one go, at most; the rest comes with the next one.
const MOST_PAGES: u64 = 20;
/// Records of a page.
const PAGE: &str = "100";

/// A kind that not every version of the provider knows.
const NEWER: &str = "wallet.activated";

/// `POST /webhooks`, signed. The kinds that are read are asked for unless `events` names some. Ends with `registered`
/// {webhook_id}, and the secret that is shown this once.
pub async fn register(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let Some(url) = given(call.input, "url") else { return Err(Stop::broken("register_webhook needs url")) };
    if call.mode == Mode::LookUp {
        let cause = "whether the webhook was made is seen in the provider's console; its secret is shown only once";
        return Err(Stop::broken(cause));
    }
    let named = call.input.get("events").filter(|events| events.as_array().is_some_and(|list| !list.is_empty()));
    let read = &desk.settings.events.wallet_active;
    let events = named.cloned().unwrap_or_else(|| json!(read));
    let body = |events: &Value| json!({"url": url, "events": events, "status": "Enabled", "description": "gangway"});
    let mut reply = desk.change(far, ("POST", "/webhooks"), &body(&events), true).await?;
    // Refused for a kind that it does not know: the others are what it can tell.
    let older: Vec<&String> = read.iter().filter(|kind| *kind != NEWER).collect();
    if named.is_none() && !older.is_empty() && older.len() < read.len() && matches!(reply.status, 400 | 422) {
        reply = desk.change(far, ("POST", "/webhooks"), &body(&json!(older)), true).await?;
    }
    let said = match desk.data(&reply) {
        Ok(said) => said,
        Err(Refusal::Refused(complaint) | Refusal::Exists(complaint)) => return Ok(complaint.refused()),
        Err(Refusal::Forbidden(complaint)) => return Ok(complaint.refused()),
        Err(refusal) => return Err(refusal.into()),
    };
    let (Some(webhook_id), Some(secret)) = (text(&said, "id"), text(&said, "secret")) else {
        return Err(Stop::unclear("a webhook without `id` and `secret`"));
    };
    let mut answer = Answer::named("registered");
    answer.fields = object(json!({"webhook_id": webhook_id}));
    answer.secrets = Secrets::of("webhook_secret", secret);
    Ok(answer)
}

/// `GET /webhooks/{id}/events?deliveryFailed=true`, page by page: records are kept 31 days. Ends with `listed`
/// {deliveries}: the records as they are, those before `since` left out.
pub async fn missed(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let Some(id) = id(call.input, "webhook_id") else {
        return Err(Stop::broken("missed_deliveries needs webhook_id, of letters, digits, - and _"));
    };
    let since = given(call.input, "since").and_then(Timestamp::parse);
    let date = |item: &Value| item.get("date").and_then(Value::as_str).and_then(Timestamp::parse);
    let recent = |item: &&Value| since.is_none_or(|since| date(item).is_none_or(|date| date >= since));
    let (mut deliveries, mut token) = (Vec::new(), None);
    for _ in 0..MOST_PAGES {
        let reply = far.send(page(desk, id, token)).await?;
        let said = match desk.data(&reply) {
            Ok(said) => said,
            Err(Refusal::NotFound(_)) => {
                return Err(Stop::broken("the provider knows no webhook of this id; register it again"));
            }
            Err(refusal) => return Err(refusal.into()),
        };
        let items = said.get("items").and_then(Value::as_array);
        let items = items.ok_or_else(|| Stop::unclear("a list without `items`"))?;
        deliveries.extend(items.iter().filter(recent).cloned());
        token = text(&said, "nextPageToken");
        if token.is_none() {
            break;
        }
    }
    let mut answer = Answer::named("listed");
    answer.fields = object(json!({"deliveries": deliveries}));
    Ok(answer)
}

fn page(desk: &Desk, id: &str, token: Option<String>) -> HttpRequest {
    let query =
        [("deliveryFailed", Some("true".to_owned())), ("limit", Some(PAGE.to_owned())), ("paginationToken", token)];
    let query = query.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    HttpRequest { query, ..desk.request("GET", &format!("/webhooks/{id}/events")) }
}
