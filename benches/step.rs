//! The pure step: microseconds for one event of an ordinary journey through the shipped flow, the replayed way.
//! `cargo bench --bench step`.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints and may stop"
)]

use std::hint::black_box;
use std::time::Instant;

use gangway::app;
use gangway::settings::{Input, Settings};
use gangway_core::event::{Body, Event, FactReport, OnboardingId, Trust, UserId};
use gangway_core::onboarding::{Onboarding, User};
use gangway_core::outcome::{Answer, AttemptResult};
use gangway_core::step::{start, step};
use gangway_core::time::Timestamp;
use serde_json::json;

const ROUNDS: u32 = 50_000;

fn main() {
    let settings = Settings::read(&Input::default()).expect("the defaults");
    let catalogue = app::catalogue(&settings).expect("a catalogue");
    let (name, text) = app::SHIPPED.first().expect("a shipped flow");
    let flow = gangway_core::flow::load(name, text, &catalogue).expect("the shipped flow");
    let user = User {
        id: UserId(uuid::Uuid::from_u128(1)),
        external_id: "user-1".into(),
        email: Some("user-1@example.com".into()),
        locale: Some("en".into()),
        created_at: Timestamp(0),
    };
    let data = json!({ "user_id": "user-1", "email": "user-1@example.com", "locale": "en" });
    let sign_up = event(Body::Message { subject: Some("user-1".into()), data });
    let begun = start(&flow, OnboardingId(uuid::Uuid::from_u128(2)), &user, &sign_up, Timestamp(0)).onboarding;
    let made = event(done(1, "created", json!({ "uid": "144323473583" })));
    let asset = event(done(2, "created", json!({ "uid": "99" })));
    let wallet = FactReport {
        name: "original.wallet_created".into(),
        resource: "0xabc".into(),
        fields: json!({ "address": "0xabc", "network": "Polygon" }).as_object().cloned().expect("an object"),
        time: None,
        rank: 0,
        trust: Trust::Fact,
    };
    let wallet = event(Body::Report { identifiers: Vec::new(), facts: vec![wallet] });
    let making_asset = step(&flow, &begun, &made, Timestamp(1)).onboarding;
    let waiting = step(&flow, &making_asset, &asset, Timestamp(2)).onboarding;
    time("outcome: create_user created, asks create_asset", || step(&flow, &begun, &made, Timestamp(1)).onboarding);
    time("outcome: create_asset created, waits", || step(&flow, &making_asset, &asset, Timestamp(2)).onboarding);
    time("webhook: wallet arrived, asks the mail", || step(&flow, &waiting, &wallet, Timestamp(3)).onboarding);
    time("timer: nothing is due", || {
        step(&flow, &waiting, &event(Body::Timer { revision: 3 }), Timestamp(3)).onboarding
    });
}

fn time(what: &str, once: impl Fn() -> Onboarding) {
    let begin = Instant::now();
    for _ in 0..ROUNDS {
        black_box(once());
    }
    println!("{:>8.2} µs  {what}", begin.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS));
}

fn done(effect: i64, outcome: &str, fields: serde_json::Value) -> Body {
    let answer = Answer { fields: fields.as_object().cloned().unwrap_or_default(), ..Answer::named(outcome) };
    Body::Outcome {
        effect,
        attempt: 1,
        sent_at: Timestamp(0),
        result: AttemptResult::Done(answer),
        taken: None,
        unspent: false,
    }
}

fn event(body: Body) -> Event {
    let (source, kind) = ("bench".to_owned(), "bench".to_owned());
    Event { source, key: "1".into(), kind, received_at: Timestamp(1), occurred_at: None, body }
}
