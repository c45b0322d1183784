use std::collections::HashMap;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{App, test, web};
use async_trait::async_trait;
use gangway_core::catalogue::Catalogue;
use gangway_core::event::{Body, Trust};
use gangway_core::time::{Millis, Timestamp};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Hook, Webhooks, configure};
use crate::clock::HandClock;
use crate::engine::NotAccepted;
use crate::inbound::coding::zipped;
use crate::inbound::signature::Profile;
use crate::inbound::testing::{AnyAdapter, Remembered, Writer};
use crate::providers::{Adapter, Call, Delivery, Far, Reading, Stop, Unreadable};
use crate::settings::IntakeSettings;
use crate::settings::providers::webhook;

const SECRET: &str = "0123456789abcdef";
const NOW: Timestamp = Timestamp(1_614_265_330_000);
/// Genuine for the published secret at `NOW`.
const SIGNED: (&str, [(&str, &str); 3]) = (
    r#"{"test": 2432232314}"#,
    [
        ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("webhook-timestamp", "1614265330"),
        ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ],
);

struct World {
    writer: Writer,
    aside: Remembered,
    hooks: web::Data<Webhooks>,
}

fn hook(toml: &str) -> Hook {
    Hook {
        adapter: Arc::new(AnyAdapter),
        profile: Profile::new(&webhook(toml.parse().unwrap()).read(|_, _| Vec::new()).unwrap(), "at").unwrap(),
    }
}

/// A world with provider `path` (secret segment), `standard` (signed) and `open`.
fn world() -> World {
    let (door, writer) = Writer::start(8);
    let aside = Remembered::default();
    let providers = HashMap::from([
        ("path".to_owned(), hook(&format!("secrets = ['{SECRET}']"))),
        ("standard".to_owned(), hook("verify = 'standard'\nsecrets = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw']")),
        ("open".to_owned(), hook("verify = 'none'")),
    ]);
    let limits = IntakeSettings { body_max: 1000, ..IntakeSettings::default() };
    let clock = Arc::new(HandClock::at(NOW));
    let hooks = web::Data::new(Webhooks::new(door, providers, clock, Arc::new(aside.clone()), limits));
    World { writer, aside, hooks }
}

struct Answer {
    status: StatusCode,
    retry_after: Option<String>,
    body: String,
}

impl World {
    async fn post(&self, path: &str, headers: &[(&str, &str)], body: impl Into<web::Bytes>) -> Answer {
        let app = test::init_service(App::new().app_data(self.hooks.clone()).configure(configure)).await;
        let request =
            headers.iter().fold(test::TestRequest::post().uri(path), |request, header| request.insert_header(*header));
        let response = test::call_service(&app, request.set_payload(body).to_request()).await;
        let retry_after = response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        let status = response.status();
        let body = String::from_utf8(test::read_body(response).await.to_vec()).unwrap();
        Answer { status, retry_after, body }
    }

    async fn path(&self, body: &str) -> Answer {
        self.post(&format!("/webhooks/path/{SECRET}"), &[], body.to_owned()).await
    }
}

#[actix_web::test]
async fn a_genuine_delivery_is_answered_with_200_after_the_door_took_it_as_it_came() {
    let world = world();
    let body = r#"{"id":"e-1","user":"u-7","fact":"any.done"}"#;
    let answer = world.path(body).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, r#"{"verdict":"noted","copy":false}"#));
    let taken = world.writer.taken();
    assert_eq!(taken.len(), 1);
    assert_eq!((taken[0].event.source.as_str(), taken[0].event.key.as_str()), ("webhook:path", "e-1"));
    assert_eq!((taken[0].event.received_at, &taken[0].raw[..]), (NOW, body.as_bytes()));
    assert_eq!(&taken[0].content[..], br#"{"fact":"any.done","id":"e-1","user":"u-7"}"#);
}

#[actix_web::test]
async fn a_redelivery_is_answered_with_200_as_a_copy() {
    let world = world();
    assert_eq!(world.path(r#"{"id":"e-1"}"#).await.status, StatusCode::OK);
    let again = world.path(r#"{"id":"e-1"}"#).await;
    assert_eq!((again.status, again.body.as_str()), (StatusCode::OK, r#"{"verdict":"noted","copy":true}"#));
}

#[actix_web::test]
async fn only_a_signature_makes_a_fact_and_a_secret_alone_makes_a_hint() {
    let world = world();
    let (body, headers) = SIGNED;
    assert_eq!(world.post("/webhooks/standard", &headers, body).await.status, StatusCode::OK);
    assert_eq!(world.path(r#"{"fact":"any.done"}"#).await.status, StatusCode::OK);
    let Body::Report { facts, .. } = &world.writer.taken()[1].event.body else { panic!("not a report") };
    assert_eq!(facts[0].trust, Trust::Hint);
}

#[actix_web::test]
async fn a_forgery_is_answered_with_401_kept_apart_and_never_an_event() {
    let world = world();
    let (body, headers) = SIGNED;
    let forged = world.post("/webhooks/standard", &headers, r#"{"test": 1}"#).await;
    assert_eq!(forged.status, StatusCode::UNAUTHORIZED);
    assert!(world.writer.taken().is_empty());
    assert_eq!(world.aside.all(), [("unverified:standard".to_owned(), "no_match".to_owned())]);
    // The genuine one under the same id comes after it and is not taken for a copy.
    let genuine = world.post("/webhooks/standard", &headers, body).await;
    assert_eq!(genuine.body, r#"{"verdict":"noted","copy":false}"#);
}

#[actix_web::test]
async fn a_flood_of_forgeries_is_answered_without_keeping_all_of_it() {
    let (door, writer) = Writer::start(8);
    let aside = Remembered::default();
    let limits = IntakeSettings { unverified_at_once: 0, ..IntakeSettings::default() };
    let providers = HashMap::from([("path".to_owned(), hook(&format!("secrets = ['{SECRET}']")))]);
    let clock = Arc::new(HandClock::at(NOW));
    let hooks = web::Data::new(Webhooks::new(door, providers, clock, Arc::new(aside.clone()), limits));
    let world = World { writer, aside, hooks };
    assert_eq!(world.post("/webhooks/path", &[], "{}").await.status, StatusCode::UNAUTHORIZED);
    assert!(world.aside.all().is_empty());
}

#[actix_web::test]
async fn a_wrong_or_missing_secret_of_the_path_is_answered_with_401() {
    let world = world();
    for path in ["/webhooks/path", "/webhooks/path/0123456789abcdeF"] {
        let answer = world.post(path, &[], "{}").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(!answer.body.contains("abcde"), "{}", answer.body);
    }
    let reasons: Vec<String> = world.aside.all().into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(reasons, ["missing_secret", "wrong_secret"]);
}

#[actix_web::test]
async fn what_cannot_be_read_is_answered_with_400_and_not_taken() {
    let world = world();
    let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
    for body in ["", "not json", "[1,2", "[]", "{\"a\":1e}", "{\"kind\":\"\"}", &deep] {
        assert_eq!(world.path(body).await.status, StatusCode::BAD_REQUEST, "{body}");
    }
    let invalid =
        world.post(&format!("/webhooks/path/{SECRET}"), &[], web::Bytes::from_static(b"{\"a\":\"\xff\"}")).await;
    assert_eq!(invalid.status, StatusCode::BAD_REQUEST);
    assert!(world.writer.taken().is_empty());
}

#[actix_web::test]
async fn an_unknown_provider_is_answered_with_404() {
    let world = world();
    assert_eq!(world.post("/webhooks/nobody", &[], "{}").await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.post("/webhooks/nobody/0123456789abcdef", &[], "{}").await.status, StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn a_body_over_the_limit_is_answered_with_413_whether_its_length_was_announced_or_not() {
    let world = world();
    let app = test::init_service(App::new().app_data(world.hooks.clone()).configure(configure)).await;
    let body = format!("{{\"a\":\"{}\"}}", "x".repeat(1000));
    for (announced, body) in [(None, body.as_str()), (Some("1008"), body.as_str()), (Some("1001"), "{}")] {
        let mut request = test::TestRequest::post().uri("/webhooks/open").set_payload(body.to_owned()).to_request();
        request.headers_mut().remove("content-length");
        if let Some(length) = announced {
            request.headers_mut().insert("content-length".parse().unwrap(), length.parse().unwrap());
        }
        assert_eq!(test::call_service(&app, request).await.status(), StatusCode::PAYLOAD_TOO_LARGE, "{announced:?}");
    }
    assert!(world.writer.taken().is_empty());
}

#[actix_web::test]
async fn what_is_not_on_disk_is_answered_with_429_or_503_and_when_to_come_again() {
    let world = world();
    let refusals = [
        (NotAccepted::Full(Millis(1500)), StatusCode::TOO_MANY_REQUESTS, "2"),
        (NotAccepted::Away(Millis(1)), StatusCode::SERVICE_UNAVAILABLE, "1"),
        (NotAccepted::Stopping, StatusCode::SERVICE_UNAVAILABLE, "2"),
    ];
    for (why, status, after) in refusals {
        world.writer.refuse(Some(why));
        let answer = world.path("{}").await;
        assert_eq!((answer.status, answer.retry_after.as_deref()), (status, Some(after)));
    }
    world.writer.refuse(None);
    assert_eq!(world.path("{}").await.status, StatusCode::OK);
}

#[actix_web::test]
async fn a_commit_that_takes_too_long_is_answered_with_503() {
    let (door, _nobody_answers) = crate::engine::Door::bounded(8, usize::MAX);
    let limits = IntakeSettings { answer_within: Millis(1), ..IntakeSettings::default() };
    let providers = HashMap::from([("open".to_owned(), hook("verify = 'none'"))]);
    let clock = Arc::new(HandClock::at(NOW));
    let aside = Remembered::default();
    let hooks = web::Data::new(Webhooks::new(door, providers, clock, Arc::new(aside.clone()), limits));
    let (_, writer) = Writer::start(1);
    let world = World { writer, aside, hooks };
    assert_eq!(world.post("/webhooks/open", &[], "{}").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[actix_web::test]
async fn without_a_key_of_the_provider_the_body_decides_and_fields_that_vary_do_not_count() {
    let world = world();
    for body in [r#"{"user":"u","sent":1}"#, r#"{"sent":2,"user":"u"}"#, r#"{"user":"v","sent":1}"#, r#"{"user":"v"}"#]
    {
        assert_eq!(world.path(body).await.status, StatusCode::OK);
    }
    let taken = world.writer.taken();
    let key = |n: usize| taken[n].event.key.clone();
    assert_eq!(key(0), key(1));
    assert_eq!(taken[0].content, taken[1].content);
    assert_ne!(key(0), key(2));
    assert!(taken.iter().all(|arrival| arrival.event.key.starts_with("body:")));
}

#[actix_web::test]
async fn odd_keys_are_digested_and_empty_identifiers_name_nobody() {
    let world = world();
    let bodies =
        [r#"{"id":"a\u0000b","user":""}"#.to_owned(), format!(r#"{{"id":"{}","user":"  "}}"#, "k".repeat(600))];
    for body in bodies {
        assert_eq!(world.path(&body).await.status, StatusCode::OK);
    }
    for arrival in world.writer.taken() {
        assert!(arrival.event.key.starts_with("key:"), "{}", arrival.event.key);
        assert!(matches!(&arrival.event.body, Body::Report { identifiers, .. } if identifiers.is_empty()));
    }
}

/// Keyed by an unsigned header, as GitHub's deliveries are.
#[derive(Debug)]
struct KeyedByHeader;

#[async_trait]
impl Adapter for KeyedByHeader {
    fn name(&self) -> &str {
        "any"
    }

    fn describe(&self, _catalogue: &mut Catalogue) {}

    async fn call(&self, _call: &Call<'_>, _far: &dyn Far) -> Result<gangway_core::outcome::Answer, Stop> {
        unreachable!("the way in never calls")
    }

    fn read(&self, delivery: &Delivery<'_>) -> Result<Reading, Unreadable> {
        let key = delivery.headers.iter().find(|(name, _)| name == "x-github-delivery");
        Ok(Reading { key: key.map(|(_, value)| value.clone()), ..AnyAdapter.read(delivery)? })
    }
}

#[actix_web::test]
async fn a_captured_delivery_under_another_id_is_a_copy_where_the_signature_covers_no_id() {
    let (door, writer) = Writer::start(8);
    let profile = "verify = 'github'\nsecrets = [\"It's a Secret to Everybody\"]";
    let profile = Profile::new(&webhook(profile.parse().unwrap()).read(|_, _| Vec::new()).unwrap(), "at").unwrap();
    let hook = Hook { adapter: Arc::new(KeyedByHeader), profile };
    let providers = HashMap::from([("github".to_owned(), hook)]);
    let (clock, aside) = (Arc::new(HandClock::at(NOW)), Remembered::default());
    let limits = IntakeSettings::default();
    let hooks = web::Data::new(Webhooks::new(door, providers, clock, Arc::new(aside.clone()), limits));
    let world = World { writer, aside, hooks };
    let body = r#"{"user":"u-7"}"#;
    let mut mac = Hmac::<Sha256>::new_from_slice(b"It's a Secret to Everybody").unwrap();
    mac.update(body.as_bytes());
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    for (id, copy) in [("first", false), ("another", true)] {
        let headers = [("x-hub-signature-256", signature.as_str()), ("x-github-delivery", id)];
        let answer = world.post("/webhooks/github", &headers, body).await;
        assert_eq!(answer.body, format!(r#"{{"verdict":"noted","copy":{copy}}}"#));
    }
}

#[actix_web::test]
async fn the_same_json_with_other_white_space_is_the_same_content_and_other_json_is_not() {
    let world = world();
    for body in
        [r#"{"id":"e-1","user":"u-7"}"#, "{ \"user\": \"u-7\",\n  \"id\": \"e-1\" }", r#"{"id":"e-1","user":"u-8"}"#]
    {
        assert_eq!(world.path(body).await.status, StatusCode::OK);
    }
    let taken = world.writer.taken();
    assert_eq!(taken[0].content, taken[1].content);
    assert_ne!(taken[0].content, taken[2].content);
}

#[actix_web::test]
async fn a_body_without_a_key_has_the_same_key_however_it_is_spaced() {
    let world = world();
    for body in
        [r#"{"user":"u-7","fact":"x"}"#, "{\"fact\" : \"x\", \"user\" : \"u-7\"}", "{\"fact\":\"x\",\"user\":\"u-8\"}"]
    {
        assert_eq!(world.path(body).await.status, StatusCode::OK);
    }
    let keys: Vec<_> = world.writer.taken().into_iter().map(|taken| taken.event.key).collect();
    assert_eq!(keys[0], keys[1]);
    assert_ne!(keys[0], keys[2]);
}

#[actix_web::test]
async fn half_a_character_and_a_byte_order_mark_are_read_and_what_lost_half_names_nobody() {
    let world = world();
    let body = "\u{feff}".to_owned() + r#"{"id":"e-1","user":"u-7","name":"Anna \ud83d"}"#;
    assert_eq!(world.path(&body).await.status, StatusCode::OK);
    for half in ["\\ud83d", "\\ud83e"] {
        assert_eq!(world.path(&format!(r#"{{"id":"k{half}","user":"u{half}"}}"#)).await.status, StatusCode::OK);
    }
    let taken = world.writer.taken();
    let named = |n: usize| match &taken[n].event.body {
        Body::Report { identifiers, .. } => identifiers.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!((named(0), named(1), named(2)), (1, 0, 0));
    assert_eq!(&taken[0].raw[..], body.as_bytes(), "the journal keeps the bytes as they came");
    assert_ne!(taken[1].event.key, taken[2].event.key, "two people's events are not copies of each other");
}

#[actix_web::test]
async fn gzip_is_decoded_after_its_signature_was_checked_over_the_bytes_as_received() {
    let world = world();
    let post = async |headers: &[(&str, &str)], body: Vec<u8>| {
        world.post(&format!("/webhooks/path/{SECRET}"), headers, body).await
    };
    let gzip = ("content-encoding", "gzip");
    let answer = post(&[gzip], zipped(br#"{"id":"e-1","user":"u-7"}"#)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(world.writer.taken()[0].event.key, "e-1");
    let bomb = post(&[gzip], zipped(&[b' '; 100_000])).await;
    assert_eq!(bomb.status, StatusCode::PAYLOAD_TOO_LARGE);
    let other = post(&[("content-encoding", "br")], b"{}".to_vec()).await;
    assert_eq!(other.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert!(other.body.contains("other than gzip"), "{}", other.body);
    let broken = post(&[gzip], b"{}".to_vec()).await;
    assert!(broken.status == StatusCode::BAD_REQUEST && broken.body.contains("not whole gzip"), "{}", broken.body);
    // A signature of the decoded body is none of what was received.
    let headers: Vec<_> = SIGNED.1.iter().copied().chain([gzip]).collect();
    assert_eq!(
        world.post("/webhooks/standard", &headers, zipped(SIGNED.0.as_bytes())).await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(world.writer.taken().len(), 1);
}
