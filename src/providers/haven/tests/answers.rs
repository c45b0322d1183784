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
    let rows: &[(&str, &str, &[Told<'_>])] = &[
        ("started", "", &[STARTED]),
        ("refused", "", &[BAD]),
        ("refused", "", &[(400, &[], "{\"message\": \"email is not valid\"}")]),
        ("refused", "", &[(400, &[], "{\"error\": \"email is not valid\"}")]),
        ("refused", "", &[FORBIDDEN]),
        ("refused", "", &[(401, &[], "{\"error\": {\"message\": \"User is blocked.\"}}")]),
        ("awaiting_approval", "", &[(202, &[], "{\"id\": \"ap-1\"}")]),
        ("awaiting_approval", "", &[(202, &[], "")]),
        ("denied", "", &[(401, &[], "{\"error\": {\"message\": \"Unauthorized\"}}")]),
        ("denied", "", &[(403, &[], HTML)]),
        ("exists", "ada", &[EXISTS, USERS]),
        ("exists", "ada", &[(400, &[], "{\"message\": \"User already exists.\"}"), USERS]),
        ("exists", "ada", &[(409, &[], "{\"error\": \"user ALREADY EXISTS\"}"), USERS]),
        ("unfinished", "bea", &[EXISTS, USERS]),
        ("unfinished", "nobody", &[EXISTS, NOBODY]),
        ("refused", "emil", &[EXISTS, USERS]),
        ("refused", "dan", &[EXISTS, USERS]),
        ("again", "ada", &[EXISTS, (502, &[], HTML)]),
        ("again", "ada", &[EXISTS, (200, &[], "{}")]),
        ("barred", "ada", &[EXISTS, (401, &[], "{\"error\": {\"message\": \"Unauthorized\"}}")]),
        ("exists", "ada", &[EXISTS, NO_LIST, CHALLENGE, SIGNED, SESSION]),
        ("exists", "ada", &[EXISTS, (404, &[], HTML), CHALLENGE, SIGNED, SESSION]),
        ("refused", "emil", &[EXISTS, NO_LIST, CHALLENGE, SIGNED, FORBIDDEN]),
        ("unfinished", "bea", &[EXISTS, NO_LIST, CHALLENGE, SIGNED, UNKNOWN_USER]),
    ];
    for (ends, who, told) in rows {
        let talk = Talk::new("start_registration", named(&format!("{who}@example.org")));
        assert_eq!(talk.ends(&adapter(), &signed(told)), *ends, "{told:?}");
    }
    for (ends, told) in ANY_CHANGE {
        assert_eq!(Talk::new("start_registration", ada()).ends(&adapter(), &signed(&[*told])), *ends, "{told:?}");
    }
    assert_eq!(Talk::new("start_registration", json!({})).ends(&adapter(), &[]), "broken");
}

#[test]
fn an_unfinished_registration_is_begun_anew_only_where_the_settings_say_so_and_never_where_that_is_gone() {
    let talk = || Talk::new("start_registration", named("bea@example.org"));
    let ends = |told: Told<'_>| {
        talk().ends(&adapter_with("restart = true"), &signed(&[EXISTS, USERS, CHALLENGE, SIGNED, told]))
    };
    let rows = [
        ("started", STARTED),
        ("unfinished", MISSING),
        ("unfinished", (404, &[][..], HTML)),
        ("unfinished", (405, &[][..], "")),
        ("unfinished", EXISTS),
        ("refused", FORBIDDEN),
        ("refused", BAD),
        ("refused", UNKNOWN_USER),
        ("awaiting_approval", (202, &[][..], "")),
        ("unknown", (500, &[][..], "")),
        ("denied", (403, &[][..], HTML)),
    ];
    for (as_told, told) in rows {
        assert_eq!(ends(told), as_told, "{told:?}");
    }
    let (requests, _) = talk().hear(&adapter(), &signed(&[EXISTS, USERS]));
    assert!(requests.iter().all(|request| !request.url.contains("restart")), "not unless the settings say so");
    let answer = done(talk().hear(&adapter(), &signed(&[EXISTS, USERS])).1);
    assert_eq!((&answer.fields["code"], &answer.fields["reason"]), (&json!("401"), &json!("User already exists.")));
}

#[test]
fn users_are_made_first_where_the_settings_say_so() {
    let first = adapter_with("new_users = \"first\"");
    let talk = || Talk::new("start_registration", ada());
    let told = [CHALLENGE, SIGNED, MADE, CHALLENGE, SIGNED, STARTED];
    let (requests, result) = talk().hear(&first, &told);
    let paths: Vec<String> = requests.iter().map(path).collect();
    assert_eq!((paths[2].as_str(), paths[5].as_str()), ("POST /auth/users", "POST /auth/registration/delegated"));
    let made = json!({"email": "ada@example.org", "kind": "EndUser", "registration": "Delegated", "externalId": "u-1"});
    assert_eq!(sent(&requests[2]), made);
    assert_eq!(done(result).outcome, "started");
    let rows: &[(&str, &[Told<'_>])] = &[
        ("started", &[EXISTS, CHALLENGE, SIGNED, STARTED]),
        ("exists", &[EXISTS, CHALLENGE, SIGNED, EXISTS, USERS]),
        ("refused", &[BAD]),
        ("refused", &[FORBIDDEN]),
        ("awaiting_approval", &[(202, &[], "")]),
        ("unknown", &[(500, &[], "")]),
        ("unknown", &[MADE, CHALLENGE, SIGNED, (500, &[], "")]),
        ("again", &[MADE, (500, &[], "")]),
    ];
    for (ends, told) in rows {
        assert_eq!(talk().ends(&first, &signed(told)), *ends, "{told:?}");
    }
}

#[test]
fn every_answer_to_making_a_user_has_its_one_meaning() {
    let rows: &[(&str, &[Told<'_>])] = &[
        ("created", &[MADE]),
        ("exists", &[EXISTS]),
        ("refused", &[BAD]),
        ("refused", &[FORBIDDEN]),
        ("awaiting_approval", &[(202, &[], "")]),
        ("denied", &[(401, &[], "")]),
    ];
    for (ends, told) in rows {
        assert_eq!(Talk::new("create_user", ada()).ends(&adapter(), &signed(told)), *ends, "{told:?}");
    }
    for (ends, told) in ANY_CHANGE {
        assert_eq!(Talk::new("create_user", ada()).ends(&adapter(), &signed(&[*told])), *ends, "{told:?}");
    }
    for (ends, who) in [("exists", "ada"), ("exists", "bea"), ("not_done", "nobody"), ("refused", "emil")] {
        let talk = Talk::look_up("create_user", named(&format!("{who}@example.org")));
        assert_eq!(talk.ends(&adapter(), &[USERS]), ends, "{who}");
    }
}

#[test]
fn nothing_is_in_doubt_before_the_change_itself_is_sent() {
    let rows: &[(&str, &[Told<'_>])] = &[
        ("barred", &[(401, &[], "{\"error\": {\"message\": \"Unauthorized\"}}")]),
        ("denied", &[(403, &[], HTML)]),
        ("denied", &[FORBIDDEN]),
        ("barred", &[(403, &[], "{\"error\": {\"message\": \"Missing permission Auth:Action:Sign\"}}")]),
        ("again", &[(500, &[], "")]),
        ("again", &[(200, &[], "{\"challenge\": \"x\"}")]),
        ("again", &[(200, &[], HTML)]),
        ("again free", &[(429, &[], "")]),
        ("broken", &[BAD]),
        ("barred", &[CHALLENGE, (401, &[], "{\"error\": {\"message\": \"bad signature\"}}")]),
        ("again", &[CHALLENGE, (401, &[], "{\"error\": {\"message\": \"Challenge has expired.\"}}")]),
        ("again", &[CHALLENGE, (504, &[], "")]),
        ("again", &[CHALLENGE, (200, &[], "{}")]),
        ("again", &[CHALLENGE, SIGNED, (403, &[], "{\"error\": {\"message\": \"User action has expired.\"}}")]),
        ("denied", &[CHALLENGE, SIGNED, (403, &[], "{\"error\": {\"message\": \"User action is not valid.\"}}")]),
        ("unknown", &[CHALLENGE, SIGNED, (400, &[], "{\"error\": {\"message\": \"User action already used.\"}}")]),
    ];
    for (ends, told) in rows {
        assert_eq!(Talk::new("start_registration", ada()).ends(&adapter(), told), *ends, "{told:?}");
    }
}

#[test]
fn a_start_in_doubt_is_begun_again_unless_the_person_is_registered() {
    for (ends, who) in [("exists", "ada"), ("not_done", "bea"), ("not_done", "nobody"), ("not_done", "emil")] {
        let talk = Talk::look_up("start_registration", named(&format!("{who}@example.org")));
        let (requests, _) = talk.hear(&adapter(), &[USERS]);
        assert_eq!(talk.ends(&adapter(), &[USERS]), ends, "{who}");
        assert_eq!(requests.iter().map(path).collect::<Vec<_>>(), ["GET /auth/users?limit=100"], "nobody is logged in");
    }
    let talk = || Talk::look_up("start_registration", ada());
    let by_login = adapter_with(BY_LOGIN);
    assert_eq!(talk().ends(&by_login, &signed(&[SESSION])), "exists");
    assert_eq!(talk().ends(&by_login, &signed(&[UNKNOWN_USER])), "not_done");
    assert_eq!(talk().ends(&by_login, &signed(&[MISSING])), "not_done");
    assert_eq!(talk().ends(&by_login, &signed(&[(500, &[], "")])), "again");
    assert_eq!(talk().ends(&by_login, &signed(&[(403, &[], "")])), "denied");
    assert_eq!(talk().ends(&by_login, &signed(&[FORBIDDEN])), "not_done", "it is asked to begin, and told then");
}

#[test]
fn the_list_of_users_is_read_page_by_page_and_given_up_when_it_is_longer_than_a_login_takes() {
    let page =
        r#"{"items": [{"userId": "us-9", "username": "z@example.org", "isRegistered": true}], "nextPageToken": "p"}"#;
    let talk = Talk::look_up("start_registration", ada());
    let (requests, _) = talk.hear(&adapter(), &[(200, &[], page), USERS]);
    assert!(path(&requests[1]).ends_with("limit=100&paginationToken=p"));
    let endless = [vec![(200, [].as_slice(), page); 50], signed(&[SESSION])].concat();
    assert_eq!(talk.ends(&adapter(), &endless), "exists");
}

#[test]
fn every_answer_to_a_code_has_its_one_meaning() {
    let input = || json!({"username": "ada@example.org", "registration_code": "1234"});
    let rows: &[(&str, Told<'_>)] = &[
        ("started", STARTED),
        ("exists", EXISTS),
        ("refused", (400, &[], "{\"error\": {\"message\": \"Registration code has expired.\"}}")),
        ("refused", (401, &[], "{\"error\": {\"message\": \"Unauthorized\"}}")),
        ("refused", (403, &[], "{\"error\": {\"message\": \"Not this code.\"}}")),
        ("denied", (403, &[], HTML)),
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
        ("refused", (403, &[], "{\"error\": {\"message\": \"Not this person.\"}}")),
        ("denied", (403, &[], "")),
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
fn a_completion_in_doubt_is_settled_by_how_the_user_stands_and_the_wallets() {
    let talk = || Talk::look_up("complete_enduser", person());
    assert_eq!(talk().ends(&adapter(), &[USERS, WALLETS]), "completed");
    assert_eq!(talk().ends(&adapter(), &[USERS, NO_WALLETS]), "again");
    assert_eq!(talk().ends(&adapter(), &[NOBODY]), "not_done");
    assert_eq!(talk().ends(&adapter(), &[USERS, (500, &[], "")]), "again");
    let by_login = adapter_with(BY_LOGIN);
    assert_eq!(talk().ends(&by_login, &signed(&[UNKNOWN_USER])), "not_done");
    assert_eq!(talk().ends(&by_login, &signed(&[FORBIDDEN])), "refused");
    let (requests, result) = talk().hear(&by_login, &signed(&[SESSION, WALLETS]));
    assert_eq!(requests.iter().filter(|request| request.effectful).count(), 0);
    assert_eq!(sent(&requests[2]), json!({"username": "ada@example.org"}));
    let answer = done(result);
    assert_eq!((&answer.fields["user_id"], &answer.fields["org_id"]), (&json!("us-1"), &json!("or-1")));
}

#[test]
fn recovery_lists_by_owner_and_prefers_a_wallet_that_can_be_used() {
    let (requests, _) =
        Talk::new("recover", json!({"username": "ada@example.org"})).hear(&adapter(), &[USERS, WALLETS]);
    assert_eq!(path(&requests[1]), "GET /wallets?owner=us-1", "the id that the list of users told");
    let (requests, result) = Talk::new("recover", person()).hear(&adapter_with(BY_LOGIN), &signed(&[SESSION, WALLETS]));
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
        assert_eq!(path(&talk.hear(&adapter_with(settings), &[USERS, WALLETS]).0[1]), asks);
    }
    let nameless = Talk::new("recover", json!({"username": "a"}));
    let by_login = adapter_with(&format!("{}\n{BY_LOGIN}", older[0].0));
    assert_eq!(nameless.ends(&by_login, &signed(&[SESSION])), "broken");
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
        ("refused", Talk::new("get_wallet", wallet()), &[FORBIDDEN]),
        ("denied", Talk::new("get_wallet", wallet()), &[(403, &[], HTML)]),
        ("again", Talk::new("get_wallet", wallet()), &[TRANSACTION]),
        ("active", Talk::new("get_wallet", wallet()), &[(200, &[], r#"[{"id": "wa-1", "status": "ACTIVE"}]"#)]),
        ("refused", Talk::new("list_wallets", person()), &[FORBIDDEN]),
        ("again", Talk::new("list_wallets", person()), &[(200, &[], "{}")]),
        ("found", Talk::new("list_wallets", person()), &[(200, &[], r#"[{"id": "wa-1"}, {"id": "wa-2"}]"#)]),
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
        ("refused", "recover", FORBIDDEN),
        ("denied", "recover", (403, &[], HTML)),
        ("awaiting_approval", "recover", (202, &[], "")),
        ("not_found", "activate_wallet", MISSING),
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
            Talk::new(action, input).ends(&adapter_with(BY_LOGIN), &signed(&[&[*told], then].concat())),
            *ends,
            "{action} {told:?}"
        );
    }
}

#[test]
fn an_activation_posts_and_its_answer_is_a_transaction_that_is_not_the_wallet() {
    let wallet_id = "wa-2b2b2-lqc9q-xxxxxxxxxxxxxxxx";
    let input = |body: Value| json!({"wallet_id": wallet_id, "body": body});
    let talk = |body| Talk::new("activate_wallet", input(body));
    let (requests, result) = talk(Value::Null).hear(&adapter(), &signed(&[TRANSACTION]));
    assert_eq!(path(&requests[2]), format!("POST /wallets/{wallet_id}/activate"));
    assert_eq!((sent(&requests[0])["userActionHttpMethod"].clone(), sent(&requests[2])), (json!("POST"), json!({})));
    let answer = done(result);
    let written = json!({
        "wallet_id": wallet_id, "transaction_id": "tx-4c5d6-7e8f9-xxxxxxxxxxxxxxxx", "transaction_status": "Pending",
    });
    assert_eq!((answer.outcome.as_str(), Value::Object(answer.fields)), ("requested", written));
    assert!(answer.identifiers.is_empty() && answer.facts.is_empty());
    let (requests, _) = talk(json!({"validatorId": "cv-1"})).hear(&adapter(), &signed(&[TRANSACTION]));
    assert_eq!(sent(&requests[2]), json!({"validatorId": "cv-1"}), "what some networks want with it");
    assert_eq!(talk(json!("cv-1")).ends(&adapter(), &[]), "broken");
    let failed = TRANSACTION.2.replace("Pending", "Failed");
    let other = TRANSACTION.2.replace("wa-2b2b2", "wa-9z9z9");
    let the_wallet = ACTIVE.2.replace("wa-1f04s", "wa-2b2b2");
    let rows: &[(&str, &[Told<'_>])] = &[
        ("refused", &[(200, &[], &failed)]),
        ("unknown", &[(200, &[], &other)]),
        ("activated", &[(200, &[], &the_wallet)]),
        ("requested", &[INACTIVE]),
        ("refused", &[BAD, INACTIVE]),
        ("activated", &[(400, &[], "{\"error\": {\"message\": \"Wallet is active.\"}}"), (200, &[], &the_wallet)]),
        ("refused", &[FORBIDDEN, INACTIVE]),
        ("broken", &[(405, &[], "")]),
    ];
    for (ends, told) in rows {
        assert_eq!(talk(Value::Null).ends(&adapter(), &signed(told)), *ends, "{told:?}");
    }
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
        ("create_user", ada(), &[MADE]),
        ("create_user", ada(), &[EXISTS]),
        ("create_user", ada(), &[BAD]),
        ("create_user", ada(), &[approval]),
        ("start_registration", ada(), &[STARTED]),
        ("start_registration", ada(), &[LEAST]),
        ("start_registration", ada(), &[EXISTS, USERS]),
        ("start_registration", ada(), &[EXISTS, NOBODY]),
        ("start_registration", ada(), &[BAD]),
        ("start_registration", ada(), &[approval]),
        ("activate_wallet", json!({"wallet_id": "wa-1f04s-lqc9q-xxxxxxxxxxxxxxxx"}), &[ACTIVE]),
        ("activate_wallet", json!({"wallet_id": "wa-2b2b2-lqc9q-xxxxxxxxxxxxxxxx"}), &[TRANSACTION]),
        ("activate_wallet", wallet(), &[MISSING]),
        ("activate_wallet", wallet(), &[BAD, INACTIVE]),
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
        ("list_wallets", person(), &[FORBIDDEN]),
        ("get_wallet", wallet(), &[FORBIDDEN]),
        ("recover", person(), &[USERS, WALLETS]),
        ("recover", person(), &[USERS, NO_WALLETS]),
        ("recover", person(), &[NOBODY]),
        ("recover", named("emil@example.org"), &[USERS]),
    ];
    let by_login = signed(&[approval]);
    let changes = changes.iter().map(|(action, input, told)| (*action, input, signed(told)));
    let plain = plain.iter().map(|(action, input, told)| (*action, input, told.to_vec()));
    let answers: Vec<_> = changes
        .chain(plain)
        .map(|(action, input, told)| (action, Talk::new(action, input.clone()).answer(&adapter(), &told)))
        .collect();
    let waits = Talk::new("recover", person()).answer(&adapter_with(BY_LOGIN), &by_login);
    let answers: Vec<_> = answers.into_iter().chain([("recover", waits)]).collect();
    hold(&adapter(), &answers);
    let written = answers.iter().flat_map(|(_, answer)| &answer.identifiers);
    assert!(written.into_iter().all(|one| super::super::IDENTIFIER_KINDS.contains(&one.kind.as_str())));
}
