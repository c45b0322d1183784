//! Every documented answer of every action, and undocumented ones; and the catalogue.

use gangway_core::time::Millis;
use serde_json::json;

use super::*;
use crate::providers::talk::hold;

/// What any gateway or a changed provider may answer to a change; without the statuses that an action reads itself.
const ANY_CHANGE: &[(&str, Told<'_>)] = &[
    ("barred", (302, &[], HTML)),
    ("again free", (429, &[], "")),
    ("again free", (429, &[("retry-after", "3")], HTML)),
    ("again", (503, &[("retry-after", "3")], HTML)),
    ("unknown", (503, &[], HTML)),
    ("unknown", (500, &[], "{\"error\": {\"message\": \"Internal error.\"}}")),
    ("unknown", (502, &[], HTML)),
    ("unknown", (200, &[], HTML)),
    ("unknown", (200, &[], "{\"user\": {\"id\"")),
    ("unknown", (200, &[], "[]")),
    ("unknown", (200, &[], "{}")),
    ("again", (404, &[], HTML)),
    ("broken", (400, &[], HTML)),
    ("broken", (418, &[], "{\"error\": {\"message\": \"teapot\"}}")),
];

#[test]
fn every_answer_to_a_start_has_its_one_meaning() {
    let talk = || Talk::new("start_registration", ada());
    let rows: &[(&str, &[Told<'_>])] = &[
        ("started", &[STARTED]),
        ("refused", &[BAD]),
        ("refused", &[(400, &[], "{\"message\": \"email is not valid\"}")]),
        ("refused", &[(400, &[], "{\"error\": \"email is not valid\"}")]),
        ("awaiting_approval", &[(202, &[], "{\"id\": \"ap-1\"}")]),
        ("awaiting_approval", &[(202, &[], "")]),
        ("barred", &[(401, &[], "{\"error\": {\"message\": \"Unauthorized\"}}")]),
        ("barred", &[(403, &[], HTML)]),
        ("exists", &[EXISTS, CHALLENGE, SIGNED, SESSION]),
        ("exists", &[(400, &[], "{\"message\": \"User already exists.\"}"), CHALLENGE, SIGNED, SESSION]),
        ("exists", &[(409, &[], "{\"error\": \"user ALREADY EXISTS\"}"), CHALLENGE, SIGNED, SESSION]),
        ("started", &[EXISTS, CHALLENGE, SIGNED, UNKNOWN_USER, CHALLENGE, SIGNED, STARTED]),
        ("exists", &[EXISTS, CHALLENGE, SIGNED, UNKNOWN_USER, CHALLENGE, SIGNED, MISSING]),
        ("exists", &[EXISTS, CHALLENGE, SIGNED, UNKNOWN_USER, CHALLENGE, SIGNED, EXISTS]),
        ("unknown", &[EXISTS, CHALLENGE, SIGNED, UNKNOWN_USER, CHALLENGE, SIGNED, (500, &[], "")]),
        ("again", &[EXISTS, CHALLENGE, SIGNED, (502, &[], HTML)]),
    ];
    for (ends, told) in rows {
        assert_eq!(talk().ends(&adapter(), &signed(told)), *ends, "{told:?}");
    }
    for (ends, told) in ANY_CHANGE {
        assert_eq!(talk().ends(&adapter(), &signed(&[*told])), *ends, "{told:?}");
    }
    let never = adapter_with("restart = false");
    assert_eq!(talk().ends(&never, &signed(&[EXISTS, CHALLENGE, SIGNED, UNKNOWN_USER])), "exists");
    assert_eq!(Talk::new("start_registration", json!({})).ends(&adapter(), &[]), "broken");
}

#[test]
fn nothing_is_in_doubt_before_the_change_itself_is_sent() {
    let rows: &[(&str, &[Told<'_>])] = &[
        ("barred", &[(401, &[], "{\"error\": {\"message\": \"Unauthorized\"}}")]),
        ("barred", &[(403, &[], HTML)]),
        ("again", &[(500, &[], "")]),
        ("again", &[(200, &[], "{\"challenge\": \"x\"}")]),
        ("again", &[(200, &[], HTML)]),
        ("again free", &[(429, &[], "")]),
        ("broken", &[BAD]),
        ("barred", &[CHALLENGE, (401, &[], "{\"error\": {\"message\": \"bad signature\"}}")]),
        ("again", &[CHALLENGE, (504, &[], "")]),
        ("again", &[CHALLENGE, (200, &[], "{}")]),
    ];
    for (ends, told) in rows {
        assert_eq!(Talk::new("start_registration", ada()).ends(&adapter(), told), *ends, "{told:?}");
    }
}

#[test]
fn a_start_in_doubt_is_begun_again_unless_the_person_is_registered() {
    let talk = || Talk::look_up("start_registration", ada());
    assert_eq!(talk().ends(&adapter(), &signed(&[SESSION])), "exists");
    assert_eq!(talk().ends(&adapter(), &signed(&[UNKNOWN_USER])), "not_done");
    assert_eq!(talk().ends(&adapter(), &signed(&[MISSING])), "not_done");
    assert_eq!(talk().ends(&adapter(), &signed(&[(500, &[], "")])), "again");
    assert_eq!(talk().ends(&adapter(), &signed(&[(403, &[], "")])), "barred");
}

#[test]
fn every_answer_to_a_code_has_its_one_meaning() {
    let input = || json!({"username": "ada@example.org", "registration_code": "1234"});
    let rows: &[(&str, Told<'_>)] = &[
        ("started", STARTED),
        ("exists", EXISTS),
        ("refused", (400, &[], "{\"error\": {\"message\": \"Registration code has expired.\"}}")),
        ("refused", (401, &[], "{\"error\": {\"message\": \"Unauthorized\"}}")),
        ("refused", (403, &[], HTML)),
        ("again", (500, &[], "")),
        ("again", (200, &[], "{}")),
        ("again", (200, &[], HTML)),
        ("barred", (301, &[], "")),
        ("again free", (429, &[], "")),
    ];
    for (ends, told) in rows {
        assert_eq!(Talk::new("start_with_code", input()).ends(&adapter(), &[*told]), *ends, "{told:?}");
    }
    assert_eq!(Talk::new("start_with_code", json!({"username": "ada@example.org"})).ends(&adapter(), &[]), "broken");
}

#[test]
fn every_answer_to_a_completion_has_its_one_meaning_and_401_is_never_our_token() {
    let talk = || Talk::new("complete_enduser", handed_in());
    let no_wallet = r#"{"user": {"id": "us-1"}, "wallets": []}"#;
    let rows: &[(&str, Told<'_>)] = &[
        ("completed", COMPLETED),
        ("exists", EXISTS),
        ("exists", (401, &[], "{\"message\": \"User already exists.\"}")),
        ("token_expired", (401, &[], "{\"error\": {\"message\": \"Unauthorized\"}}")),
        ("token_expired", (401, &[], "")),
        ("token_expired", (400, &[], "{\"error\": {\"message\": \"registration code expired\"}}")),
        ("refused", (400, &[], "{\"error\": {\"message\": \"user deactivated\"}}")),
        ("refused", (403, &[], "")),
        ("awaiting_approval", (202, &[], "{}")),
        ("unknown", (200, &[], no_wallet)),
    ];
    for (ends, told) in rows.iter().chain(ANY_CHANGE) {
        assert_eq!(talk().ends(&adapter(), &[*told]), *ends, "{told:?}");
    }
    for missing in ["temporary_token", "username", "user_id"] {
        let mut input = handed_in();
        input.as_object_mut().unwrap().remove(missing);
        assert_eq!(Talk::new("complete_enduser", input).ends(&adapter(), &[]), "broken", "{missing}");
    }
}

#[test]
fn a_completion_in_doubt_is_settled_by_a_login_and_the_wallets() {
    let talk = || Talk::look_up("complete_enduser", person());
    assert_eq!(talk().ends(&adapter(), &signed(&[SESSION, WALLETS])), "completed");
    assert_eq!(talk().ends(&adapter(), &signed(&[SESSION, NO_WALLETS])), "again");
    assert_eq!(talk().ends(&adapter(), &signed(&[UNKNOWN_USER])), "not_done");
    assert_eq!(talk().ends(&adapter(), &signed(&[SESSION, (500, &[], "")])), "again");
    let (requests, result) = talk().hear(&adapter(), &signed(&[SESSION, WALLETS]));
    assert_eq!(requests.iter().filter(|request| request.effectful).count(), 0);
    assert_eq!(sent(&requests[2]), json!({"username": "ada@example.org"}));
    let answer = done(result);
    assert_eq!((&answer.fields["user_id"], &answer.fields["org_id"]), (&json!("us-1"), &json!("or-1")));
}

#[test]
fn recovery_logs_in_lists_by_owner_and_prefers_a_wallet_that_can_be_used() {
    let (requests, result) = Talk::new("recover", person()).hear(&adapter(), &signed(&[SESSION, WALLETS]));
    let paths: Vec<String> = requests.iter().map(path).collect();
    assert_eq!(paths[2..], ["POST /auth/login/delegated", "GET /wallets?owner=us-1"]);
    assert!(requests.iter().all(|request| !request.effectful));
    let answer = done(result);
    assert_eq!(answer.outcome, "recovered");
    assert_eq!(answer.fields["wallet_id"], json!("wa-1f04s-lqc9q-xxxxxxxxxxxxxxxx"));
    assert_eq!((answer.fields["wallets"].as_array().unwrap().len(), answer.facts.len()), (2, 1));
    assert!(!format!("{:?} {}", answer.secrets, Value::Object(answer.fields)).contains("session"));
    let older = [
        ("wallet_owner = \"ownerId\"", "GET /wallets?ownerId=us-1"),
        ("wallet_owner = \"ownerUsername\"", "GET /wallets?ownerUsername=ada@example.org"),
    ];
    for (settings, asks) in older {
        let talk = Talk::new("recover", person());
        assert_eq!(path(&talk.hear(&adapter_with(settings), &signed(&[SESSION, WALLETS])).0[3]), asks);
    }
    let nameless = Talk::new("recover", json!({"username": "a"}));
    assert_eq!(nameless.ends(&adapter_with(older[0].0), &signed(&[SESSION])), "broken");
}

#[test]
fn every_end_of_the_reads_is_reached() {
    let wallet = || json!({"wallet_id": "wa-1"});
    let strange = (200, [].as_slice(), r#"{"id": "wa-1", "status": "Frozen2030"}"#);
    let bare = (200, [].as_slice(), r#"{"id": "wa-1", "network": "Starknet"}"#);
    let rows: &[(&str, Talk, &[Told<'_>])] = &[
        ("active", Talk::new("get_wallet", wallet()), &[ACTIVE]),
        ("not_active", Talk::new("get_wallet", wallet()), &[INACTIVE]),
        ("not_active", Talk::new("get_wallet", wallet()), &[strange]),
        ("not_active", Talk::new("get_wallet", wallet()), &[bare]),
        ("not_found", Talk::new("get_wallet", wallet()), &[MISSING]),
        ("again", Talk::new("get_wallet", wallet()), &[(404, &[], HTML)]),
        ("again", Talk::new("get_wallet", wallet()), &[(200, &[], "{}")]),
        ("barred", Talk::new("get_wallet", wallet()), &[(401, &[], "")]),
        ("broken", Talk::new("get_wallet", json!({"wallet_id": "../users"})), &[]),
        ("found", Talk::new("list_wallets", person()), &[WALLETS]),
        ("none", Talk::new("list_wallets", person()), &[NO_WALLETS]),
        ("broken", Talk::new("list_wallets", json!({})), &[]),
        ("not_done", Talk::look_up("activate_wallet", wallet()), &[INACTIVE]),
        ("not_done", Talk::look_up("activate_wallet", wallet()), &[MISSING]),
        ("activated", Talk::look_up("activate_wallet", wallet()), &[ACTIVE]),
        ("broken", Talk::new("mint", json!({})), &[]),
    ];
    for (ends, talk, told) in rows {
        assert_eq!(talk.ends(&adapter(), told), *ends, "{} {told:?}", talk.action);
    }
    let rows: &[(&str, &str, Told<'_>)] = &[
        ("recovered", "recover", SESSION),
        ("no_wallet", "recover", SESSION),
        ("not_registered", "recover", UNKNOWN_USER),
        ("refused", "recover", BAD),
        ("awaiting_approval", "recover", (202, &[], "")),
        ("activated", "activate_wallet", ACTIVE),
        ("not_active", "activate_wallet", INACTIVE),
        ("not_found", "activate_wallet", MISSING),
        ("refused", "activate_wallet", BAD),
        ("awaiting_approval", "activate_wallet", (202, &[], "")),
        ("unknown", "activate_wallet", (200, &[], "")),
    ];
    for (ends, action, told) in rows {
        let input = json!({"username": "ada@example.org", "wallet_id": "wa-1"});
        let then: &[Told<'_>] = match *ends {
            "recovered" => &[WALLETS],
            "no_wallet" => &[NO_WALLETS],
            _ => &[],
        };
        assert_eq!(
            Talk::new(action, input).ends(&adapter(), &signed(&[&[*told], then].concat())),
            *ends,
            "{action} {told:?}"
        );
    }
}

#[test]
fn activation_puts_an_empty_object_and_the_wallet_without_address_is_read() {
    let (requests, result) =
        Talk::new("activate_wallet", json!({"wallet_id": "wa-2"})).hear(&adapter(), &signed(&[INACTIVE]));
    assert_eq!(path(&requests[2]), "PUT /wallets/wa-2/activate");
    assert_eq!((sent(&requests[0])["userActionHttpMethod"].clone(), sent(&requests[2])), (json!("PUT"), json!({})));
    let answer = done(result);
    assert!(answer.facts.is_empty() && !answer.fields.contains_key("address"));
    assert_eq!(answer.fields["status"], json!("Inactive"));
}

#[test]
fn all_pages_of_a_list_are_read_with_the_same_filter() {
    let first = r#"{"items": [{"id": "wa-1", "status": "Inactive"}], "nextPageToken": "p2"}"#;
    let second = r#"{"items": [{"id": "wa-2", "status": "Active"}]}"#;
    let (requests, result) =
        Talk::new("list_wallets", person()).hear(&adapter(), &[(200, &[], first), (200, &[], second)]);
    assert_eq!(path(&requests[1]), "GET /wallets?owner=us-1&paginationToken=p2");
    let answer = done(result);
    assert_eq!((answer.identifiers.len(), &answer.fields["wallet_id"]), (2, &json!("wa-2")));
    let endless = vec![(200, [].as_slice(), first); 10];
    assert_eq!(
        Talk::new("list_wallets", person()).ends(&adapter(), &endless),
        "found",
        "ten pages are enough for anybody"
    );
}

#[test]
fn waits_are_read_from_the_header() {
    let (_, result) =
        Talk::new("get_wallet", json!({"wallet_id": "wa-1"})).hear(&adapter(), &[(429, &[("retry-after", "40")], "")]);
    assert!(
        matches!(result, AttemptResult::Again { retry_after: Some(Millis(40_000)), spent: false, .. }),
        "{result:?}"
    );
}

#[test]
fn no_message_of_the_provider_gets_into_a_cause() {
    let told: &[Told<'_>] = &[
        (401, &[], "{\"error\": {\"message\": \"ada@example.org\"}}"),
        (500, &[], "{\"error\": {\"message\": \"ada@example.org\"}}"),
        (418, &[], "{\"error\": {\"message\": \"ada@example.org\"}}"),
    ];
    for told in told {
        let (_, result) = Talk::new("start_registration", ada()).hear(&adapter(), &signed(&[*told]));
        assert!(!format!("{result:?}").contains("ada"), "{result:?}");
    }
}

#[test]
fn whatever_an_action_answers_the_catalogue_knows_and_everything_it_knows_is_answered() {
    let approval: Told<'_> = (202, &[], "");
    let code = || json!({"username": "a", "registration_code": "1"});
    let wallet = || json!({"wallet_id": "wa-1"});
    let changes: &[(&'static str, Value, &[Told<'_>])] = &[
        ("start_registration", ada(), &[STARTED]),
        ("start_registration", ada(), &[EXISTS, CHALLENGE, SIGNED, SESSION]),
        ("start_registration", ada(), &[BAD]),
        ("start_registration", ada(), &[approval]),
        ("recover", person(), &[SESSION, WALLETS]),
        ("recover", person(), &[SESSION, NO_WALLETS]),
        ("recover", person(), &[UNKNOWN_USER]),
        ("recover", person(), &[BAD]),
        ("recover", person(), &[approval]),
        ("activate_wallet", wallet(), &[ACTIVE]),
        ("activate_wallet", wallet(), &[INACTIVE]),
        ("activate_wallet", wallet(), &[MISSING]),
        ("activate_wallet", wallet(), &[BAD]),
        ("activate_wallet", wallet(), &[approval]),
    ];
    let plain: &[(&'static str, Value, &[Told<'_>])] = &[
        ("start_with_code", code(), &[STARTED]),
        ("start_with_code", code(), &[EXISTS]),
        ("start_with_code", code(), &[BAD]),
        ("complete_enduser", handed_in(), &[COMPLETED]),
        ("complete_enduser", handed_in(), &[EXISTS]),
        ("complete_enduser", handed_in(), &[(401, &[], "")]),
        ("complete_enduser", handed_in(), &[BAD]),
        ("complete_enduser", handed_in(), &[approval]),
        ("get_wallet", wallet(), &[ACTIVE]),
        ("get_wallet", wallet(), &[INACTIVE]),
        ("get_wallet", wallet(), &[MISSING]),
        ("list_wallets", person(), &[WALLETS]),
        ("list_wallets", person(), &[NO_WALLETS]),
    ];
    let changes = changes.iter().map(|(action, input, told)| (*action, input, signed(told)));
    let plain = plain.iter().map(|(action, input, told)| (*action, input, told.to_vec()));
    let answers: Vec<_> = changes
        .chain(plain)
        .map(|(action, input, told)| (action, Talk::new(action, input.clone()).answer(&adapter(), &told)))
        .collect();
    hold(&adapter(), &answers);
    let written = answers.iter().flat_map(|(_, answer)| &answer.identifiers);
    assert!(written.into_iter().all(|one| super::super::IDENTIFIER_KINDS.contains(&one.kind.as_str())));
}
