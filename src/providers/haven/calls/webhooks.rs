//! Our own webhook address at the provider: registering it, and reading back deliveries that did not arrive. Not in the
//! catalogue: no flow does this, the command `gangway webhooks` and a slow loop do.

use gangway_core::effect::Mode;
use gangway_core::outcome::Answer;
use gangway_core::secret::Secrets;
use gangway_core::time::Timestamp;
use serde_json::{Map, Value, json};

use super::Desk;
use crate::providers::haven::error::Refusal;
use crate::providers::haven::sign::{self, Change};
use crate::providers::parts::{broken, done, given, id, object, text};
use crate::providers::stop::Stop;
use crate::providers::{Call, Reply, Request, Stage, Turn};

const REGISTER: &str = "register";
const PAGES: &str = "missed";
/// Pages read in one go, at most; the rest comes with the next one.
const MOST_PAGES: u64 = 20;
/// Records of a page.
const PAGE: &str = "100";

/// `POST /webhooks`, signed. Every kind is asked for unless `events` names some: unknown kinds are only noted.
pub fn register(desk: &Desk, call: &Call<'_>) -> Turn {
    let Some(url) = given(call.input, "url") else { return broken("register_webhook needs url") };
    if call.mode == Mode::LookUp {
        return broken("whether the webhook was made is seen in the provider's console; its secret is shown only once");
    }
    let named = call.input.get("events").filter(|events| events.as_array().is_some_and(|list| !list.is_empty()));
    let events = named.cloned().unwrap_or_else(|| json!(["*"]));
    let body = json!({"url": url, "events": events, "status": "Enabled", "description": "gangway"});
    let change = Change { method: "POST", path: "/webhooks", body: &body, effectful: true, then: REGISTER };
    sign::begin(desk, change)
}

/// `registered` {webhook_id}, with the secret that is shown this once.
pub fn registered(desk: &Desk, call: &Call<'_>, reply: &Reply) -> Turn {
    let body = match desk.data(call, reply) {
        Ok(body) => body,
        Err(Refusal::Refused(complaint) | Refusal::Exists(complaint)) => return done(complaint.refused()),
        Err(refusal) => return Stop::from(refusal).of_a_change(),
    };
    let (Some(webhook_id), Some(secret)) = (text(&body, "id"), text(&body, "secret")) else {
        return Stop::Unclear("a webhook without `id` and `secret`".to_owned()).of_a_change();
    };
    let mut answer = Answer::named("registered");
    answer.fields = object(json!({"webhook_id": webhook_id}));
    answer.secrets = Secrets::of("webhook_secret", secret);
    done(answer)
}

/// `GET /webhooks/{id}/events?deliveryFailed=true`: records are kept 31 days.
pub fn missed(desk: &Desk, call: &Call<'_>) -> Turn {
    match page(desk, call.input, None) {
        Some(request) => Turn::Send(request, Stage { at: PAGES, memo: Value::Null }),
        None => broken("missed_deliveries needs webhook_id, of letters, digits, - and _"),
    }
}

fn page(desk: &Desk, input: &Map<String, Value>, token: Option<String>) -> Option<Request> {
    let path = format!("/webhooks/{}/events", id(input, "webhook_id")?);
    let query =
        [("deliveryFailed", Some("true".to_owned())), ("limit", Some(PAGE.to_owned())), ("paginationToken", token)];
    let query = query.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    Some(Request { query, ..desk.request("GET", &path) })
}

/// `listed` {deliveries}: the records as they are, those before `since` left out; or the next page.
pub fn listed(desk: &Desk, call: &Call<'_>, stage: &Stage, reply: &Reply) -> Turn {
    let body = match desk.data(call, reply) {
        Ok(body) => body,
        Err(Refusal::NotFound) => return broken("the provider knows no webhook of this id; register it again"),
        Err(refusal) => return Stop::from(refusal).of_a_read(),
    };
    let Some(items) = body.get("items").and_then(Value::as_array) else {
        return Stop::Unclear("a list without `items`".to_owned()).of_a_read();
    };
    let since = given(call.input, "since").and_then(Timestamp::parse);
    let date = |item: &Value| item.get("date").and_then(Value::as_str).and_then(Timestamp::parse);
    let recent = |item: &&Value| since.is_none_or(|since| date(item).is_none_or(|date| date >= since));
    let mut deliveries = stage.memo.get("deliveries").and_then(Value::as_array).cloned().unwrap_or_default();
    deliveries.extend(items.iter().filter(recent).cloned());
    let pages = stage.memo.get("pages").and_then(Value::as_u64).unwrap_or(0) + 1;
    let token = text(&body, "nextPageToken").filter(|_| pages < MOST_PAGES);
    match token.and_then(|token| page(desk, call.input, Some(token))) {
        Some(request) => {
            Turn::Send(request, Stage { at: PAGES, memo: json!({"deliveries": deliveries, "pages": pages}) })
        }
        None => {
            let mut answer = Answer::named("listed");
            answer.fields = object(json!({"deliveries": deliveries}));
            done(answer)
        }
    }
}
