//! Conversations without a network: a call, the answers it meets, how it ends. Bodies are in `fixtures`.

use gangway_core::event::Trust;
use gangway_core::outcome::AttemptResult;
use gangway_core::retry::Policy;
use gangway_core::time::{Millis, Timestamp};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::Original;
use crate::providers::talk::{NOW, Talk, Told, hold, line};
use crate::providers::{Adapter, Delivery, HttpRequest, ways_test as ways};

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("fixtures/", $name))
    };
}

const CREATED: Told<'_> = (201, &[], fixture!("user_created.json"));
const EXISTS: Told<'_> = (400, &[], fixture!("user_exists.json"));
const INVALID: Told<'_> = (400, &[], fixture!("user_invalid.json"));
const FORBIDDEN: Told<'_> = (403, &[], fixture!("user_forbidden.json"));
const NOBODY: Told<'_> = (200, &[], fixture!("nobody.json"));
const PERSON: Told<'_> = (200, &[], fixture!("user_without_wallet.json"));
const HTML: &str = fixture!("gateway.html");

fn adapter() -> Original {
    let text =
        "base_url = \"https://api.getoriginal.com/v1\"\napi_key = \"k\"\napi_secret = \"s\"\ncollection_uid = \"c1\"";
    Original::new(crate::providers::original::ROW.section(text).unwrap(), &Policy::default())
}

fn ada() -> Value {
    json!({"user_external_id": "your-id-12", "email": "ada@example.com"})
}

fn path(request: &HttpRequest) -> String {
    line(request).replacen("https://api.getoriginal.com/v1", "", 1)
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

#[test]
fn creating_a_user_sends_key_token_and_exactly_the_given_fields() {
    let (requests, result) =
        Talk::new("create_user", json!({"user_external_id": "a", "email": null})).hear(&adapter(), &[CREATED]);
    let request = &requests[0];
    assert_eq!(path(request), "POST /user");
    assert!(request.effectful);
    assert_eq!(request.body.as_deref(), Some(br#"{"user_external_id":"a","email":null}"#.as_slice()));
    assert_eq!(request.secret_headers[0].1.expose_secret(), "k");
    assert!(request.secret_headers[1].1.expose_secret().starts_with("Bearer ey"));
    let AttemptResult::Done(answer) = result else { panic!("{result:?}") };
    assert_eq!((answer.outcome.as_str(), &answer.fields["uid"]), ("created", &json!("452711987655")));
    assert_eq!(answer.identifiers[0].kind, "original.user_uid");
    assert_eq!(answer.identifiers[0].value, "452711987655");
    let nameless = Talk::new("create_user", json!({})).hear(&adapter(), &[CREATED]).0;
    assert_eq!(nameless[0].body.as_deref(), Some(b"{}".as_slice()), "an absent mapping is left out");
}

#[test]
fn every_answer_to_a_creation_has_its_one_meaning() {
    let rows: &[(&str, &[Told<'_>])] = &[
        ("created", &[CREATED]),
        ("created", &[(200, &[], fixture!("user_created.json"))]),
        ("exists", &[EXISTS, PERSON]),
        ("exists", &[EXISTS, NOBODY, (200, &[], fixture!("user_with_old_wallet.json"))]),
        ("again", &[EXISTS, NOBODY, NOBODY]),
        ("refused", &[INVALID]),
        ("barred", &[(401, &[], "")]),
        ("denied", &[(403, &[], HTML)]),
        ("refused", &[FORBIDDEN]),
        ("barred", &[(403, &[], fixture!("key_refused.json"))]),
        ("refused", &[(404, &[], fixture!("user_not_found.json"))]),
        ("refused", &[(422, &[], "{\"error\": {\"type\": \"of_tomorrow\", \"detail\": \"not so\"}}")]),
        ("refused", &[(400, &[], "{\"success\": false, \"error\": \"not so\"}")]),
        ("exists", &[(400, &[], fixture!("user_exists_in_a_field.json")), PERSON]),
        ("created", &[(201, &[], "{\"success\": true, \"data\": [{\"uid\": 452711987655}]}")]),
        ("unknown", &[(200, &[], "{\"success\": false, \"data\": null}")]),
        ("unknown", &[(201, &[], "7")]),
        ("again", &[EXISTS, (200, &[], "{\"success\": true, \"data\": [{\"uid\": \"1\"}, {\"uid\": \"2\"}]}")]),
        ("barred", &[(301, &[], HTML)]),
        ("again free", &[(429, &[("retry-after", "3")], "")]),
        ("again", &[(503, &[("retry-after", "3")], HTML)]),
        ("unknown", &[(503, &[], HTML)]),
        ("unknown", &[(500, &[], fixture!("server_error.json"))]),
        ("unknown", &[(502, &[], HTML)]),
        ("unknown", &[(504, &[], "")]),
        ("refused", &[(500, &[], fixture!("user_invalid.json"))]),
        ("unknown", &[(201, &[], HTML)]),
        ("unknown", &[(201, &[], "{\"success\": true, \"da")]),
        ("unknown", &[(201, &[], "{\"success\": true, \"data\": {}}")]),
        ("unknown", &[(201, &[], "{\"success\": false}")]),
        ("again", &[(404, &[], HTML)]),
        ("broken", &[(400, &[], HTML)]),
        ("broken", &[(418, &[], "{\"error\": {\"type\": \"teapot_error\"}}")]),
        ("barred", &[EXISTS, (401, &[], "")]),
        ("again", &[EXISTS, (500, &[], HTML)]),
    ];
    for (ends, told) in rows {
        assert_eq!(Talk::new("create_user", ada()).ends(&adapter(), told), *ends, "{told:?}");
    }
}

#[test]
fn a_look_up_asks_by_external_id_first_and_by_email_when_there_is_none() {
    let (requests, _) = Talk::new("create_user", ada()).hear(&adapter(), &[EXISTS, NOBODY, NOBODY]);
    let paths: Vec<String> = requests.iter().map(path).collect();
    assert_eq!(paths, ["POST /user", "GET /user?user_external_id=your-id-12", "GET /user?email=ada@example.com"]);
    assert!(requests[1..].iter().all(|request| !request.effectful));
    let (requests, _) = Talk::look_up("create_user", json!({"email": "ada@example.com"})).hear(&adapter(), &[PERSON]);
    assert_eq!(path(&requests[0]), "GET /user?email=ada@example.com");
}

#[test]
fn an_uncertain_creation_is_ours_only_if_the_user_was_made_since_then() {
    let rows = [
        ("2026-01-02T03:04:05Z", "created"),
        ("2026-01-02T03:05:05Z", "created"), // a minute of difference between the clocks
        ("2026-01-02T03:05:06Z", "exists"),
        ("2026-01-02T04:00:00Z", "exists"),
    ];
    for (since, ends) in rows {
        assert_eq!(
            Talk::look_up("create_user", ada()).uncertain_since(time(since)).ends(&adapter(), &[PERSON]),
            ends,
            "look-up since {since}"
        );
        assert_eq!(
            Talk::new("create_user", ada()).uncertain_since(time(since)).ends(&adapter(), &[EXISTS, PERSON]),
            ends,
            "repeat since {since}"
        );
    }
}

#[test]
fn a_look_up_that_finds_nobody_says_not_done_and_one_that_cannot_be_made_asks_a_person() {
    assert_eq!(Talk::look_up("create_user", ada()).ends(&adapter(), &[NOBODY]), "not_done");
    assert_eq!(
        Talk::look_up("create_user", ada()).ends(&adapter(), &[(404, &[], fixture!("user_not_found.json"))]),
        "not_done"
    );
    assert_eq!(Talk::look_up("create_user", ada()).ends(&adapter(), &[(502, &[], HTML)]), "again");
    assert_eq!(Talk::look_up("create_user", json!({"email": ""})).ends(&adapter(), &[]), "broken");
}

#[test]
fn an_account_with_another_external_id_is_never_taken_for_this_person() {
    let input = json!({"user_external_id": "somebody-else", "email": "ada@example.com"});
    assert_eq!(Talk::new("create_user", input).ends(&adapter(), &[EXISTS, NOBODY, PERSON]), "refused");
}

#[test]
fn a_refusal_tells_the_code_and_the_reason_to_the_flow() {
    let (_, AttemptResult::Done(answer)) = Talk::new("create_user", ada()).hear(&adapter(), &[INVALID]) else {
        panic!()
    };
    assert_eq!(Value::Object(answer.fields), json!({"code": "invalid", "reason": "Enter a valid email address."}));
    let rows = [
        (FORBIDDEN, "permission_denied", "You do not have permission to perform this action."),
        (
            (400, &[][..], "{\"error\": {\"type\": \"client_error\"}}"),
            "client_error",
            "400, and the provider gives no reason",
        ),
        ((400, &[], "{\"error\": {\"type\": \"client_error\", \"detail\": \"No.\"}}"), "client_error", "No."),
        ((400, &[], "{\"error\": {\"detail\": {\"code\": 7, \"message\": [\"a\", 8]}}}"), "7", "a; 8"),
        (
            (400, &[], "{\"error\": {\"type\": \"validation_error\", \"detail\": [{\"code\": \"x\"}, \"y\", null]}}"),
            "x",
            "y",
        ),
    ];
    for (told, code, reason) in rows {
        let answer = Talk::new("create_user", ada()).answer(&adapter(), &[told]);
        assert_eq!((&answer.outcome[..], &answer.fields["code"]), ("refused", &json!(code)), "{told:?}");
        assert_eq!(answer.fields["reason"], json!(reason), "{told:?}");
    }
}

#[test]
fn whoever_wants_to_register_a_webhook_is_told_where_that_is_done() {
    let cause = Talk::new("register_webhook", json!({"url": "https://x"})).cause(&adapter(), &[]);
    assert!(cause.contains("developer console") && !cause.contains("onboarding"), "{cause}");
}

#[test]
fn what_cannot_be_read_is_named_without_its_content() {
    let rows = [
        ((400, &[][..], HTML), "400 with an HTML page instead of the provider's error"),
        ((400, &[], ""), "400 with an empty body instead of the provider's error"),
        ((201, &[], "{\"success\": true, \"da"), "201 with JSON that is not whole"),
        ((502, &[], HTML), "502 with an HTML page instead of an explanation"),
    ];
    for (told, cause) in rows {
        assert_eq!(Talk::new("create_user", ada()).cause(&adapter(), &[told]), cause);
    }
}

#[test]
fn every_review_of_the_shipped_flow_has_a_way_around_what_led_to_it() {
    assert_eq!(ways::repetitions(&ways::shipped("original-wallet")), [] as [String; 0]);
}

#[test]
fn waits_are_read_from_either_header() {
    let reset = (429, [("x-ratelimit-reset", "1767323090"), ("x-ratelimit-remaining", "0")]);
    let (_, result) = Talk::new("create_user", ada()).hear(&adapter(), &[(reset.0, &reset.1, "")]);
    assert!(
        matches!(result, AttemptResult::Again { retry_after: Some(Millis(40_000)), spent: false, .. }),
        "{result:?}"
    );
}

#[test]
fn both_shapes_of_wallets_are_read_and_each_is_a_fact() {
    let ask = || Talk::new("get_user", json!({"user_uid": "452711987655"}));
    let (requests, AttemptResult::Done(answer)) =
        ask().hear(&adapter(), &[(200, &[], fixture!("user_with_wallets.json"))])
    else {
        panic!()
    };
    assert_eq!(path(&requests[0]), "GET /user/452711987655");
    assert_eq!(answer.outcome, "has_wallet");
    assert_eq!((&answer.fields["address"], &answer.fields["chain_id"]), (&json!("0xA1"), &json!(137)));
    assert_eq!(answer.fields["wallets"].as_array().unwrap().len(), 2);
    let facts: Vec<_> = answer.facts.iter().map(|fact| (fact.resource.as_str(), fact.trust, fact.time)).collect();
    assert_eq!(facts, [("0xA1", Trust::Fact, Some(NOW)), ("0xB2", Trust::Fact, Some(NOW))]);
    assert_eq!(answer.facts[1].fields["network"], json!("a-network-of-tomorrow"));

    let (_, AttemptResult::Done(old)) = ask().hear(&adapter(), &[(200, &[], fixture!("user_with_old_wallet.json"))])
    else {
        panic!()
    };
    assert_eq!((&old.fields["address"], &old.fields["network"]), (&json!("0xC3"), &json!("unknown")));
    assert_eq!(old.fields["uid"], json!("452711987655"), "a number is taken as text");
}

#[test]
fn every_answer_to_a_read_of_a_user_has_its_one_meaning() {
    let rows: &[(&str, Told<'_>)] = &[
        ("no_wallet", PERSON),
        ("not_found", NOBODY),
        ("not_found", (404, &[], fixture!("user_not_found.json"))),
        ("again", (404, &[], HTML)),
        ("again", (500, &[], fixture!("server_error.json"))),
        ("again", (200, &[], "{\"success\": tr")),
        ("barred", (401, &[], "")),
        ("denied", FORBIDDEN),
        ("denied", (403, &[], HTML)),
        ("no_wallet", (200, &[], "{\"success\": true, \"data\": [{\"uid\": 1, \"wallets\": null}]}")),
        ("no_wallet", (200, &[], "{\"success\": true, \"data\": {\"uid\": 1, \"wallets\": [{\"address\": \"\"}]}}")),
        ("has_wallet", (200, &[], "{\"success\": true, \"data\": {\"uid\": 1, \"wallets\": {\"address\": \"0x1\"}}}")),
        ("again", (200, &[], "{\"success\": true, \"data\": {}}")),
        ("again free", (429, &[], "")),
    ];
    for (ends, told) in rows {
        assert_eq!(Talk::new("get_user", json!({"user_uid": "1"})).ends(&adapter(), &[*told]), *ends, "{told:?}");
    }
    assert_eq!(Talk::new("get_user", json!({"user_uid": "../asset"})).ends(&adapter(), &[]), "broken");
    assert_eq!(Talk::new("get_user", json!({})).ends(&adapter(), &[]), "broken");
}

fn badge() -> Value {
    json!({"user_uid": "452711987655", "asset_external_id": "badge-1", "name": "Badge", "unique_name": false,
           "image_url": "https://example.com/i.png", "store_image_on_ipfs": true, "sale_price_in_usd": 9.5,
           "description": null, "attributes": [{"trait_type": "Eyes", "value": "Green"}]})
}

#[test]
fn an_asset_is_sent_in_the_documented_shape_with_the_default_collection() {
    let (requests, _) = Talk::new("create_asset", badge()).hear(&adapter(), &[CREATED]);
    assert_eq!(path(&requests[0]), "POST /asset");
    let body: Value = serde_json::from_slice(requests[0].body.as_deref().unwrap()).unwrap();
    let expected = json!({"user_uid": "452711987655", "asset_external_id": "badge-1", "sale_price_in_usd": 9.5,
        "collection_uid": "c1", "data": {"name": "Badge", "unique_name": false, "image_url": "https://example.com/i.png",
        "store_image_on_ipfs": true, "attributes": [{"trait_type": "Eyes", "value": "Green"}]}});
    assert_eq!(body, expected);
}

#[test]
fn every_end_of_an_asset_creation_is_reached() {
    let list: Told<'_> = (200, &[], fixture!("assets.json"));
    let none: Told<'_> = (200, &[], "{\"success\": true, \"data\": []}");
    let taken: Told<'_> = (
        400,
        &[],
        "{\"error\":{\"type\":\"client_error\",\"detail\":{\"code\":\"x\",\"message\":\"Name already exists.\"}}}",
    );
    let rows: &[(&str, Talk, &[Told<'_>])] = &[
        ("created", Talk::new("create_asset", badge()), &[CREATED]),
        ("exists", Talk::new("create_asset", badge()), &[taken, list]),
        ("refused", Talk::new("create_asset", badge()), &[taken, none]),
        ("refused", Talk::new("create_asset", badge()), &[INVALID]),
        ("refused", Talk::new("create_asset", badge()), &[FORBIDDEN]),
        ("refused", Talk::new("create_asset", badge()), &[(404, &[], fixture!("user_not_found.json"))]),
        ("unknown", Talk::new("create_asset", badge()), &[(500, &[], "")]),
        ("not_done", Talk::look_up("create_asset", badge()), &[none]),
        ("created", Talk::look_up("create_asset", badge()).uncertain_since(time("2026-01-02T03:04:00Z")), &[list]),
        ("exists", Talk::look_up("create_asset", badge()).uncertain_since(time("2026-01-02T04:00:00Z")), &[list]),
        ("again", Talk::look_up("create_asset", badge()), &[(200, &[], "{\"data\": 7}")]),
        ("broken", Talk::new("create_asset", json!({"user_uid": "1"})), &[]),
        ("minted", Talk::new("get_asset", json!({"asset_uid": "2"})), &[(200, &[], fixture!("asset_minted.json"))]),
        (
            "not_minted",
            Talk::new("get_asset", json!({"asset_uid": "2"})),
            &[(200, &[], fixture!("asset_minting.json"))],
        ),
        (
            "not_found",
            Talk::new("get_asset", json!({"asset_uid": "2"})),
            &[(404, &[], fixture!("user_not_found.json"))],
        ),
    ];
    for (ends, talk, told) in rows {
        assert_eq!(talk.ends(&adapter(), told), *ends, "{} {told:?}", talk.action);
    }
}

#[test]
fn whatever_an_action_answers_the_catalogue_knows_and_it_lists_nothing_else() {
    let asset = || Talk::new("get_asset", json!({"asset_uid": "2"}));
    let talks: &[(Talk, &[Told<'_>])] = &[
        (Talk::new("create_user", ada()), &[CREATED]),
        (Talk::new("create_user", ada()), &[EXISTS, PERSON]),
        (Talk::new("create_user", ada()), &[INVALID]),
        (Talk::new("get_user", ada()), &[PERSON]),
        (Talk::new("get_user", ada()), &[NOBODY]),
        (Talk::new("get_user", ada()), &[(200, &[], fixture!("user_with_wallets.json"))]),
        (Talk::new("get_user", ada()), &[(200, &[], fixture!("user_with_old_wallet.json"))]),
        (Talk::new("create_asset", badge()), &[CREATED]),
        (Talk::new("create_asset", badge()), &[EXISTS, (200, &[], fixture!("assets.json"))]),
        (Talk::new("create_asset", badge()), &[INVALID]),
        (asset(), &[(200, &[], fixture!("asset_minted.json"))]),
        (asset(), &[(200, &[], fixture!("asset_minting.json"))]),
        (asset(), &[(404, &[], fixture!("user_not_found.json"))]),
    ];
    let answers: Vec<_> = talks.iter().map(|(talk, told)| (talk.action, talk.answer(&adapter(), told))).collect();
    hold(&adapter(), &answers);
}

fn read(json: &Value, signed: bool) -> crate::providers::Reading {
    let headers = [("x-webhook-correlation-id".to_owned(), "c-1".to_owned())];
    adapter().read(&Delivery { headers: &headers, json, signed, received_at: NOW }).unwrap()
}

#[test]
fn a_wallet_is_read_from_every_place_where_its_user_may_be_named() {
    let bodies = [
        json!({"event": "wallet.created", "data": {"user": {"uid": "9"}}}),
        json!({"event": "user.wallet.created", "data": {"wallet": {"user_uid": "9"}}}),
        json!({"event": "User.Wallet_Created", "data": {"uid": 9}}),
    ];
    for body in bodies {
        let reading = read(&body, true);
        assert_eq!(reading.kind, "original.wallet_created");
        assert_eq!(reading.key.as_deref(), Some("c-1"));
        assert_eq!(reading.identifiers.iter().map(|id| id.value.as_str()).collect::<Vec<_>>(), ["9"], "{body}");
        assert_eq!(reading.facts[0].trust, Trust::Hint, "without an address a signature proves little");
    }
}

#[test]
fn only_a_signed_and_complete_delivery_is_a_fact() {
    let full: Value = serde_json::from_str(fixture!("hook_wallet_full.json")).unwrap();
    assert_eq!(read(&full, true).facts[0].trust, Trust::Fact);
    assert_eq!(read(&full, true).facts[0].resource, "0xA1");
    assert_eq!(read(&full, false).facts[0].trust, Trust::Hint);
    let minted: Value = serde_json::from_str(fixture!("hook_asset_minted.json")).unwrap();
    let reading = read(&minted, false);
    assert_eq!((reading.kind.as_str(), reading.facts[0].resource.as_str()), ("original.asset_minted", "2"));
    assert_eq!(reading.identifiers[0].kind, "original.asset_uid");
    assert_eq!((reading.facts[0].trust, read(&minted, true).facts[0].trust), (Trust::Hint, Trust::Fact));
}

#[test]
fn a_minted_asset_is_a_hint_of_its_owners_wallet_however_it_is_signed() {
    let minted: Value = serde_json::from_str(fixture!("hook_asset_minted.json")).unwrap();
    for signed in [false, true] {
        let facts = read(&minted, signed).facts;
        let wallet: Vec<_> = facts.iter().skip(1).map(|fact| (fact.name.as_str(), fact.trust)).collect();
        assert_eq!(wallet, [("original.wallet_created", Trust::Hint)], "the user is read then");
    }
    let burned = json!({"event": "asset.burned", "data": {"asset": {"uid": "2"}}});
    assert_eq!(read(&burned, true).facts.len(), 1);
}

#[test]
fn names_of_events_are_compared_by_their_letters() {
    for name in ["Wallet Created", "wallet_created", "WALLET-CREATED", "user.walletCreated", "wallet.created.2"] {
        let reading = read(&json!({"event": name, "data": {"uid": "9"}}), false);
        let fact = reading.facts.first().map(|fact| fact.name.as_str());
        assert_eq!(
            (reading.kind.as_str(), fact),
            ("original.wallet_created", Some("original.wallet_created")),
            "{name}"
        );
    }
    let text = "base_url = \"https://x/v1\"\napi_key = \"k\"\napi_secret = \"s\"\nevents = { wallet_created = [\"7\", \"w\"] }";
    let other = Original::new(crate::providers::original::ROW.section(text).unwrap(), &Policy::default());
    for (name, kind) in [("wallet.created", "original.wallet_created_unaccepted"), ("8", "original.8")] {
        let json = json!({"event": name, "data": {}});
        let reading = other.read(&Delivery { headers: &[], json: &json, signed: true, received_at: NOW }).unwrap();
        assert_eq!((reading.kind.as_str(), reading.facts.len()), (kind, 0), "no type of a fact without the fact");
    }
}

#[test]
fn an_unknown_event_is_remembered_without_facts_and_a_nameless_one_is_unreadable() {
    let reading = read(&json!({"event": "reward.Claimed!", "data": {"uid": "not-a-user"}}), true);
    assert_eq!((reading.kind.as_str(), reading.facts.len()), ("original.reward_claimed_", 0));
    assert_eq!(reading.identifiers, []);
    let nameless = json!({"data": {}});
    let delivery = Delivery { headers: &[], json: &nameless, signed: false, received_at: NOW };
    assert!(adapter().read(&delivery).is_err());
}
