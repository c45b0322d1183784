//! `POST /v1/onboardings/{id}/{retry,move,cancel,note}`: a person acts. The act is an event like every other: it goes
//! through the one door and is journaled with who and why.

use actix_web::{HttpRequest, HttpResponse, web};
use gangway_core::decision::Verdict;
use gangway_core::event::{OnboardingId, OperatorAct};
use serde::Deserialize;
use uuid::Uuid;

use super::auth::{Caller, FORECAST};
use super::body::Said;
use super::{State, onboardings, shape};
use crate::answer;
use crate::engine::{Receipt, operator, view};
use crate::problem::{Problem, ProblemType};

const REASON_MOST: usize = 2000;
const KEY_MOST: usize = 255;

/// What an action takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// Why; a forecast needs none.
    reason: Option<String>,
    state: Option<String>,
    revision: Option<u64>,
}

/// `POST /v1/onboardings/{id}/{action}`; answers the onboarding after. 202 when the act is kept. With `?forecast=true`
/// answers what the act would do, and does nothing.
pub(crate) async fn act(
    state: web::Data<State>,
    caller: Caller,
    request: HttpRequest,
    path: web::Path<(Uuid, String)>,
    Said(asked): Said<Asked>,
) -> Result<HttpResponse, Problem> {
    let (id, word) = path.into_inner();
    let id = OnboardingId(id);
    let act = meant(&word, asked.state)?;
    if request.query_string() == FORECAST {
        return told_before(&state, id, &act).await;
    }
    if !request.query_string().is_empty() {
        return Err(Problem::new(ProblemType::Invalid, format!("the only parameter is {FORECAST}")));
    }
    let reason = reason(asked.reason.as_deref().unwrap_or_default())?;
    done(&state, &caller, key(&request)?, id, act, reason, asked.revision).await
}

/// What the act would do now. Nothing is done.
async fn told_before(state: &State, id: OnboardingId, act: &OperatorAct) -> Result<HttpResponse, Problem> {
    let onboarding = match onboardings::load(state, id).await? {
        Ok(onboarding) => onboarding,
        Err(shut) => return Err(Problem::new(ProblemType::Refused, view::unreadable(&shut))),
    };
    let forecast = state.answers.forecast(&onboarding, act);
    let forecast = forecast.ok_or_else(|| Problem::new(ProblemType::Refused, view::not_loaded(&onboarding.flow)))?;
    Ok(HttpResponse::Ok().json(answer::shape::forecast(&forecast)))
}

/// Sends the act through the one door and answers the onboarding after. The step compares the revision, in the same
/// transaction: nothing can move in between, and a repeated request is known as a copy before it is compared.
pub(crate) async fn done(
    state: &State,
    caller: &Caller,
    key: Option<String>,
    id: OnboardingId,
    act: OperatorAct,
    reason: String,
    revision: Option<u64>,
) -> Result<HttpResponse, Problem> {
    drop(onboardings::load(state, id).await?);
    let now = state.clock.now();
    // A key belongs to one onboarding: the same key for another one is another request.
    let key = match key {
        Some(key) => format!("{id}/{key}"),
        None => state.chance.id(now).to_string(),
    };
    let receipt = state.door.accept(operator::acts(&caller.name, &key, id, act, &reason, revision, now)).await?;
    let after = onboardings::load(state, id).await?;
    let present = after.as_ref().map_or_else(|shut| shut.revision, |onboarding| onboarding.revision);
    allowed(&receipt, revision, present)?;
    // Kept: it is on disk, and a process that can step the person does it; the onboarding's `why` says the cause.
    let mut answer = if receipt.verdict == Verdict::Kept { HttpResponse::Accepted() } else { HttpResponse::Ok() };
    Ok(answer.json(shape::onboarding(&after, &state.flows, &*state.rests)))
}

/// What a word of the address and a state mean together.
fn meant(word: &str, state: Option<String>) -> Result<OperatorAct, Problem> {
    let state = state.filter(|state| !state.is_empty());
    match (word, state) {
        ("move", Some(state)) => Ok(OperatorAct::Move { state }),
        ("move", None) => Err(Problem::new(ProblemType::Invalid, "state is missing: where to?")),
        (_, Some(_)) => Err(Problem::new(ProblemType::Invalid, "state is only for move")),
        ("retry", None) => Ok(OperatorAct::Retry),
        ("cancel", None) => Ok(OperatorAct::Cancel),
        ("note", None) => Ok(OperatorAct::Note),
        _ => Err(Problem::new(ProblemType::NotFound, "the actions are retry, move, cancel, note")),
    }
}

/// The reason, which must say something.
pub(crate) fn reason(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Problem::new(ProblemType::Invalid, "reason is empty: why?"));
    }
    if text.chars().count() > REASON_MOST {
        return Err(Problem::new(ProblemType::Invalid, format!("reason is longer than {REASON_MOST} characters")));
    }
    if text.contains('\0') {
        return Err(Problem::new(ProblemType::Invalid, "reason holds a zero character"));
    }
    Ok(text.to_owned())
}

/// The request's own key, if it has one.
pub(crate) fn key(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let Some(value) = request.headers().get("idempotency-key") else { return Ok(None) };
    let text = value.to_str().unwrap_or("");
    if text.is_empty() || text.len() > KEY_MOST || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Problem::new(
            ProblemType::Invalid,
            format!("Idempotency-Key is 1 to {KEY_MOST} visible ASCII characters"),
        ));
    }
    Ok(Some(text.to_owned()))
}

/// Whether what was asked was done; a plain copy of an earlier request was.
fn allowed(receipt: &Receipt, seen: Option<u64>, present: u64) -> Result<(), Problem> {
    match receipt.verdict {
        Verdict::Refused if seen.is_some_and(|seen| seen != present) => {
            Err(Problem::new(ProblemType::Revision, format!("the current revision is {present}")))
        }
        Verdict::Refused => Err(Problem::new(ProblemType::Refused, &receipt.detail)),
        Verdict::Duplicate => {
            Err(Problem::new(ProblemType::Reused, "an earlier request with this Idempotency-Key had other content"))
        }
        Verdict::Applied | Verdict::Noted | Verdict::Superseded | Verdict::Held | Verdict::Kept | Verdict::Expired => {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, allowed, key, meant, reason};
    use crate::engine::Receipt;
    use crate::problem::ProblemType;
    use actix_web::test::TestRequest;
    use gangway_core::decision::Verdict;
    use gangway_core::event::OperatorAct;

    #[test]
    fn only_a_move_takes_a_state_and_it_must_have_one() {
        assert_eq!(meant("move", Some("wallet".into())).unwrap(), OperatorAct::Move { state: "wallet".into() });
        assert_eq!(meant("retry", None).unwrap(), OperatorAct::Retry);
        assert_eq!(meant("move", None).unwrap_err().kind, ProblemType::Invalid);
        assert_eq!(meant("move", Some(String::new())).unwrap_err().kind, ProblemType::Invalid);
        assert_eq!(meant("cancel", Some("wallet".into())).unwrap_err().kind, ProblemType::Invalid);
        assert_eq!(meant("delete", None).unwrap_err().kind, ProblemType::NotFound);
    }

    #[test]
    fn an_action_without_a_reason_or_with_a_field_that_nobody_knows_is_refused() {
        assert!(serde_json::from_str::<Asked>("{\"reason\":\"x\",\"rev\":1}").is_err());
        assert!(reason("  ").is_err() && reason(&"x".repeat(2001)).is_err() && reason("a\0b").is_err());
        assert_eq!(reason(" the user called ").unwrap(), "the user called");
    }

    #[test]
    fn a_key_is_taken_as_it_is_or_refused_and_never_bent() {
        let of = |value: &str| key(&TestRequest::default().insert_header(("Idempotency-Key", value)).to_http_request());
        assert_eq!(of("a-1").unwrap().as_deref(), Some("a-1"));
        assert!(of("").is_err() && of("a b").is_err() && of(&"x".repeat(256)).is_err());
        assert_eq!(key(&TestRequest::default().to_http_request()).unwrap(), None);
    }

    #[test]
    fn a_refusal_tells_the_caller_why_and_a_copy_counts_as_done() {
        let receipt =
            |verdict, copy| Receipt { seq: Some(1), verdict, copy, onboarding: None, detail: "it has ended".into() };
        let refused = allowed(&receipt(Verdict::Refused, false), Some(3), 3).unwrap_err();
        assert_eq!((refused.kind, refused.detail.as_str()), (ProblemType::Refused, "it has ended"));
        assert_eq!(allowed(&receipt(Verdict::Duplicate, false), None, 3).unwrap_err().kind, ProblemType::Reused);
        assert!(allowed(&receipt(Verdict::Applied, true), Some(2), 3).is_ok());
        assert_eq!(allowed(&receipt(Verdict::Refused, false), Some(2), 3).unwrap_err().kind, ProblemType::Revision);
    }
}
