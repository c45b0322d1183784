//! The API from outside, over SQLite in memory: who may do what, what is found, what acts do, how errors are told.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may panic")]

use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, init_service, read_body};
use actix_web::{App, Error, HttpResponse, web};
use gangway::api::aside::{NotTaken, Takes};
use gangway::api::{Api, Parts, observe, token};
use gangway::clock::{HandClock, Moment, SeededChance};
use gangway::engine::writer::{door, start};
use gangway::engine::{Alarm, Arrival, Door, Engine, Flows, Options, Performer, Receipt};
use gangway::health::Health;
use gangway::settings::{Input, Settings};
use gangway::store::tokens::TokenGrant;
use gangway::store::types::LeasedEffect;
use gangway::store::{Keyring, Limits, Store, StoreOptions};
use gangway_core::catalogue::Catalogue;
use gangway_core::event::Body;
use gangway_core::flow;
use gangway_core::time::{Millis, Timestamp};
use secrecy::SecretString;
use serde_json::{Value, json};

const TOUR: &str = "flow: tour
version: 1
title: A tour without providers
start: { on: user.signed_up, user: { id: data.user_id, email: data.email } }
states:
  hello:
    await: { greeted: user.greeted }
    within: 1h
    show: { challenge: data.challenge, of: user.id }
    outcomes: { greeted: done, late: check }
  check: { ask: support, outcomes: { retry: hello, give_up: lost } }
  lost: { end: failed }
  done: { end: completed }
";

/// Nothing is kept apart in these tests.
#[derive(Debug)]
struct Empty;

#[async_trait::async_trait]
impl Takes for Empty {
    async fn take(&self, _: uuid::Uuid) -> Result<Receipt, NotTaken> {
        Err(NotTaken::Unknown)
    }
}

/// Nothing is asked of the world in these tests.
struct Idle;

impl Performer for Idle {
    fn reserve(&self, _: &gangway_core::effect::Request) -> bool {
        false
    }
    fn give_back(&self, _: &str) {}
    fn perform(&self, _: Vec<LeasedEffect>, _: Moment) {}
    fn wake(&self, _: Timestamp) {}
}

struct World {
    api: Api,
    door: Door,
    clock: HandClock,
    store: Store,
}

impl World {
    async fn new() -> Self {
        let chance = Arc::new(SeededChance::new(7));
        let clock = HandClock::at(Timestamp(1_800_000_000_000));
        let keys = Keyring::new(&SecretString::from("11".repeat(32))).unwrap();
        let options = StoreOptions {
            url: "sqlite::memory:".into(),
            intake: 1,
            work: 1,
            screens: 1,
            acquire: Millis::secs(5),
            limits: Limits::default(),
        };
        let store = Store::open(&options, keys, chance.clone()).await.unwrap();
        store.migrate().await.unwrap();
        let flows = Flows::default();
        flows.add(flow::load("tour.yaml", TOUR, &Catalogue::default()).unwrap(), true);
        let (door, queue) = door(64);
        let engine = Arc::new(Engine {
            store: store.clone(),
            flows: flows.clone(),
            clock: Arc::new(clock.clone()),
            chance: chance.clone(),
            performer: Arc::new(Idle),
            alarm: Alarm::default(),
            options: Options::default(),
        });
        drop(start(&engine, &queue, 1));
        let settings = Settings::read(&Input::default()).unwrap();
        let parts = Parts {
            store: store.clone(),
            door: door.clone(),
            flows,
            health: Health::new(store.clone(), 64, Millis::secs(2), vec![]),
            clock: Arc::new(clock.clone()),
            chance,
            identifier_kinds: vec!["original.user_uid".into()],
            body_within: Millis::secs(10),
            rests: Arc::new(gangway::engine::Later),
            phrases: Arc::default(),
            aside: Arc::new(Empty),
            metrics: None,
        };
        Self { api: Api::new(parts, &settings.server), door, clock, store }
    }

    async fn token(&self, scopes: &[&str]) -> String {
        let token = token::fresh(&gangway::clock::SystemChance);
        let grant = TokenGrant {
            name: scopes.join("-"),
            scopes: scopes.iter().map(|scope| (*scope).into()).collect(),
            ..TokenGrant::default()
        };
        self.store.add_token(token::digest(&token), &grant).await.unwrap();
        token
    }

    async fn message(&self, key: &str, kind: &str, user: &str, data: Value) {
        let body = Body::Message { subject: Some(user.into()), data };
        let arrival = Arrival::own("/crm", key, kind, Timestamp(1_800_000_000_000), None, body);
        self.door.accept(arrival).await.unwrap();
    }

    async fn sign_up(&self, user: &str) {
        let data = json!({ "user_id": user, "email": format!("{user}@Example.com") });
        self.message(&format!("sign-up-{user}"), "user.signed_up", user, data).await;
    }
}

/// The application as `app` builds it.
macro_rules! app {
    ($world:expr) => {{
        let api = $world.api.clone();
        let publish = || web::post().to(|| async { HttpResponse::Accepted().json(json!([])) });
        let app = App::new().wrap(from_fn(observe)).configure(move |config| api.mount(config, Some(publish())));
        init_service(app).await
    }};
}

/// Status and body of the answer; with this token, unless it is empty.
macro_rules! ask {
    ($app:expr, $token:expr, $request:expr) => {
        answered(&$app, with($token, $request).to_request())
    };
}

fn with(token: &str, request: TestRequest) -> TestRequest {
    if token.is_empty() { request } else { request.insert_header(("authorization", format!("Bearer {token}"))) }
}

async fn answered<S, R, B>(app: &S, request: R) -> (StatusCode, Value)
where
    S: Service<R, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody + 'static,
{
    let answer = match app.call(request).await {
        Ok(answer) => answer.map_into_boxed_body(),
        Err(error) => {
            let answer = error.error_response();
            return (answer.status(), serde_json::from_slice(&answer.into_body().try_into_bytes().unwrap()).unwrap());
        }
    };
    let status = answer.status();
    let body = read_body(answer).await;
    (status, serde_json::from_slice(&body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into())))
}

fn get(uri: &str) -> TestRequest {
    TestRequest::get().uri(uri)
}

fn post(uri: &str, body: Value) -> TestRequest {
    TestRequest::post().uri(uri).set_json(body)
}

#[actix_web::test]
async fn nothing_under_v1_is_reached_without_a_token_that_allows_it() {
    let world = World::new().await;
    let app = app!(world);
    let (read, publish, operate) =
        (world.token(&["read"]).await, world.token(&["publish"]).await, world.token(&["operate"]).await);
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    let rows = [
        ("GET", "/v1/users?q=x".to_owned(), &read, "read"),
        ("GET", format!("/v1/users/{id}"), &read, "read"),
        ("GET", "/v1/onboardings".to_owned(), &read, "read"),
        ("GET", format!("/v1/onboardings/{id}"), &read, "read"),
        ("GET", format!("/v1/onboardings/{id}/events"), &read, "read"),
        ("GET", format!("/v1/onboardings/{id}/story"), &read, "read"),
        ("GET", format!("/v1/onboardings/{id}/mails"), &read, "read"),
        ("POST", format!("/v1/onboardings/{id}/retry?forecast=true"), &read, "read"),
        ("GET", "/v1/events?verdict=held".to_owned(), &read, "read"),
        ("GET", "/v1/nothing".to_owned(), &read, "read"),
        ("POST", "/v1/events".to_owned(), &publish, "publish"),
        ("POST", format!("/v1/onboardings/{id}/retry"), &operate, "operate"),
        ("POST", format!("/v1/onboardings/{id}/move"), &operate, "operate"),
        ("POST", format!("/v1/onboardings/{id}/cancel"), &operate, "operate"),
        ("POST", format!("/v1/onboardings/{id}/note"), &operate, "operate"),
        ("POST", "/v1/events/1/adopt".to_owned(), &operate, "operate"),
        ("GET", "/v1/aside?kind=quarantine".to_owned(), &read, "read"),
        ("POST", format!("/v1/aside/{id}/take"), &operate, "operate"),
    ];
    let unknown = token::fresh(&gangway::clock::SystemChance);
    for (method, uri, right, scope) in rows {
        let request = || if method == "GET" { get(&uri) } else { post(&uri, json!({})) };
        for wrong in ["", "gw_x", &unknown] {
            assert_eq!(ask!(app, wrong, request()).await.0, 401, "{method} {uri} with {wrong:?}");
        }
        for token in [&read, &publish, &operate] {
            let (status, body) = ask!(app, token, request()).await;
            assert_eq!(status == 403, token != right, "{method} {uri} with {scope} needed: {status} {body}");
            if status == 403 {
                assert!(body["detail"].as_str().unwrap().contains(scope), "{body}");
            }
        }
    }
    for uri in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(ask!(app, "", get(uri)).await.0, 200, "{uri}");
    }
}

#[actix_web::test]
async fn a_person_is_found_by_any_identifier_and_shown_whole() {
    let world = World::new().await;
    let app = app!(world);
    let token = world.token(&["read"]).await;
    world.sign_up("ada").await;
    world.sign_up("bob").await;
    let (_, found) = ask!(app, &token, get("/v1/users?q=ada")).await;
    let ada = &found["items"][0];
    assert_eq!((ada["external_id"].as_str(), ada["email"].as_str()), (Some("ada"), Some("ada@Example.com")));
    let onboarding = &ada["onboardings"][0];
    assert_eq!((onboarding["flow"].as_str(), onboarding["status"].as_str()), (Some("tour"), Some("waiting")));
    assert!(onboarding["why"].as_str().unwrap().contains("user.greeted"), "{onboarding}");
    for q in ["ADA@example.COM", ada["id"].as_str().unwrap(), onboarding["id"].as_str().unwrap()] {
        let (status, again) = ask!(app, &token, get(&format!("/v1/users?q={q}"))).await;
        assert_eq!((status.as_u16(), &again["items"]), (200, &found["items"]), "{q}");
    }
    let (_, one) = ask!(app, &token, get(&format!("/v1/users/{}", ada["id"].as_str().unwrap()))).await;
    assert_eq!(&one, ada);
    let (status, none) = ask!(app, &token, get("/v1/users?q=nobody")).await;
    assert_eq!((status.as_u16(), none), (200, json!({ "items": [], "next": null })));
    assert_eq!(ask!(app, &token, get("/v1/users?q=")).await.0, 400);
    assert_eq!(ask!(app, &token, get("/v1/users")).await.0, 400);
}

#[actix_web::test]
async fn what_a_waiting_person_needs_is_shown_with_the_one_onboarding_and_nowhere_else() {
    let world = World::new().await;
    let app = app!(world);
    let token = world.token(&["read", "operate"]).await;
    world.message("ada", "user.signed_up", "ada", json!({ "user_id": "ada", "challenge": "c-77" })).await;
    let (_, list) = ask!(app, &token, get("/v1/onboardings")).await;
    let (_, found) = ask!(app, &token, get("/v1/users?q=ada")).await;
    let (listed, of_user) = (&list["items"][0], &found["items"][0]["onboardings"][0]);
    let uri = format!("/v1/onboardings/{}", listed["id"].as_str().unwrap());
    let (_, mut one) = ask!(app, &token, get(&uri)).await;
    assert_eq!(one["show"], json!({ "challenge": "c-77", "of": "ada" }));
    let (mut listed, of_user) = (listed.clone(), of_user.clone());
    one.as_object_mut().unwrap().remove("show");
    let explanation = one.as_object_mut().unwrap().remove("explanation").unwrap();
    let headline = listed.as_object_mut().unwrap().remove("headline").unwrap();
    assert_eq!(headline, explanation["headline"]);
    assert_eq!((&listed, &of_user), (&one, &one), "everything else is the same, and `show` is not there");
    world.message("greeting", "user.greeted", "ada", json!({})).await;
    let (_, ended) = ask!(app, &token, get(&uri)).await;
    assert_eq!((ended["status"].as_str(), ended.get("show")), (Some("completed"), None));
}

#[actix_web::test]
async fn an_act_does_what_its_forecast_says_and_a_forecast_does_nothing() {
    let world = World::new().await;
    let app = app!(world);
    let (read, operate) = (world.token(&["read"]).await, world.token(&["read", "operate"]).await);
    world.sign_up("ada").await;
    let (_, list) = ask!(app, &read, get("/v1/onboardings")).await;
    let uri = format!("/v1/onboardings/{}", list["items"][0]["id"].as_str().unwrap());
    let (_, before) = ask!(app, &read, get(&uri)).await;
    let acts = before["explanation"]["acts"].as_array().unwrap();
    assert!(acts.iter().all(|act| act["allowed"] == json!(false)), "a token that only reads: {acts:?}");
    let forecast = format!("{uri}/cancel?forecast=true");
    let (status, told) = ask!(app, &read, post(&forecast, json!({}))).await;
    assert_eq!((status.as_u16(), &told["allowed"], &told["after"]["status"]), (200, &json!(true), &json!("cancelled")));
    assert_eq!(told["revision"], before["revision"]);
    let refused = format!("{uri}/move?forecast=true");
    let (_, told) = ask!(app, &read, post(&refused, json!({ "state": "nowhere" }))).await;
    assert_eq!(told["allowed"], json!(false));
    assert!(told["why_not"].as_str().unwrap().contains("no such state"), "{told}");
    assert_eq!(ask!(app, &read, get(&uri)).await.1, before, "nothing was done");
    assert_eq!(ask!(app, &read, post(&format!("{forecast}&x=1"), json!({}))).await.0, 403);
    for misspelt in ["forecast=1", "forcast=true"] {
        let (status, body) =
            ask!(app, &operate, post(&format!("{uri}/cancel?{misspelt}"), json!({ "reason": "x" }))).await;
        assert_eq!(status.as_u16(), 400, "a misspelt forecast does not act: {body}");
    }
    let (status, after) = ask!(app, &operate, post(&format!("{uri}/cancel"), json!({ "reason": "asked to" }))).await;
    assert_eq!((status.as_u16(), &after["status"]), (200, &json!("cancelled")));
    let (_, ended) = ask!(app, &operate, get(&uri)).await;
    let acts = ended["explanation"]["acts"].as_array().unwrap();
    assert_eq!(acts.iter().map(|act| &act["act"]).collect::<Vec<_>>(), [&json!("note")], "only what would be taken");
}

#[actix_web::test]
async fn a_story_is_told_newest_first_and_its_pages_leave_nothing_out() {
    let world = World::new().await;
    let app = app!(world);
    let token = world.token(&["read", "operate"]).await;
    world.sign_up("ada").await;
    let (_, list) = ask!(app, &token, get("/v1/onboardings")).await;
    let uri = format!("/v1/onboardings/{}", list["items"][0]["id"].as_str().unwrap());
    for n in 0..3 {
        let body = json!({ "reason": format!("called {n}") });
        assert_eq!(ask!(app, &token, post(&format!("{uri}/note"), body)).await.0, 200);
    }
    world.message("greeting", "user.greeted", "ada", json!({})).await;
    let (mut told, mut cursor) = (Vec::new(), String::new());
    loop {
        let (_, page) = ask!(app, &token, get(&format!("{uri}/story?limit=2{cursor}"))).await;
        told.extend(page["items"].as_array().unwrap().iter().map(|item| item["text"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let note = |n| format!("read-operate noted: “called {n}”.");
    let wanted = [
        "An internal system sent user.greeted. Now in “done”.".to_owned(),
        note(2),
        note(1),
        note(0),
        "An internal system sent user.signed_up. Now in “hello”.".to_owned(),
    ];
    assert_eq!(told, wanted);
    let (_, newest) = ask!(app, &token, get(&format!("{uri}/events?order=newest&limit=1"))).await;
    let (_, oldest) = ask!(app, &token, get(&format!("{uri}/events"))).await;
    assert_eq!(newest["items"][0], *oldest["items"].as_array().unwrap().last().unwrap());
    assert_eq!(ask!(app, &token, get(&format!("{uri}/events?order=random"))).await.0, 400);
    let (_, mails) = ask!(app, &token, get(&format!("{uri}/mails"))).await;
    assert_eq!(mails, json!({ "items": [], "next": null }));
}

#[actix_web::test]
async fn what_people_copy_from_a_log_or_a_mail_finds_the_person() {
    let world = World::new().await;
    let app = app!(world);
    let token = world.token(&["read"]).await;
    world.sign_up("ada").await;
    let (_, list) = ask!(app, &token, get("/v1/onboardings")).await;
    let id = list["items"][0]["id"].as_str().unwrap();
    let (_, journal) = ask!(app, &token, get(&format!("/v1/onboardings/{id}/events"))).await;
    let seq = journal["items"][0]["id"].as_str().unwrap();
    for q in [seq.to_owned(), format!("%23{seq}"), format!("%3C{id}.3%40mail.example%3E"), format!("{id}.3@x")] {
        let (_, found) = ask!(app, &token, get(&format!("/v1/users?q={q}"))).await;
        assert_eq!(found["items"][0]["external_id"], json!("ada"), "{q}: {found}");
    }
    let (_, none) = ask!(app, &token, get("/v1/users?q=99999999")).await;
    assert_eq!(none, json!({ "items": [], "next": null }));
}

#[actix_web::test]
async fn lists_are_filtered_and_paged_without_losing_or_repeating_anyone() {
    let world = World::new().await;
    let app = app!(world);
    let token = world.token(&["read"]).await;
    for n in 0..5 {
        world.clock.advance(Millis(5));
        world.sign_up(&format!("user-{n}")).await;
    }
    world.message("greeting", "user.greeted", "user-3", json!({})).await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let (_, page) = ask!(app, &token, get(&format!("/v1/onboardings?limit=2&cursor={cursor}"))).await;
        seen.extend(page["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    let mut sorted = seen.clone();
    sorted.sort();
    sorted.dedup();
    sorted.reverse();
    assert_eq!((seen.len(), &seen), (5, &sorted), "newest first, each once");
    for (filter, count) in
        [("status=completed", 1), ("status=waiting&flow=tour", 4), ("state=hello", 4), ("flow=other", 0)]
    {
        let (_, page) = ask!(app, &token, get(&format!("/v1/onboardings?{filter}"))).await;
        assert_eq!(page["items"].as_array().unwrap().len(), count, "{filter}");
    }
    for wrong in ["stauts=review", "status=stuck", "cursor=x", "limit=0", "limit=x"] {
        let (status, body) = ask!(app, &token, get(&format!("/v1/onboardings?{wrong}"))).await;
        assert_eq!(status, 400, "{wrong}: {body}");
    }
}

#[actix_web::test]
async fn an_act_answers_the_onboarding_after_it_and_is_journaled_with_who_and_why() {
    let world = World::new().await;
    let app = app!(world);
    let token = world.token(&["read", "operate"]).await;
    world.sign_up("ada").await;
    let (_, found) = ask!(app, &token, get("/v1/users?q=ada")).await;
    let id = found["items"][0]["onboardings"][0]["id"].as_str().unwrap().to_owned();
    let revision = found["items"][0]["onboardings"][0]["revision"].as_u64().unwrap();
    let uri = |act: &str| format!("/v1/onboardings/{id}/{act}");

    let stale = json!({ "reason": "called", "state": "check", "revision": revision + 5 });
    let (status, body) = ask!(app, &token, post(&uri("move"), stale)).await;
    assert_eq!((status.as_u16(), body["type"].as_str()), (409, Some("urn:gangway:problem:revision")), "{body}");
    let seen = || {
        post(&uri("move"), json!({ "reason": "the user called", "state": "check", "revision": revision }))
            .insert_header(("idempotency-key", "click-1"))
    };
    let (status, moved) = ask!(app, &token, seen()).await;
    assert_eq!((status.as_u16(), moved["state"].as_str()), (200, Some("check")), "{moved}");
    let (status, again) = ask!(app, &token, seen()).await;
    assert_eq!((status.as_u16(), &again), (200, &moved), "the same click is the same act");
    let other = post(&uri("cancel"), json!({ "reason": "x" })).insert_header(("idempotency-key", "click-1"));
    let (status, body) = ask!(app, &token, other).await;
    assert_eq!((status.as_u16(), body["type"].as_str()), (409, Some("urn:gangway:problem:reused-key")), "{body}");
    for (act, wrong) in [
        ("note", json!({})),
        ("note", json!({ "reason": " " })),
        ("note", json!({ "reason": "x", "rev": 1 })),
        ("note", json!({ "reason": "x", "state": "done" })),
        ("move", json!({ "reason": "x" })),
    ] {
        assert_eq!(ask!(app, &token, post(&uri(act), wrong.clone())).await.0, 400, "{act} {wrong}");
    }
    let (status, body) = ask!(app, &token, post(&uri("move"), json!({ "reason": "x", "state": "nowhere" }))).await;
    assert_eq!((status.as_u16(), body["type"].as_str()), (409, Some("urn:gangway:problem:refused")), "{body}");
    let (status, cancelled) = ask!(app, &token, post(&uri("cancel"), json!({ "reason": "asked to" }))).await;
    assert_eq!((status.as_u16(), cancelled["status"].as_str()), (200, Some("cancelled")), "{cancelled}");

    let (_, journal) = ask!(app, &token, get(&uri("events"))).await;
    let moves: Vec<_> =
        journal["items"].as_array().unwrap().iter().filter(|one| one["type"] == "operator.move").collect();
    let applied: Vec<_> = moves.iter().filter(|one| one["verdict"] == "applied").collect();
    assert_eq!(applied.len(), 1, "{journal}");
    assert_eq!(
        (applied[0]["source"].as_str(), applied[0]["copies"].as_u64()),
        (Some("operator:read-operate"), Some(2))
    );
    let missing = "/v1/onboardings/01890a5d-ac96-774b-bcce-b302099a8057/note";
    assert_eq!(ask!(app, &token, post(missing, json!({ "reason": "x" }))).await.0, 404);
    assert_eq!(ask!(app, &token, post(&uri("delete"), json!({ "reason": "x" }))).await.0, 404);
    assert_eq!(ask!(app, &token, get(&uri("cancel"))).await.0, 405);
}

#[actix_web::test]
async fn the_probes_tell_what_the_database_knows() {
    let world = World::new().await;
    let app = app!(world);
    world.sign_up("ada").await;
    let (_, ready) = ask!(app, "", get("/readyz")).await;
    assert_eq!((ready["ready"].as_bool(), &ready["missing"]), (Some(true), &json!([])));
    let (_, text) = ask!(app, "", get("/metrics")).await;
    let text = text.as_str().unwrap();
    assert!(text.contains("gangway_onboardings{flow=\"tour\",status=\"waiting\"} 1"), "{text}");
    assert!(!text.contains("ada"), "{text}");
}
