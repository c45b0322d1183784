//! What senders send as they send it: numbers of any length, half characters, byte order marks; and people found by
//! every spelling of what names them.

use serde_json::{Value, json};

use crate::db::TestDb;
use crate::on_both_databases;
use crate::world::{Setup, World};

on_both_databases!(
    two_people_whose_ids_are_long_numbers_are_never_one,
    nobody_is_lost_for_half_a_character_or_a_byte_order_mark,
    all_who_share_an_address_are_found_by_every_spelling_of_it,
    an_address_that_no_mail_can_be_sent_to_is_refused_at_the_sign_up_with_the_cause,
);

/// A mail and nothing else: the played provider has rules of its own for addresses.
const MAIL: &str = "
flow: mail-only
version: 1
title: A mail
start: { on: user.signed_up, user: { id: data.user_id, email: data.email, locale: data.locale } }
states:
  hello: { mail: welcome, with: { wallet_address: \"'0x'\" }, outcomes: { sent: done, refused: failed } }
  failed: { end: failed }
  done: { end: completed }
";

async fn found(world: &World, q: &str) -> Vec<Value> {
    world.get(&format!("/v1/users?q={q}")).await["items"].as_array().unwrap().clone()
}

async fn ids(world: &World, q: &str) -> Vec<String> {
    let mut ids: Vec<_> =
        found(world, q).await.iter().map(|user| user["external_id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

/// A sign-up as a text, so that no library of ours writes its numbers.
async fn signed_up(world: &World, id: &str, user_id: &str, email: &str) -> Value {
    let event = format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"/t","type":"user.signed_up","data":{{"user_id":{user_id},"email":"{email}","locale":"en"}}}}"#
    );
    let asked = world.ask("POST", "/v1/events").bearer(&world.token).body(event);
    asked.header("content-type", "application/cloudevents+json").send().await.is(202).json()
}

async fn two_people_whose_ids_are_long_numbers_are_never_one(db: &TestDb) {
    let world = Setup::default().unhooked().start(db).await;
    for (nth, digits) in ["18446744073709551616", "18446744073709551617", "-9223372036854775809"].iter().enumerate() {
        let taken = signed_up(&world, &format!("s{nth}"), digits, &format!("s{nth}@example.com")).await;
        assert_eq!((&taken["verdict"], &taken["copy"]), (&json!("applied"), &json!(false)), "{digits}: {taken}");
        assert_eq!(ids(&world, digits).await, [*digits]);
    }
    let ann = world.sign_up("ann", "ann@example.com", "en").await;
    let hook = async |key: &str, digits: &str| {
        let body = format!(r#"{{"event":"wallet.created","data":{{"user":{{"uid":{digits}}}}}}}"#);
        world.webhook(key, body).await.is(200).json()["verdict"].as_str().unwrap().to_owned()
    };
    assert_eq!(hook("one", "100000000000000000001").await, "held");
    let held = world.get("/v1/events?verdict=held&limit=1").await["items"][0]["id"].as_str().unwrap().to_owned();
    let asked = json!({ "onboarding": ann, "reason": "her account" });
    world.post(&format!("/v1/events/{held}/adopt"), &asked).await.is(200);
    for (nth, digits) in
        ["100000000000000000002", "100000000000000000000", "100000000000000000001.5"].iter().enumerate()
    {
        assert_eq!(hook(&format!("other-{nth}"), digits).await, "held", "{digits} went to another person");
    }
    assert_ne!(hook("again", "100000000000000000001").await, "held", "her own id is hers");
    let named = found(&world, "ann").await[0]["identifiers"].as_array().unwrap().clone();
    let of_kind = |one: &&Value| one["kind"] == "original.user_uid" && one["value"] == "100000000000000000001";
    assert_eq!(named.iter().filter(of_kind).count(), 1, "what was adopted is in her list: {named:?}");
    assert_eq!(ids(&world, "100000000000000000001").await, ["ann"]);
    world.stop().await;
}

async fn nobody_is_lost_for_half_a_character_or_a_byte_order_mark(db: &TestDb) {
    let world = Setup::default().unhooked().start(db).await;
    let taken = signed_up(&world, "half", "\"half\"", "half@example.com\",\"name\":\"Anna \\ud83d").await;
    assert_eq!(taken["verdict"], "applied", "{taken}");
    let body = "\u{feff}".to_owned() + r#"{"event":"wallet.created","data":{"user":{"uid":"7","name":"Anna \ud83d"}}}"#;
    assert_eq!(world.webhook("half", body).await.is(200).json()["verdict"], "held");
    // Where half a character would name somebody it is refused, or names nobody.
    let event = r#"{"specversion":"1.0","id":"x","source":"/t","type":"user.said","subject":"a\ud83d"}"#;
    let asked = world.ask("POST", "/v1/events").bearer(&world.token).header("content-type", "application/json");
    let refused = asked.body(event).send().await.is(400);
    assert!(refused.text.contains("`subject` has half of a character"), "{}", refused.text);
    world.stop().await;
}

async fn all_who_share_an_address_are_found_by_every_spelling_of_it(db: &TestDb) {
    let world = Setup::default().start(db).await;
    for (user, email) in [
        ("a", "same+tag@example.com"),
        ("b", "Same+Tag@example.com"),
        ("c", "zoe\u{308}@b\u{fc}cher.example"),
        ("d", "zo\u{eb}@xn--bcher-kva.example"),
        ("Zoe\u{308}", "e@example.com"),
        ("+49 170", "f@example.com"),
    ] {
        world.sign_up(user, email, "en").await;
    }
    for (q, expected) in [
        ("same%2Btag@example.com", &["a", "b"][..]),
        ("same+tag@example.com", &["a", "b"]),
        ("SAME%2btag@EXAMPLE.com", &["a", "b"]),
        ("zo%C3%AB@b%C3%BCcher.example", &["c", "d"]),
        ("zoe%CC%88@bu%CC%88cher.example", &["c", "d"]),
        ("zo%C3%AB@xn--bcher-kva.example", &["c", "d"]),
        ("Zo%C3%AB", &["Zoe\u{308}"]),
        ("Zoe%CC%88", &["Zoe\u{308}"]),
        ("%2B49%20170", &["+49 170"]),
    ] {
        assert_eq!(ids(&world, q).await, expected, "{q}");
    }
    world.stop().await;
}

async fn an_address_that_no_mail_can_be_sent_to_is_refused_at_the_sign_up_with_the_cause(db: &TestDb) {
    let world = Setup::default().flow(MAIL).start(db).await;
    for (nth, (email, why)) in [
        ("nobody", "there is no @"),
        ("ann@", "no domain"),
        ("ann love@example.com", "a space"),
        ("ann@[IPv6:2001:db8::1]", "only IPv4"),
    ]
    .iter()
    .enumerate()
    {
        let taken = signed_up(&world, &format!("bad-{nth}"), &format!("\"bad-{nth}\""), email).await;
        assert_eq!(taken["verdict"], "refused", "{email}: {taken}");
        let detail = taken["detail"].as_str().unwrap();
        assert!(detail.contains(why) && !detail.contains(email), "{email}: {detail}");
    }
    for (nth, (email, to)) in [
        (r#"\"ann love\"@example.com"#, "%22ann%20love%22@example.com"),
        ("ann@b\u{fc}cher.example", "ann@xn--bcher-kva.example"),
        ("o'neil+x@example.com", "o'neil%2Bx@example.com"),
    ]
    .iter()
    .enumerate()
    {
        let taken = signed_up(&world, &format!("good-{nth}"), &format!("\"good-{nth}\""), email).await;
        let id = taken["onboarding_id"].as_str().unwrap_or_else(|| panic!("{email}: {taken}")).to_owned();
        world.comes_to(&id, "completed").await;
        assert!(!world.mails(to).await.is_empty(), "no mail came to {email}");
    }
    world.stop().await;
}
