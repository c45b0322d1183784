//! The way of every call: who calls, how often, what goes wrong, then the work itself. A request and its work enter;
//! an answer, an error or a cut connection leaves, and in any case a line among the calls. A call that was received
//! is taken to its end also if the caller does not wait for it.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use tokio::sync::oneshot;

use super::about::About;
use super::cut;
use super::reply::Answer;
use crate::calls::Effect;
use crate::mischief::{Kind, dice};
use crate::world::World;

/// What the caller is to see.
enum Outcome {
    /// The API's own answer, marked with the rate.
    Answer(Answer),
    /// 429, and after how many seconds to come back.
    Throttled(i64),
    /// A gateway's page, in front of the API: HTML, and none of the API's headers.
    Page(StatusCode),
    /// An overloaded server's plain text.
    Overloaded,
    /// The connection cut before a byte.
    Silence,
    /// The connection cut in the middle of this answer.
    Half(Answer),
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
        let outcome = told(&world, &about, Effect::Unauthorized, Answer::unauthorized(message));
        return show(&world, outcome);
    }
    if !world.original.rate.admit() {
        let outcome = throttled(&world, &about, world.original.rate.seconds_left());
        return show(&world, outcome);
    }
    let key = about.key();
    let nth = world.original.occasions.next(world.dice.number(&["occasion", about.action, &key])).to_string();
    let words = [about.action, key.as_str(), nth.as_str()];
    let mischief = world.mischief();
    let trap = about.trap.filter(|(_, always)| *always || nth == "1").map(|(kind, _)| kind);
    let ending = trap.or_else(|| world.dice.ending(&mischief, &words));
    let throw = world.dice.unit(&[&["form"], &words[..]].concat());
    if !world.dice.strikes(&mischief, Kind::Delay, &words) {
        return show(&world, settle(&world, about, ending, throw, work));
    }
    let pause = dice::part_of(world.options.limits.delay, world.dice.unit(&[&["pause"], &words[..]].concat()));
    let (tell, told) = oneshot::channel();
    let later = Arc::clone(&world);
    world.background(async move {
        tokio::time::sleep(pause).await;
        // The caller may have gone meanwhile; the work is done all the same.
        let _ = tell.send(settle(&later, about, ending, throw, work));
    });
    // Not told at all: the sandbox is being stopped.
    show(&world, told.await.unwrap_or(Outcome::Silence))
}

/// Does the work, or not, and notes the call.
fn settle(
    world: &Arc<World>,
    about: About,
    ending: Option<Kind>,
    throw: f64,
    work: impl FnOnce(&Arc<World>) -> Answer + Send + 'static,
) -> Outcome {
    match ending {
        Some(Kind::Fail) => failed(world, &about, throw),
        Some(Kind::FailDone) => failed_done(world, &about, throw, work(world)),
        Some(Kind::Throttle) => throttled(world, &about, 1),
        Some(Kind::LostDone) => lost(world, &about, throw, work(world)),
        Some(Kind::LostUndone) => {
            world.calls.note(about.call(Effect::LostUndone, None, None));
            Outcome::Silence
        }
        Some(Kind::SlowDone) => slow(world, &about, work),
        _ => {
            let answer = work(world);
            told(world, &about, effect(&answer), answer)
        }
    }
}

fn show(world: &World, outcome: Outcome) -> HttpResponse {
    match outcome {
        Outcome::Answer(answer) => {
            let mut reply = answer.response();
            world.original.rate.mark(&mut reply);
            reply
        }
        Outcome::Throttled(seconds) => {
            let mut reply = Answer::throttled().response();
            world.original.rate.mark_throttled(&mut reply, seconds);
            reply
        }
        Outcome::Page(status) => page(status),
        Outcome::Overloaded => {
            HttpResponse::ServiceUnavailable().content_type("text/plain").body("Service Unavailable")
        }
        Outcome::Silence => cut::silent(),
        Outcome::Half(answer) => cut::halfway(answer.status, answer.body.to_string()),
    }
}

fn effect(answer: &Answer) -> Effect {
    match answer.status {
        _ if answer.made => Effect::Done,
        StatusCode::OK => Effect::Read,
        status if status.is_server_error() => Effect::Failed,
        _ => Effect::Refused,
    }
}

fn told(world: &World, about: &About, effect: Effect, answer: Answer) -> Outcome {
    world.calls.note(about.call(effect, Some(&answer), Some(answer.status)));
    Outcome::Answer(answer)
}

fn throttled(world: &World, about: &About, seconds: i64) -> Outcome {
    world.calls.note(about.call(Effect::Throttled, None, Some(StatusCode::TOO_MANY_REQUESTS)));
    Outcome::Throttled(seconds)
}

/// Three failures in turn: the application's own, a gateway's, and an overload's.
fn failed(world: &World, about: &About, throw: f64) -> Outcome {
    let (status, outcome) = match (throw * 3.0) as u8 {
        0 => {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            (status, Outcome::Answer(Answer::server_error(status)))
        }
        1 => (StatusCode::BAD_GATEWAY, Outcome::Page(StatusCode::BAD_GATEWAY)),
        _ => (StatusCode::SERVICE_UNAVAILABLE, Outcome::Overloaded),
    };
    world.calls.note(about.call(Effect::Failed, None, Some(status)));
    outcome
}

fn failed_done(world: &World, about: &About, throw: f64, answer: Answer) -> Outcome {
    let status = if throw < 0.5 { StatusCode::BAD_GATEWAY } else { StatusCode::GATEWAY_TIMEOUT };
    let effect = if answer.made { Effect::FailedDone } else { Effect::Failed };
    world.calls.note(about.call(effect, Some(&answer), Some(status)));
    Outcome::Page(status)
}

/// Half of the lost replies break off in the middle, half never begin.
fn lost(world: &World, about: &About, throw: f64, answer: Answer) -> Outcome {
    let effect = if answer.made { Effect::LostDone } else { Effect::LostReply };
    world.calls.note(about.call(effect, Some(&answer), None));
    if throw < 0.5 { Outcome::Silence } else { Outcome::Half(answer) }
}

fn slow(world: &Arc<World>, about: &About, work: impl FnOnce(&Arc<World>) -> Answer + Send + 'static) -> Outcome {
    let id = world.calls.note(about.call(Effect::SlowPending, None, None));
    let later = Arc::clone(world);
    world.background(async move {
        tokio::time::sleep(later.options.limits.slow).await;
        let answer = work(&later);
        later.calls.amend(id, |call| {
            call.effect = if answer.made { Effect::SlowDone } else { Effect::SlowReply };
            call.user_uid = answer.user_uid.or_else(|| call.user_uid.take());
            call.asset_uid = answer.asset_uid;
        });
    });
    Outcome::Silence
}

fn page(status: StatusCode) -> HttpResponse {
    let reason = status.canonical_reason().unwrap_or_default();
    let code = status.as_u16();
    HttpResponse::build(status).content_type("text/html").body(format!(
        "<html>\r\n<head><title>{code} {reason}</title></head>\r\n\
         <body>\r\n<center><h1>{code} {reason}</h1></center>\r\n</body>\r\n</html>\r\n"
    ))
}
