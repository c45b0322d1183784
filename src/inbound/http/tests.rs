use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, test, web};
use gangway_core::time::{Millis, Timestamp};
use serde_json::{Value, json};

use super::{Events, publish};
use crate::clock::HandClock;
use crate::engine::NotAccepted;
use crate::inbound::coding::zipped;
use crate::inbound::testing::{Writer, signed_up};
use crate::settings::IntakeSettings;

const STRUCTURED: (&str, &str) = ("content-type", "application/cloudevents+json; charset=utf-8");
const BATCH: (&str, &str) = ("content-type", "application/cloudevents-batch+json");
const BINARY: [(&str, &str); 6] = [
    ("content-type", "application/json"),
    ("ce-specversion", "1.0"),
    ("ce-id", "e-1"),
    ("ce-source", "shop"),
    ("ce-type", "user.signed_up"),
    ("ce-subject", "u%2D1"),
];

async fn anybody(events: web::Data<Events>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    publish(events, request, payload, &[]).await
}

struct World {
    writer: Writer,
    events: web::Data<Events>,
}

fn world() -> World {
    let (door, writer) = Writer::start(8);
    let limits = IntakeSettings { body_max: 4000, batch_max: 4, ..IntakeSettings::default() };
    World { writer, events: web::Data::new(Events::new(door, Arc::new(HandClock::at(Timestamp(7))), limits)) }
}

impl World {
    async fn post(&self, headers: &[(&str, &str)], body: impl ToString) -> (StatusCode, Option<String>, Value) {
        self.post_as(&[], headers, body).await
    }

    async fn post_as(
        &self,
        sources: &[&str],
        headers: &[(&str, &str)],
        body: impl ToString,
    ) -> (StatusCode, Option<String>, Value) {
        let sources: Arc<[String]> = sources.iter().map(|source| (*source).to_owned()).collect();
        let handler = move |events, request, payload| {
            let sources = Arc::clone(&sources);
            async move { publish(events, request, payload, &sources).await }
        };
        let app = App::new().app_data(self.events.clone()).route("/v1/events", web::post().to(handler));
        let app = test::init_service(app).await;
        let request = headers
            .iter()
            .fold(test::TestRequest::post().uri("/v1/events"), |request, header| request.insert_header(*header));
        let response = test::call_service(&app, request.set_payload(body.to_string()).to_request()).await;
        let after = response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        (response.status(), after, test::read_body_json(response).await)
    }
}

#[actix_web::test]
async fn gzip_is_decoded_within_the_limit_and_other_codings_are_answered_with_415() {
    let world = world();
    let app = App::new().app_data(world.events.clone()).route("/v1/events", web::post().to(anybody));
    let app = test::init_service(app).await;
    let post = async |coding: &str, body: Vec<u8>| {
        let request = test::TestRequest::post().uri("/v1/events").insert_header(STRUCTURED);
        let request = request.insert_header(("content-encoding", coding)).set_payload(body).to_request();
        test::call_service(&app, request).await.status()
    };
    let event = signed_up("e-1").to_string();
    assert_eq!(post("gzip", zipped(event.as_bytes())).await, StatusCode::ACCEPTED);
    assert_eq!(post("identity", event.clone().into_bytes()).await, StatusCode::ACCEPTED);
    assert_eq!(post("gzip", zipped(&vec![b' '; 50_000])).await, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(post("br", event.clone().into_bytes()).await, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(post("gzip", event.into_bytes()).await, StatusCode::BAD_REQUEST);
    assert_eq!(world.writer.taken().len(), 2);
}

#[actix_web::test]
async fn a_single_event_is_answered_with_202_and_its_verdict() {
    let world = world();
    let (status, _, answer) = world.post(&[STRUCTURED], signed_up("e-1")).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let expected = json!({ "id": "e-1", "verdict": "noted", "copy": false, "seq": 1, "detail": "noted by the test" });
    assert_eq!(answer, expected);
    assert_eq!(world.writer.taken()[0].raw, signed_up("e-1").to_string());
}

#[actix_web::test]
async fn who_may_publish_under_some_sources_publishes_under_no_other() {
    let world = world();
    let of = |source: &str| {
        let mut event = signed_up("e-1");
        event["source"] = json!(source);
        event
    };
    assert_eq!(world.post_as(&["shop", "crm"], &[STRUCTURED], of("crm")).await.0, StatusCode::ACCEPTED);
    for (header, body) in [(STRUCTURED, of("shop/")), (STRUCTURED, of("Shop")), (BATCH, json!([of("shop"), of("x")]))] {
        let (status, _, answer) = world.post_as(&["shop", "crm"], &[header], body).await;
        assert_eq!((status, &answer["status"]), (StatusCode::FORBIDDEN, &json!(403)));
    }
    assert_eq!(world.writer.taken().len(), 1, "of a batch nothing is taken");
}

#[actix_web::test]
async fn structured_plain_and_binary_mode_bring_the_same_content() {
    let world = world();
    let whole = signed_up("e-1");
    assert_eq!(world.post(&[STRUCTURED], &whole).await.0, StatusCode::ACCEPTED);
    assert_eq!(world.post(&[("content-type", "application/json")], &whole).await.0, StatusCode::ACCEPTED);
    assert_eq!(world.post(&BINARY, &whole["data"]).await.2["copy"], true);
    let taken = world.writer.taken();
    assert_eq!(taken.len(), 3);
    assert!(taken.iter().all(|arrival| arrival.content == taken[0].content));
    assert!(taken.iter().all(|arrival| arrival.event == taken[0].event));
}

#[actix_web::test]
async fn a_batch_is_answered_item_by_item_in_its_order() {
    let world = world();
    let batch = json!([signed_up("a"), signed_up("b"), signed_up("a")]);
    let (status, _, answer) = world.post(&[BATCH], batch).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let seen: Vec<_> = answer["items"].as_array().unwrap().iter().map(|item| (&item["id"], &item["copy"])).collect();
    assert_eq!(seen, [(&json!("a"), &json!(false)), (&json!("b"), &json!(false)), (&json!("a"), &json!(true))]);
    assert_eq!(world.post(&[BATCH], "[]").await.2, json!({ "items": [] }));
}

#[actix_web::test]
async fn a_batch_with_bad_events_is_refused_whole_and_each_bad_one_is_named() {
    let world = world();
    let batch = json!([signed_up("a"), {}, signed_up("b"), { "specversion": "1.0" }]);
    let (status, _, answer) = world.post(&[BATCH], batch).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let named: Vec<_> = answer["errors"].as_array().unwrap().iter().map(|error| error["index"].as_u64()).collect();
    assert_eq!(named, [Some(1), Some(3)]);
    assert!(world.writer.taken().is_empty());
}

#[actix_web::test]
async fn what_cannot_be_read_is_refused_and_too_much_is_too_large() {
    let world = world();
    let many: Vec<Value> = (0..5).map(|n| signed_up(&n.to_string())).collect();
    assert_eq!(world.post(&[STRUCTURED], "nonsense").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(world.post(&[BATCH], signed_up("a")).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(world.post(&[("content-type", "text/plain")], signed_up("a")).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(world.post(&[], signed_up("a")).await.0, StatusCode::BAD_REQUEST);
    let (status, _, answer) = world.post(&[BATCH], json!(many)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer["detail"], "the batch has 5 events, and at most 4 are taken at once");
    assert_eq!(world.post(&[STRUCTURED], "x".repeat(4001)).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(world.writer.taken().is_empty());
}

#[actix_web::test]
async fn nothing_is_202_unless_all_of_it_is_on_disk() {
    let world = world();
    world.writer.refuse(Some(NotAccepted::Away(Millis(2500))));
    let (status, after, _) = world.post(&[BATCH], json!([signed_up("a"), signed_up("b")])).await;
    assert_eq!((status, after.as_deref()), (StatusCode::SERVICE_UNAVAILABLE, Some("3")));
    world.writer.refuse(Some(NotAccepted::Full(Millis(1))));
    let (status, after, _) = world.post(&[STRUCTURED], signed_up("a")).await;
    assert_eq!((status, after.as_deref()), (StatusCode::TOO_MANY_REQUESTS, Some("1")));
    world.writer.refuse(None);
    assert_eq!(world.post(&[STRUCTURED], signed_up("a")).await.0, StatusCode::ACCEPTED);
}

#[actix_web::test]
async fn two_ids_that_are_no_text_are_not_taken_for_one_and_the_same() {
    let world = world();
    let app = App::new().app_data(world.events.clone()).route("/v1/events", web::post().to(anybody));
    let app = test::init_service(app).await;
    for id in [b"\xff\xfe", b"\xfe\xff"] {
        let request = BINARY
            .iter()
            .filter(|(name, _)| *name != "ce-id")
            .fold(test::TestRequest::post().uri("/v1/events"), |request, header| request.insert_header(*header));
        let id = actix_web::http::header::HeaderValue::from_bytes(id).unwrap();
        let response = test::call_service(&app, request.insert_header(("ce-id", id)).to_request()).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        let answer: Value = test::read_body_json(response).await;
        assert_eq!(answer["detail"], "header `ce-id` is not percent-encoded UTF-8; a percent sign is written %25");
    }
    assert!(world.writer.taken().is_empty());
}
