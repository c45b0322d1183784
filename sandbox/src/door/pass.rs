//! The way of every call to a provider: the caller, the rate, what goes wrong, then the work itself. A call and its
//! work enter; an answer, an error or a cut connection leaves, and in any case a line among the calls. A received call
//! is taken to its end even if the caller does not wait for it.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use tokio::sync::oneshot;

use super::{About, Answer, Body, cut};
use crate::calls::Effect;
use crate::mischief::{Mishap, dice};
use crate::player::Player;

/// What the caller sees.
enum Outcome {
    /// The provider's own answer.
    Answer(Answer),
    /// The provider's own answer, once it is there; and the call's place in the list.
    Later(u64, Answer),
    /// A gateway's page, in front of the API.
    Page(StatusCode),
    /// An overloaded server's plain text.
    Overloaded,
    /// The connection cut before a byte.
    Silence,
    /// The connection cut in the middle of this answer.
    Half(Answer),
}

/// Takes a call all the way. `admitted` is the refusal of a caller that may not call at all. `work` does what the call
/// asks for, at once and completely; it is called at most once.
pub(crate) async fn pass<P: Player>(
    player: web::Data<P>,
    about: About,
    admitted: Result<(), Answer>,
    work: impl FnOnce(&Arc<P>) -> Answer + Send + 'static,
) -> HttpResponse {
    let player = player.into_inner();
    if let Err(answer) = admitted {
        let effect = if answer.again.is_some() { Effect::Throttled } else { Effect::Unauthorized };
        note(&*player, &about, effect, Some(&answer), Some(answer.status));
        return told(&*player, &answer);
    }
    let stage = Arc::clone(player.stage());
    let occasion = player.occasion(&about);
    let words: Vec<&str> = occasion.iter().map(String::as_str).collect();
    let nth = stage.nth(&words).to_string();
    let words = [&words[..], &[nth.as_str()]].concat();
    let mischief = stage.mischief();
    let trap = about.trap.filter(|(_, always)| *always || nth == "1").map(|(kind, _)| kind);
    let ending = trap.or_else(|| stage.dice.ending(&mischief, &words));
    let throw = stage.dice.unit(&[&["form"], &words[..]].concat());
    if !stage.dice.strikes(&mischief, Mishap::Delay, &words) {
        let outcome = settle(&player, &about, ending, throw, work);
        return show(&*player, outcome).await;
    }
    let pause = dice::part_of(stage.limits.delay, stage.dice.unit(&[&["pause"], &words[..]].concat()));
    let (tell, told) = oneshot::channel();
    let later = Arc::clone(&player);
    stage.background(async move {
        tokio::time::sleep(pause).await;
        // The caller may have gone meanwhile; the work is done all the same.
        let _ = tell.send(settle(&later, &about, ending, throw, work));
    });
    // Not told at all: the sandbox is being stopped.
    show(&*player, told.await.unwrap_or(Outcome::Silence)).await
}

/// Notes the call.
fn note(
    player: &dyn Player,
    about: &About,
    effect: Effect,
    answer: Option<&Answer>,
    status: Option<StatusCode>,
) -> u64 {
    player.stage().calls.note(about.call(player.role().name, effect, answer, status))
}

/// Does the work, or not, and notes the call.
fn settle<P: Player>(
    player: &Arc<P>,
    about: &About,
    ending: Option<Mishap>,
    throw: f64,
    work: impl FnOnce(&Arc<P>) -> Answer + Send + 'static,
) -> Outcome {
    let note = |effect, answer: Option<&Answer>, status| note(&**player, about, effect, answer, status);
    match ending {
        Some(Mishap::Fail) => {
            let (status, outcome) = failed(&**player, throw);
            note(Effect::Failed, None, Some(status));
            outcome
        }
        Some(Mishap::FailDone) => {
            let answer = work(player);
            let status = if throw < 0.5 { StatusCode::BAD_GATEWAY } else { StatusCode::GATEWAY_TIMEOUT };
            let effect = if answer.made { Effect::FailedDone } else { Effect::Failed };
            note(effect, Some(&answer), Some(status));
            Outcome::Page(status)
        }
        Some(Mishap::Throttle) => {
            let answer = player.throttled();
            note(Effect::Throttled, None, Some(answer.status));
            Outcome::Answer(answer.again_after(1))
        }
        Some(Mishap::LostDone) => {
            let answer = work(player);
            note(lost(&answer), Some(&answer), None);
            // Half of the lost replies break off in the middle. Half of nothing would be all of it.
            let silent = throw < 0.5 || matches!(answer.body, Body::Empty);
            if silent { Outcome::Silence } else { Outcome::Half(answer) }
        }
        Some(Mishap::LostUndone) => {
            note(Effect::LostUndone, None, None);
            Outcome::Silence
        }
        Some(Mishap::SlowDone) => {
            slow(player, note(Effect::SlowPending, None, None), work);
            Outcome::Silence
        }
        _ => {
            let answer = work(player);
            if answer.later.is_some() {
                // The caller may be gone when the answer comes; if it is still there it is told, and the list is
                // amended.
                return Outcome::Later(note(lost(&answer), Some(&answer), None), answer);
            }
            note(effect(&answer), Some(&answer), Some(answer.status));
            Outcome::Answer(answer)
        }
    }
}

async fn show(player: &dyn Player, outcome: Outcome) -> HttpResponse {
    match outcome {
        Outcome::Answer(answer) => told(player, &answer),
        Outcome::Later(id, mut answer) => {
            if let Some(later) = answer.later.take() {
                answer = later.await;
            }
            player.stage().calls.amend(id, |call| {
                call.effect = effect(&answer);
                call.status = Some(answer.status.as_u16());
            });
            told(player, &answer)
        }
        Outcome::Page(status) => page(status, player.role().name),
        Outcome::Overloaded => {
            HttpResponse::ServiceUnavailable().content_type("text/plain").body("Service Unavailable")
        }
        Outcome::Silence => cut::silent(),
        Outcome::Half(answer) => cut::halfway(answer.status, answer.text()),
    }
}

/// The provider's own answer, with its marks.
pub(crate) fn told(player: &dyn Player, answer: &Answer) -> HttpResponse {
    let mut reply = answer.response();
    player.mark(answer, &mut reply);
    reply
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
fn failed(player: &dyn Player, throw: f64) -> (StatusCode, Outcome) {
    match (throw * 3.0) as u8 {
        0 => {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            (status, Outcome::Answer(player.error(status, "Internal server error")))
        }
        1 => (StatusCode::BAD_GATEWAY, Outcome::Page(StatusCode::BAD_GATEWAY)),
        _ => (StatusCode::SERVICE_UNAVAILABLE, Outcome::Overloaded),
    }
}

/// Has the work land later, and amends the call then.
fn slow<P: Player>(player: &Arc<P>, id: u64, work: impl FnOnce(&Arc<P>) -> Answer + Send + 'static) {
    let later = Arc::clone(player);
    player.stage().background(async move {
        tokio::time::sleep(later.stage().limits.slow).await;
        let answer = work(&later);
        later.stage().calls.amend(id, |call| {
            call.effect = if answer.made { Effect::SlowDone } else { Effect::SlowReply };
            call.user_uid = answer.found.user_uid.or_else(|| call.user_uid.take());
            call.asset_uid = answer.found.asset_uid;
        });
    });
}

fn page(status: StatusCode, server: &str) -> HttpResponse {
    let (code, reason) = (status.as_u16(), status.canonical_reason().unwrap_or_default());
    HttpResponse::build(status).content_type("text/html").body(format!(
        "<html>\r\n<head><title>{code} {reason}</title></head>\r\n\
         <body>\r\n<center><h1>{code} {reason}</h1></center>\r\n<hr><center>{server}</center>\r\n</body>\r\n</html>\r\n"
    ))
}
