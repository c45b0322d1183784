//! Conversations carried out: adapter and transport played, time by hand.

use std::collections::VecDeque;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use gangway_core::catalogue::Catalogue;
use gangway_core::effect::{EffectId, Mode};
use gangway_core::event::OnboardingId;
use gangway_core::outcome::{Answer, AttemptResult};
use gangway_core::time::{Millis, Timestamp};
use parking_lot::Mutex;
use secrecy::ExposeSecret as _;
use serde_json::Map;

use super::{LONGEST, Progress, Way, converse, health_of};
use crate::clock::HandClock;
use crate::outbound::Attempted;
use crate::outbound::breaker::Health;
use crate::outbound::http::{Tokens, Transport};
use crate::providers::{Adapter, Call, Delivery, Far, HttpRequest, Reading, Reply, Stop, Token, Unreadable};

/// Sends these requests, one after the other, and ends so.
#[derive(Debug)]
struct Plan {
    requests: Vec<HttpRequest>,
    ends: Result<(), Stop>,
}

#[async_trait]
impl Adapter for Plan {
    fn name(&self) -> &str {
        "acme"
    }

    fn describe(&self, _: &mut Catalogue) {}

    async fn call(&self, _: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
        for request in &self.requests {
            far.send(request.clone()).await?;
        }
        self.ends.clone().map(|()| Answer::named("done"))
    }

    async fn token(&self, _: &str, far: &dyn Far) -> Result<Token, Stop> {
        let reply = far.send(HttpRequest { method: "TOKEN", ..HttpRequest::default() }).await?;
        Ok(Token { value: String::from_utf8(reply.body).unwrap().into(), good_for: None })
    }

    fn read(&self, _: &Delivery<'_>) -> Result<Reading, Unreadable> {
        Err(Unreadable(String::new()))
    }
}

/// Answers with these, one after the other, and then never; a second passes with each.
#[derive(Debug)]
struct Wire {
    answers: Mutex<VecDeque<Result<(u16, &'static str), Stop>>>,
    sent: Mutex<Vec<HttpRequest>>,
    clock: HandClock,
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, _: &str, request: HttpRequest) -> Result<Reply, Stop> {
        self.sent.lock().push(request);
        let answer = self.answers.lock().pop_front();
        self.clock.advance(Millis::secs(1));
        let (status, body) = match answer {
            Some(answer) => answer?,
            None => std::future::pending().await,
        };
        let body = body.as_bytes().to_vec();
        Ok(Reply { status, headers: Vec::new(), body, sent_at: Timestamp(0), received_at: Timestamp(0) })
    }
}

/// What was sent, and how it ended; cut off by its time limit where an answer is missing for good.
fn talk(plan: &Plan, answers: Vec<Result<(u16, &'static str), Stop>>) -> (Vec<HttpRequest>, Attempted) {
    let clock = HandClock::at(Timestamp(1_000));
    let wire = Wire { answers: Mutex::new(answers.into()), sent: Mutex::default(), clock: clock.clone() };
    let (tokens, progress) = (Tokens::default(), Progress::default());
    let call = Call {
        action: "any",
        input: &Map::new(),
        effect: EffectId { onboarding: OnboardingId(uuid::Uuid::nil()), n: 1 },
        attempt: 1,
        mode: Mode::Do,
        uncertain_since: None,
    };
    let way = Way { adapter: plan, transport: &wire, tokens: &tokens };
    let ended = converse(way, &clock, &call, &progress).now_or_never();
    let ended = ended.unwrap_or_else(|| progress.timed_out(Millis::secs(60), Timestamp(61_000)));
    (wire.sent.into_inner(), ended)
}

fn read() -> HttpRequest {
    HttpRequest { method: "GET", ..HttpRequest::default() }
}

fn change() -> HttpRequest {
    HttpRequest { method: "POST", effectful: true, ..HttpRequest::default() }
}

fn with_token(request: HttpRequest) -> HttpRequest {
    HttpRequest { token: Some("service"), ..request }
}

fn sending(requests: &[HttpRequest]) -> Plan {
    Plan { requests: requests.to_vec(), ends: Ok(()) }
}

fn word(attempted: &Attempted) -> &'static str {
    match &attempted.result {
        AttemptResult::Unknown { .. } => "unknown",
        AttemptResult::Again { spent: true, .. } => "again",
        AttemptResult::Again { .. } => "free",
        AttemptResult::Done(_) => "done",
        AttemptResult::NotDone => "not done",
        AttemptResult::Broken { .. } => "broken",
    }
}

fn health(attempted: &Attempted) -> &'static str {
    match attempted.health {
        Health::Well => "well",
        Health::Failing(_) => "failing",
        Health::Barred(_) => "barred",
        Health::Denied(_) => "denied",
        Health::Unsaid => "unsaid",
    }
}

const OK: Result<(u16, &str), Stop> = Ok((200, "t-1"));

#[test]
fn a_missing_answer_leaves_doubt_only_where_something_may_have_been_done() {
    let (not_sent, cut) = (Stop::away("refused"), Stop::unclear("time-out"));
    let (barred, later) =
        (Stop::Barred("inside".to_owned()), Stop::Later("its turn".to_owned(), Some(Millis::secs(3))));
    let rows = [
        (&not_sent, change(), false, "again", "failing"),
        (&not_sent, read(), false, "again", "failing"),
        (&not_sent, read(), true, "unknown", "failing"),
        (&cut, change(), false, "unknown", "failing"),
        (&cut, read(), false, "again", "failing"),
        (&cut, read(), true, "unknown", "failing"),
        (&barred, change(), false, "free", "barred"),
        (&barred, change(), true, "unknown", "unsaid"),
        (&later, change(), false, "free", "unsaid"),
        (&later, read(), true, "unknown", "unsaid"),
    ];
    for (stop, request, touched, ends, says) in rows {
        let mut requests = vec![request];
        let mut answers = vec![Err(stop.clone())];
        if touched {
            requests.insert(0, change());
            answers.insert(0, OK);
        }
        let (_, attempted) = talk(&sending(&requests), answers);
        assert_eq!((word(&attempted), health(&attempted)), (ends, says), "{stop:?} {requests:?}");
        let told = format!("{:?}", attempted.result);
        assert!(told.contains(&format!("acme: {stop}")), "{told}");
    }
}

#[test]
fn a_wait_that_was_asked_for_is_handed_on() {
    let (_, attempted) =
        talk(&sending(&[change()]), vec![Err(Stop::Later("its turn".to_owned(), Some(Millis(3_000))))]);
    assert!(matches!(attempted.result, AttemptResult::Again { retry_after: Some(Millis(3_000)), spent: false, .. }));
}

#[test]
fn an_unclear_answer_leaves_doubt_only_when_the_request_that_it_answers_may_have_done_something() {
    let ends = |requests: &[HttpRequest]| {
        let plan = Plan { requests: requests.to_vec(), ends: Err(Stop::unclear("half of it")) };
        word(&talk(&plan, vec![OK; requests.len()]).1)
    };
    assert_eq!(ends(&[]), "again");
    assert_eq!(ends(&[read()]), "again");
    assert_eq!(ends(&[change()]), "unknown");
    assert_eq!(ends(&[read(), change()]), "unknown");
    assert_eq!(ends(&[change(), read()]), "again", "the change was answered");
}

#[test]
fn a_token_that_must_wait_for_its_turn_spends_no_attempt_unless_something_may_have_been_done() {
    let later = || Err(Stop::Later("its turn".to_owned(), Some(Millis::secs(3))));
    let (sent, attempted) = talk(&sending(&[with_token(change())]), vec![later()]);
    assert_eq!((sent.len(), word(&attempted), health(&attempted)), (1, "free", "unsaid"));
    assert!(matches!(attempted.result, AttemptResult::Again { retry_after: Some(Millis(3_000)), .. }));
    let (_, attempted) = talk(&sending(&[change(), with_token(read())]), vec![OK, later()]);
    assert_eq!((word(&attempted), health(&attempted)), ("unknown", "failing"));
    let (_, attempted) = talk(&sending(&[with_token(change())]), vec![Err(Stop::unclear("time-out"))]);
    assert_eq!((word(&attempted), health(&attempted)), ("again", "failing"), "the request itself was never sent");
    let (_, attempted) = talk(&sending(&[with_token(change())]), vec![Err(Stop::Barred("inside".to_owned()))]);
    assert_eq!((word(&attempted), health(&attempted)), ("free", "barred"));
}

#[test]
fn a_request_that_is_answered_401_is_sent_once_more_with_a_new_token() {
    let answers = || vec![OK, Ok((401, "")), Ok((200, "t-2"))];
    let (sent, attempted) = talk(&sending(&[with_token(change())]), [answers(), vec![OK]].concat());
    let token = |request: &HttpRequest| {
        request.secret_headers.iter().map(|(_, value)| value.expose_secret().to_owned()).collect::<String>()
    };
    let lines: Vec<_> = sent.iter().map(|request| format!("{} {}", request.method, token(request))).collect();
    assert_eq!(lines, ["TOKEN ", "POST Bearer t-1", "TOKEN ", "POST Bearer t-2"]);
    assert_eq!((word(&attempted), health(&attempted)), ("done", "well"));
    let (sent, attempted) = talk(&sending(&[with_token(change())]), [answers(), vec![Ok((401, ""))]].concat());
    assert_eq!((sent.len(), word(&attempted)), (4, "done"), "the second refusal is the adapter's to judge");
}

#[test]
fn what_was_sent_survives_the_time_limit_of_the_whole_conversation() {
    let rows = [
        (vec![read(), read()], vec![OK], "again", 1_000),
        (vec![read(), change()], vec![OK], "unknown", 2_000),
        (vec![change(), read()], vec![OK], "unknown", 1_000),
        (vec![read(), change(), change()], vec![OK, OK], "unknown", 2_000),
    ];
    for (requests, answers, ends, sent_at) in rows {
        let (_, attempted) = talk(&sending(&requests), answers);
        assert_eq!((word(&attempted), attempted.sent_at), (ends, Timestamp(sent_at)), "{requests:?}");
        assert_eq!(attempted.health, Health::Failing("not finished within 1m".to_owned()));
    }
}

#[test]
fn a_conversation_that_goes_in_a_circle_is_stopped() {
    let (sent, attempted) = talk(&sending(&vec![read(); LONGEST + 1]), vec![OK; LONGEST + 1]);
    assert_eq!((sent.len(), word(&attempted), health(&attempted)), (LONGEST, "broken", "well"));
}

#[test]
fn only_an_answer_of_the_far_end_itself_says_that_it_is_well() {
    assert_eq!(health_of(Some(400)), Health::Well);
    assert_eq!(health_of(Some(201)), Health::Well);
    assert_eq!(health_of(Some(502)), Health::Failing("answered 502".to_owned()));
    assert_eq!((health_of(Some(429)), health_of(None)), (Health::Unsaid, Health::Unsaid));
}
