//! The way of every call: who calls, how often, what goes wrong, then the work itself. A request and its work enter;
//! an answer, an error or a cut connection leaves, and in any case a line among the calls.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::cut;
use super::reply::Answer;
use crate::calls::{Call, Effect};
use crate::mischief::Kind;
use crate::world::{World, lock};

/// How many different occasions are counted; beyond it the counts start again, which repeats old decisions.
const OCCASIONS: usize = 4_000_000;

/// How often each action was asked for each key, so that the second try of a call is another occasion.
#[derive(Default)]
pub(crate) struct Occasions {
    counts: Mutex<HashMap<u64, u32>>,
}

impl Occasions {
    /// From 1.
    fn next(&self, occasion: u64) -> u32 {
        let mut counts = lock(&self.counts);
        if counts.len() >= OCCASIONS {
            counts.clear();
        }
        let count = counts.entry(occasion).or_default();
        *count = count.saturating_add(1);
        *count
    }
}

/// What a call is about, as far as its request tells.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    pub(crate) action: &'static str,
    pub(crate) external_id: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) user_uid: Option<String>,
    pub(crate) asset_external_id: Option<String>,
    /// A trap for this call, with the occasions on which it strikes: the first, or all.
    pub(crate) trap: Option<(Kind, bool)>,
}

impl About {
    /// What stays the same when the call is repeated.
    fn key(&self) -> String {
        let parts = [&self.external_id, &self.email, &self.user_uid, &self.asset_external_id];
        parts.map(|part| part.as_deref().unwrap_or_default()).join("\n")
    }

    fn call(&self, effect: Effect, answer: Option<&Answer>, status: Option<StatusCode>) -> Call {
        Call {
            id: 0,
            at: String::new(),
            provider: "original",
            action: self.action,
            external_id: self.external_id.clone(),
            email: self.email.clone(),
            user_uid: answer.and_then(|answer| answer.user_uid.clone()).or_else(|| self.user_uid.clone()),
            asset_external_id: self.asset_external_id.clone(),
            asset_uid: answer.and_then(|answer| answer.asset_uid.clone()),
            effect,
            status: status.map(|status| status.as_u16()),
        }
    }
}

/// Takes a call all the way. `work` does what the call asks for, at once and completely; it is called at most once.
pub(crate) async fn pass(
    world: web::Data<World>,
    request: &HttpRequest,
    about: About,
    work: impl FnOnce(&Arc<World>) -> Answer + Send + 'static,
) -> HttpResponse {
    let world = world.into_inner();
    if let Err(message) = world.original.auth.check(request) {
        return plain(&world, &about, Effect::Unauthorized, &Answer::unauthorized(message));
    }
    if !world.original.rate.admit() {
        return throttled(&world, &about, world.original.rate.seconds_left());
    }
    let key = about.key();
    let nth = world.original.occasions.next(world.dice.number(&["occasion", about.action, &key])).to_string();
    let words = [about.action, key.as_str(), nth.as_str()];
    let mischief = world.mischief();
    if world.dice.strikes(&mischief, Kind::Delay, &words) {
        tokio::time::sleep(part_of(world.options.limits.delay, world.dice.unit(&[&["pause"], &words[..]].concat())))
            .await;
    }
    let trap = about.trap.filter(|(_, always)| *always || nth == "1").map(|(kind, _)| kind);
    let throw = world.dice.unit(&[&["form"], &words[..]].concat());
    match trap.or_else(|| world.dice.ending(&mischief, &words)) {
        Some(Kind::Fail) => failed(&world, &about, throw),
        Some(Kind::FailDone) => failed_done(&world, &about, throw, work),
        Some(Kind::Throttle) => throttled(&world, &about, 1),
        Some(Kind::LostDone) => lost(&world, &about, throw, work),
        Some(Kind::LostUndone) => {
            world.calls.note(about.call(Effect::LostUndone, None, None));
            cut::silent()
        }
        Some(Kind::SlowDone) => slow(world, about, work),
        _ => {
            let answer = work(&world);
            plain(&world, &about, effect(&answer), &answer)
        }
    }
}

/// Between a tenth of the longest time and all of it.
pub(crate) fn part_of(longest: Duration, unit: f64) -> Duration {
    longest.mul_f64(0.1 + 0.9 * unit)
}

fn effect(answer: &Answer) -> Effect {
    match answer.status {
        _ if answer.made => Effect::Done,
        StatusCode::OK => Effect::Read,
        status if status.is_server_error() => Effect::Failed,
        _ => Effect::Refused,
    }
}

fn plain(world: &World, about: &About, effect: Effect, answer: &Answer) -> HttpResponse {
    world.calls.note(about.call(effect, Some(answer), Some(answer.status)));
    let mut reply = answer.response();
    world.original.rate.mark(&mut reply);
    reply
}

fn throttled(world: &World, about: &About, seconds: i64) -> HttpResponse {
    let answer = Answer::throttled();
    world.calls.note(about.call(Effect::Throttled, None, Some(answer.status)));
    let mut reply = answer.response();
    world.original.rate.mark_throttled(&mut reply, seconds);
    reply
}

/// Three failures in turn: the application's own, with its body; a gateway's page; and an overload's plain text.
fn failed(world: &World, about: &About, throw: f64) -> HttpResponse {
    let mut reply = match (throw * 3.0) as u8 {
        0 => Answer::server_error(StatusCode::INTERNAL_SERVER_ERROR).response(),
        1 => page(StatusCode::BAD_GATEWAY),
        _ => HttpResponse::ServiceUnavailable().content_type("text/plain").body("Service Unavailable"),
    };
    world.calls.note(about.call(Effect::Failed, None, Some(reply.status())));
    world.original.rate.mark(&mut reply);
    reply
}

fn failed_done(
    world: &Arc<World>,
    about: &About,
    throw: f64,
    work: impl FnOnce(&Arc<World>) -> Answer,
) -> HttpResponse {
    let status = if throw < 0.5 { StatusCode::BAD_GATEWAY } else { StatusCode::GATEWAY_TIMEOUT };
    let answer = work(world);
    let effect = if answer.made { Effect::FailedDone } else { Effect::Failed };
    world.calls.note(about.call(effect, Some(&answer), Some(status)));
    page(status)
}

/// Half of the lost replies break off in the middle, half never begin.
fn lost(world: &Arc<World>, about: &About, throw: f64, work: impl FnOnce(&Arc<World>) -> Answer) -> HttpResponse {
    let answer = work(world);
    let effect = if answer.made { Effect::LostDone } else { Effect::LostReply };
    world.calls.note(about.call(effect, Some(&answer), None));
    if throw < 0.5 { cut::silent() } else { cut::halfway(&answer) }
}

fn slow(world: Arc<World>, about: About, work: impl FnOnce(&Arc<World>) -> Answer + Send + 'static) -> HttpResponse {
    let id = world.calls.note(about.call(Effect::SlowPending, None, None));
    let later = Arc::clone(&world);
    world.background(async move {
        tokio::time::sleep(later.options.limits.slow).await;
        let answer = work(&later);
        later.calls.amend(id, |call| {
            call.effect = if answer.made { Effect::SlowDone } else { Effect::SlowReply };
            call.user_uid = answer.user_uid.or_else(|| call.user_uid.take());
            call.asset_uid = answer.asset_uid;
        });
    });
    cut::silent()
}

/// What a gateway in front of the API says: HTML, and none of the API's headers.
fn page(status: StatusCode) -> HttpResponse {
    let reason = status.canonical_reason().unwrap_or_default();
    let code = status.as_u16();
    HttpResponse::build(status).content_type("text/html").body(format!(
        "<html>\r\n<head><title>{code} {reason}</title></head>\r\n\
         <body>\r\n<center><h1>{code} {reason}</h1></center>\r\n</body>\r\n</html>\r\n"
    ))
}
