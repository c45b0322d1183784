//! The way of every call to a provider besides Original: who calls, what goes wrong, then the work itself. A call and its work
//! enter; an answer, an error or a cut connection leaves, and in any case a line among the calls. A call that was
//! received is taken to its end also if the caller does not wait for it.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use tokio::sync::oneshot;

use super::{About, Answer, Body, nth};
use crate::calls::Effect;
use crate::mischief::{Kind, dice};
use crate::original::cut;
use crate::world::World;

/// What the caller is to see.
enum Outcome {
    /// The provider's own answer.
    Answer(Answer),
    /// The provider's own answer, once it is there; and the call's place in the list.
    Later(u64, Answer),
    /// 429, and when to come back.
    Throttled(Answer),
    /// A gateway's page, in front of the API.
    Page(StatusCode),
    /// An overloaded server's plain text.
    Overloaded,
    /// The connection cut before a byte.
    Silence,
    /// The connection cut in the middle of this answer.
    Half(Answer),
}

/// Takes a call all the way. `admitted` is the refusal of a caller who may not call at all. `work` does what the call
/// asks for, at once and completely; it is called at most once.
pub(crate) async fn pass(
    world: web::Data<World>,
    about: About,
    admitted: Result<(), Answer>,
    work: impl FnOnce(&Arc<World>) -> Answer + Send + 'static,
) -> HttpResponse {
    let world = world.into_inner();
    if let Err(answer) = admitted {
        world.calls.note(about.call(Effect::Unauthorized, Some(&answer), Some(answer.status)));
        return answer.response();
    }
    let key = about.key();
    let words = [about.provider.name, about.action, key.as_str()];
    let nth = nth(&world, &words).to_string();
    let words = [&words[..], &[nth.as_str()]].concat();
    let mischief = world.mischief();
    let trap = about.trap.filter(|(_, always)| *always || nth == "1").map(|(kind, _)| kind);
    let ending = trap.or_else(|| world.dice.ending(&mischief, &words));
    let throw = world.dice.unit(&[&["form"], &words[..]].concat());
    if !world.dice.strikes(&mischief, Kind::Delay, &words) {
        let outcome = settle(&world, &about, ending, throw, work);
        return show(&world, &about, outcome).await;
    }
    let pause = dice::part_of(world.options.limits.delay, world.dice.unit(&[&["pause"], &words[..]].concat()));
    let (tell, told) = oneshot::channel();
    let (later, asked) = (Arc::clone(&world), about.clone());
    world.background(async move {
        tokio::time::sleep(pause).await;
        // The caller may have gone meanwhile; the work is done all the same.
        let _ = tell.send(settle(&later, &asked, ending, throw, work));
    });
    // Not told at all: the sandbox is being stopped.
    show(&world, &about, told.await.unwrap_or(Outcome::Silence)).await
}

/// Does the work, or not, and notes the call.
fn settle(
    world: &Arc<World>,
    about: &About,
    ending: Option<Kind>,
    throw: f64,
    work: impl FnOnce(&Arc<World>) -> Answer + Send + 'static,
) -> Outcome {
    let note = |effect, answer: Option<&Answer>, status| world.calls.note(about.call(effect, answer, status));
    match ending {
        Some(Kind::Fail) => failed(world, about, throw),
        Some(Kind::FailDone) => {
            let answer = work(world);
            let status = if throw < 0.5 { StatusCode::BAD_GATEWAY } else { StatusCode::GATEWAY_TIMEOUT };
            let effect = if answer.made { Effect::FailedDone } else { Effect::Failed };
            note(effect, Some(&answer), Some(status));
            Outcome::Page(status)
        }
        Some(Kind::Throttle) => {
            let answer = (about.provider.error)(StatusCode::TOO_MANY_REQUESTS, "Too many requests.");
            note(Effect::Throttled, None, Some(answer.status));
            Outcome::Throttled(answer)
        }
        Some(Kind::LostDone) => {
            let answer = work(world);
            note(lost(&answer), Some(&answer), None);
            // Half of nothing would be all of it.
            let silent = throw < 0.5 || matches!(answer.body, Body::Empty);
            if silent { Outcome::Silence } else { Outcome::Half(answer) }
        }
        Some(Kind::LostUndone) => {
            note(Effect::LostUndone, None, None);
            Outcome::Silence
        }
        Some(Kind::SlowDone) => slow(world, about, work),
        _ => {
            let answer = work(world);
            if answer.later.is_some() {
                // Nobody may be there any more when the answer is; who is still there is told, and the list amended.
                return Outcome::Later(note(lost(&answer), Some(&answer), None), answer);
            }
            note(effect(&answer), Some(&answer), Some(answer.status));
            Outcome::Answer(answer)
        }
    }
}

async fn show(world: &World, about: &About, outcome: Outcome) -> HttpResponse {
    match outcome {
        Outcome::Answer(answer) => answer.response(),
        Outcome::Later(id, mut answer) => {
            if let Some(later) = answer.later.take() {
                answer = later.await;
            }
            world.calls.amend(id, |call| {
                call.effect = effect(&answer);
                call.status = Some(answer.status.as_u16());
            });
            answer.response()
        }
        Outcome::Throttled(answer) => {
            let mut reply = answer.response();
            let soon = actix_web::http::header::HeaderValue::from_static("1");
            reply.headers_mut().insert(actix_web::http::header::RETRY_AFTER, soon);
            reply
        }
        Outcome::Page(status) => page(status, about.provider.name),
        Outcome::Overloaded => {
            HttpResponse::ServiceUnavailable().content_type("text/plain").body("Service Unavailable")
        }
        Outcome::Silence => cut::silent(),
        Outcome::Half(answer) => cut::halfway(answer.status, answer.text()),
    }
}

fn effect(answer: &Answer) -> Effect {
    match answer.status {
        _ if answer.made => Effect::Done,
        status if status.is_success() => Effect::Read,
        status if status.is_server_error() => Effect::Failed,
        _ => Effect::Refused,
    }
}

fn lost(answer: &Answer) -> Effect {
    if answer.made { Effect::LostDone } else { Effect::LostReply }
}

/// Three failures in turn: the application's own, a gateway's, and an overload's.
fn failed(world: &World, about: &About, throw: f64) -> Outcome {
    let (status, outcome) = match (throw * 3.0) as u8 {
        0 => {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            (status, Outcome::Answer((about.provider.error)(status, "Internal server error")))
        }
        1 => (StatusCode::BAD_GATEWAY, Outcome::Page(StatusCode::BAD_GATEWAY)),
        _ => (StatusCode::SERVICE_UNAVAILABLE, Outcome::Overloaded),
    };
    world.calls.note(about.call(Effect::Failed, None, Some(status)));
    outcome
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
        });
    });
    Outcome::Silence
}

fn page(status: StatusCode, server: &str) -> HttpResponse {
    let (code, reason) = (status.as_u16(), status.canonical_reason().unwrap_or_default());
    HttpResponse::build(status).content_type("text/html").body(format!(
        "<html>\r\n<head><title>{code} {reason}</title></head>\r\n\
         <body>\r\n<center><h1>{code} {reason}</h1></center>\r\n<hr><center>{server}</center>\r\n</body>\r\n</html>\r\n"
    ))
}
