//! Conversations without a network: a call, the answers it meets, how it ends. `register_request.json` and
//! `registered.json` are the given document's own bodies.

use gangway_core::catalogue::Catalogue;
use gangway_core::effect::Mode;
use gangway_core::outcome::AttemptResult;
use gangway_core::retry::Policy;
use gangway_core::time::{Millis, Timestamp};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::Waltid;
use crate::providers::talk::{NOW, Talk, Told, body as json_of, hold, line as path, token};
use crate::providers::{Adapter, Delivery, Stop, Token};

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("fixtures/", $name))
    };
}

const REGISTERED: Told<'_> = (201, &[], fixture!("registered.json"));
const CONFLICT: Told<'_> = (409, &[], fixture!("conflict.json"));
const MALFORMED: Told<'_> = (400, &[], fixture!("malformed.json"));
const LISTED: Told<'_> = (200, &[], fixture!("accounts.json"));
const NOT_LISTED: Told<'_> = (200, &[], fixture!("accounts_without_him.json"));
const LOGGED_IN: Told<'_> = (200, &[], fixture!("login.json"));
const HTML: &str = fixture!("gateway.html");
const HIS_ID: &str = "5e4eb66b-36c3-46bc-bc03-9a5eefc582f0";
const LEAST: &str = "base_url = \"https://enterprise-sandbox.waltid.dev\"\n\
    org_url = \"https://acme.enterprise-sandbox.waltid.dev\"\norganization = \"acme\"\ntenant = \"t1\"\n\
    email = \"admin@example.org\"\npassword = \"admin-password\"\n";

fn usual() -> Waltid {
    adapter("")
}

fn adapter(more: &str) -> Waltid {
    Waltid::new(crate::providers::waltid::ROW.section(&format!("{LEAST}{more}")).unwrap(), &Policy::default())
}

fn max() -> Value {
    json!({"name": "Max Mustermann", "email": "max.mustermann@example.org", "addressCountry": "AT",
        "address": "Liechtensteinstraße 111/115, 1090 Vienna", "timeZone": "UTC", "languagePreference": "EN",
        "password": "password123456"})
}

fn with(mut input: Value, name: &str, value: Value) -> Value {
    input[name] = value;
    input
}

#[test]
fn the_given_documents_own_examples_are_sent_and_understood() {
    let given: Value = serde_json::from_str(fixture!("register_request.json")).unwrap();
    let routes = [
        (json!(false), "POST https://enterprise-sandbox.waltid.dev/v1/admin/account/register", Some("admin")),
        (json!(true), "POST https://enterprise-sandbox.waltid.dev/v1/account/register", None),
    ];
    for (open, route, token) in routes {
        let (requests, result) = Talk::new("register", with(max(), "open", open)).hear(&usual(), &[REGISTERED]);
        let [request] = requests.as_slice() else { panic!("{requests:?}") };
        assert_eq!((path(request).as_str(), request.token), (route, token));
        assert!(request.effectful && request.secret_headers.is_empty());
        let headers: Vec<_> = request.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(headers, [("accept", "*/*"), ("content-type", "application/json")]);
        assert_eq!(json_of(request), given);
        let AttemptResult::Done(answer) = result else { panic!("{result:?}") };
        assert_eq!(answer.outcome, "registered");
        let expected = json!({"account_id": HIS_ID, "type": "USER", "flags": [], "roles": {}});
        assert_eq!(Value::Object(answer.fields), expected);
        assert_eq!((answer.identifiers[0].kind.as_str(), &*answer.identifiers[0].value), ("waltid.account_id", HIS_ID));
    }
    let always = Talk::new("register", max()).hear(&adapter("open = true"), &[REGISTERED]).0;
    assert_eq!(always[0].token, None, "the setting opens it for every flow that says nothing");
}

#[test]
fn what_a_flow_leaves_out_is_left_out_and_preferences_have_defaults() {
    let input = json!({"name": "A", "email": "a@example.org", "password": "p", "languagePreference": "de-AT"});
    let body = json_of(&Talk::new("register", input).hear(&usual(), &[REGISTERED]).0[0]);
    assert_eq!(body["profile"], json!({"name": "A", "email": "a@example.org"}));
    assert_eq!(body["preferences"], json!({"timeZone": "UTC", "languagePreference": "DE"}));
    assert_eq!(body["profile"]["email"], body["initialAuth"]["identifier"]["email"]);
    for missing in ["name", "email", "password"] {
        assert_eq!(Talk::new("register", with(max(), missing, Value::Null)).ends(&usual(), &[]), "broken", "{missing}");
    }
}

#[test]
fn every_answer_to_a_registration_has_its_one_meaning() {
    let rows: &[(&str, &[Told<'_>])] = &[
        ("registered", &[REGISTERED]),
        ("registered", &[(200, &[], "{\"id\": \"1\", \"type\": \"A_TYPE_OF_TOMORROW\"}")]),
        ("exists", &[CONFLICT, LISTED]),
        ("exists", &[(409, &[], ""), LISTED]),
        ("exists", &[(400, &[], "{\"message\": \"E-mail already in use\"}"), LISTED]),
        ("exists", &[(500, &[], "DuplicateTarget: account"), LISTED]),
        ("exists", &[(422, &[], "{\"error\": \"user exists\"}"), LISTED]),
        ("exists", &[(200, &[], "{\"exception\": true, \"message\": \"it exists\"}"), LISTED]),
        ("again", &[CONFLICT, NOT_LISTED]),
        ("refused", &[MALFORMED]),
        ("refused", &[(400, &[], "not json at all")]),
        ("refused", &[(422, &[], "{}")]),
        ("barred", &[(401, &[], "{\"message\": \"token already expired\"}")]),
        ("denied", &[(403, &[], "")]),
        ("denied", &[(403, &[], "{\"message\": \"the account already exists\"}")]),
        ("barred", &[(301, &[], HTML)]),
        ("denied", &[(404, &[], "{\"message\": \"no such route exists\"}")]),
        ("again free", &[(429, &[("retry-after", "3")], "")]),
        ("again", &[(503, &[("retry-after", "3")], HTML)]),
        ("again", &[(404, &[], HTML)]),
        ("again", &[(408, &[], "")]),
        ("unknown", &[(503, &[], HTML)]),
        ("unknown", &[(500, &[], "{\"message\": \"boom\"}")]),
        ("unknown", &[(502, &[], "<html>this page already exists</html>")]),
        ("unknown", &[(201, &[], HTML)]),
        ("unknown", &[(201, &[], "{\"_id\": \"5e4e")]),
        ("unknown", &[(201, &[], "")]),
        ("unknown", &[(201, &[], "{\"type\": \"USER\"}")]),
        ("refused", &[(418, &[], "{}")]),
        ("refused", &[(400, &[], HTML)]),
        ("refused", &[(200, &[], "{\"exception\": true, \"code\": \"400\", \"message\": \"too short\"}")]),
        ("unknown", &[(200, &[], "{\"exception\": true, \"message\": \"something\"}")]),
        ("unknown", &[(200, &[], "{\"exception\": true, \"code\": 401}")]),
        ("unknown", &[(201, &[], "[]")]),
        ("unknown", &[(201, &[], "{\"_id\": {\"$oid\": \"1\"}}")]),
        ("registered", &[(201, &[], "{\"_id\": 17}")]),
        ("denied", &[CONFLICT, (403, &[], "")]),
        ("again", &[CONFLICT, (500, &[], HTML)]),
    ];
    for (ends, told) in rows {
        assert_eq!(Talk::new("register", max()).ends(&usual(), told), *ends, "{told:?}");
    }
    let (_, AttemptResult::Done(answer)) = Talk::new("register", max()).hear(&usual(), &[MALFORMED]) else { panic!() };
    let expected = json!({"status": 400, "code": "IllegalArgument", "reason": "Field addressCountry is required"});
    assert_eq!(Value::Object(answer.fields), expected);
    let (_, AttemptResult::Done(answer)) = Talk::new("register", max()).hear(&usual(), &[CONFLICT, LISTED]) else {
        panic!()
    };
    assert_eq!(answer.fields["account_id"], json!(HIS_ID), "capitals in the e-mail make no difference");
}

#[test]
fn every_shape_of_a_refusal_gives_code_and_reason_and_neither_is_in_a_cause() {
    let none = "the provider gives no reason";
    let rows: &[(u16, &str, &str, &str)] = &[
        (400, "{\"exception\": true, \"id\": \"IllegalArgument\", \"message\": \"a\"}", "IllegalArgument", "a"),
        (400, "{\"code\": \"400\", \"message\": \"a\"}", "400", "a"),
        (422, "{\"code\": 4711, \"message\": [\"a\", \"b\"]}", "4711", "a; b"),
        (422, "{\"error\": \"InvalidEmail\"}", "InvalidEmail", "InvalidEmail"),
        (422, "{\"error\": \"this is wrong\"}", "422", "this is wrong"),
        (422, "{\"error\": {\"message\": \"deep\"}}", "422", "deep"),
        (400, "{\"detail\": 5}", "400", "5"),
        (400, "in words", "400", "in words"),
        (400, "[\"one\", \"two\"]", "400", "one; two"),
        (400, "{\"message\": ", "400", "{\"message\":"),
        (400, HTML, "400", none),
        (400, "", "400", none),
        (400, "{}", "400", none),
        (415, "null", "415", none),
    ];
    for (status, body, code, reason) in rows {
        let fields = Talk::new("register", max()).answer(&usual(), &[(*status, &[], body)]).fields;
        assert_eq!(json!(fields), json!({"status": status, "code": code, "reason": reason}), "{body}");
    }
    let cause = |told: Told<'_>| Talk::new("register", max()).cause(&usual(), &[told]);
    let told = cause((403, &[], "{\"id\": \"AccountForbidden\", \"message\": \"max@example.org may not\"}"));
    assert!(told.contains("(403 AccountForbidden)") && !told.contains("max@"), "{told}");
    assert!(cause((403, &[], "{\"error\": \"max@example.org\"}")).contains("(403)"));
}

#[test]
fn what_a_duplicate_looks_like_is_a_setting() {
    let talk = || Talk::new("register", max());
    let told = adapter("[duplicate]\nstatuses = [412]\ntexts = [\"taken\"]");
    assert_eq!(talk().ends(&told, &[(412, &[], ""), LISTED]), "exists");
    assert_eq!(talk().ends(&told, &[(400, &[], "e-mail is taken"), LISTED]), "exists");
    assert_eq!(talk().ends(&told, &[(400, &[], "it exists")]), "refused");
    assert_eq!(talk().ends(&told, &[(409, &[], "it exists")]), "refused");
}

#[test]
fn a_closed_open_route_says_what_to_switch_on() {
    for told in [(403, &[][..], ""), (401, &[], ""), (404, &[], "{}")] {
        let talk = Talk::new("register", with(max(), "open", json!(true)));
        let cause = talk.cause(&usual(), &[told]);
        assert!(cause.contains("account-registration") && cause.starts_with("denied"), "{told:?}: {cause}");
    }
}

#[test]
fn an_uncertain_registration_is_looked_up_and_its_password_tells_whether_it_is_ours() {
    let rows: &[(&str, &[Told<'_>])] = &[
        ("not_done", &[NOT_LISTED]),
        ("not_done", &[(200, &[], "[]")]),
        ("registered", &[LISTED, LOGGED_IN]),
        ("registered", &[LISTED, (200, &[], fixture!("login_next_step.json"))]),
        ("exists", &[LISTED, (401, &[], "")]),
        ("exists", &[LISTED, (400, &[], "{}")]),
        ("registered", &[LISTED, (200, &[], "{\"accessToken\": \"t\"}")]),
        ("registered", &[LISTED, (200, &[], "{\"data\": {\"token\": \"t\"}}")]),
        ("again", &[LISTED, (200, &[], "{\"token\": \"\"}")]),
        ("again", &[LISTED, (404, &[], HTML)]),
        ("broken", &[LISTED, (404, &[], "{}")]),
        ("denied", &[LISTED, (403, &[], "")]),
        ("again", &[LISTED, (500, &[], HTML)]),
        ("again", &[LISTED, (200, &[], HTML)]),
        ("again free", &[LISTED, (429, &[], "")]),
        ("again", &[(502, &[], HTML)]),
        ("again", &[(200, &[], "[{\"_id\"")]),
        ("broken", &[(200, &[], "{\"accounts\": []}")]),
        ("denied", &[(403, &[], "")]),
    ];
    for (ends, told) in rows {
        assert_eq!(Talk::new("register", max()).uncertain(Mode::LookUp).ends(&usual(), told), *ends, "{told:?}");
    }
    let (requests, _) = Talk::new("register", max()).uncertain(Mode::LookUp).hear(&usual(), &[LISTED, LOGGED_IN]);
    assert_eq!(path(&requests[0]), "GET https://enterprise-sandbox.waltid.dev/v1/admin/accounts");
    assert_eq!(
        (path(&requests[1]).as_str(), requests[1].token),
        ("POST https://enterprise-sandbox.waltid.dev/auth/account/emailpass", None)
    );
    assert_eq!(json_of(&requests[1]), json!({"email": "max.mustermann@example.org", "password": "password123456"}));
    assert!(requests.iter().all(|request| !request.effectful), "a look-up changes nothing");
    // The repeat that meets its own work, with and without the proof.
    assert_eq!(
        Talk::new("register", max()).uncertain(Mode::Do).ends(&usual(), &[CONFLICT, LISTED, LOGGED_IN]),
        "registered"
    );
    assert_eq!(
        Talk::new("register", max()).uncertain(Mode::Do).ends(&usual(), &[CONFLICT, LISTED, (401, &[], "")]),
        "exists"
    );
    assert_eq!(
        Talk::new("register", max()).uncertain(Mode::LookUp).ends(&adapter("prove_by_login = false"), &[LISTED]),
        "registered"
    );
}

#[test]
fn the_list_is_paged_as_the_settings_say() {
    const PAGED: &str = "[accounts]\nitems = \"/items\"\nemail_param = \"email\"\npage_param = \"page\"\n\
        first_page = 1\nsize_param = \"limit\"\nsize = 1\npages = 3";
    let page = |id: &str, email: &str| json!({"items": [{"_id": id, "profile": {"email": email}}]}).to_string();
    let (one, two, mine) =
        (page("1", "a@x.example"), page("2", "b@x.example"), page("3", "max.mustermann@example.org"));
    let talk = || Talk::new("find_account", json!({"email": "max.mustermann@example.org"}));
    let paged = adapter(PAGED);
    let (requests, result) = talk().hear(&paged, &[(200, &[], &one), (200, &[], &two), (200, &[], &mine)]);
    let AttemptResult::Done(answer) = result else { panic!("{result:?}") };
    assert_eq!((answer.outcome.as_str(), &answer.fields["account_id"]), ("found", &json!("3")));
    let queries: Vec<&str> = requests.iter().map(|request| request.query[1].1.as_str()).collect();
    assert_eq!(queries, ["1", "2", "3"]);
    assert_eq!(requests[0].query[0], ("email".to_owned(), "max.mustermann@example.org".to_owned()));
    assert_eq!(requests[0].query[2], ("limit".to_owned(), "1".to_owned()));
    assert_eq!(talk().ends(&paged, &[(200, &[], &one), (200, &[], "{\"items\": []}")]), "not_found");
    assert_eq!(talk().ends(&paged, &[(200, &[], &one), (200, &[], &one)]), "not_found", "a list that knows no pages");
    let three = page("3", "c@x.example");
    assert!(talk().cause(&paged, &[(200, &[], &one), (200, &[], &two), (200, &[], &three)]).contains("accounts.size"));
    assert_eq!(Talk::new("find_account", json!({"email": ""})).ends(&usual(), &[]), "broken");
    assert_eq!(Talk::new("find_account", json!({"email": "a@b"})).ends(&usual(), &[LISTED]), "not_found");
}

#[test]
fn a_role_is_added_on_the_global_host_and_adding_it_twice_is_well() {
    let input = || json!({"account_id": HIS_ID, "role": "acme.member"});
    let (requests, _) = Talk::new("assign_role", input()).hear(&usual(), &[(200, &[], "{}")]);
    let expected =
        format!("POST https://enterprise-sandbox.waltid.dev/v1/admin/account/{HIS_ID}/roles/add/acme/acme.member");
    assert_eq!((path(&requests[0]), requests[0].body.as_deref()), (expected, None));
    let rows: &[(&str, Told<'_>)] = &[
        ("assigned", (200, &[], "")),
        ("assigned", (204, &[], "")),
        ("assigned", (400, &[], "role is already assigned")),
        ("refused", (404, &[], "{\"message\": \"No role with this id exists\"}")),
        ("refused", (404, &[], "role is already gone")),
        ("refused", (400, &[], "the role exists in another organisation")),
        ("refused", (400, &[], "Duplicate")),
        ("refused", (400, &[], "{}")),
        ("denied", (403, &[], "the role is already there")),
        ("again free", (429, &[], "")),
        ("unknown", (500, &[], "")),
        ("unknown", (200, &[], HTML)),
    ];
    for (ends, told) in rows {
        assert_eq!(Talk::new("assign_role", input()).ends(&usual(), &[*told]), *ends, "{told:?}");
    }
    assert_eq!(
        Talk::new("assign_role", input()).uncertain(Mode::LookUp).ends(&usual(), &[(200, &[], "{}")]),
        "assigned",
        "sent again"
    );
    let listed = |roles: Value| json!([{"_id": "other"}, {"_id": HIS_ID, "roles": roles}]).to_string();
    for (roles, ends) in [
        (json!({"acme": ["acme.member"]}), "assigned"),
        (json!({"acme.member": {}}), "assigned"),
        (json!(["acme.member"]), "assigned"),
        (json!({"acme": ["acme.admin"]}), "refused"),
        (json!({}), "refused"),
        (json!(null), "refused"),
    ] {
        let told: &[Told<'_>] = &[(409, &[], "conflict"), (200, &[], &listed(roles))];
        assert_eq!(Talk::new("assign_role", input()).ends(&usual(), told), ends, "a 409 is read back: {told:?}");
    }
    assert_eq!(Talk::new("assign_role", input()).ends(&usual(), &[CONFLICT]), "assigned", "it says already");
    assert_eq!(Talk::new("assign_role", input()).ends(&usual(), &[(409, &[], ""), (500, &[], "")]), "again");
    assert!(Talk::new("assign_role", json!({"account_id": HIS_ID})).cause(&usual(), &[]).contains("{role}"));
    assert_eq!(Talk::new("assign_role", with(input(), "account_id", json!("../1"))).ends(&usual(), &[]), "broken");
    let other = "[role]\nhost = \"org\"\npath = \"/v1/{org}/roles-api/roles/account/assign\"\n\
        body = { assigneeEmail = \"{email}\" }";
    let by_email =
        Talk::new("assign_role", json!({"email": "max@example.org"})).hear(&adapter(other), &[(200, &[], "{}")]).0;
    assert_eq!(
        path(&by_email[0]),
        "POST https://acme.enterprise-sandbox.waltid.dev/v1/acme/roles-api/roles/account/assign"
    );
    assert_eq!(json_of(&by_email[0]), json!({"assigneeEmail": "max@example.org"}));
}

#[test]
fn a_wallet_service_is_made_on_the_organisations_host_and_may_be_made_again() {
    let input = || json!({"account_id": HIS_ID});
    let (requests, result) = Talk::new("init_wallet_service", input()).hear(&usual(), &[(201, &[], "{}")]);
    assert_eq!(
        path(&requests[0]),
        "POST https://acme.enterprise-sandbox.waltid.dev/v1/acme.t1/resource-api/services/init"
    );
    let target = format!("acme.t1.wallet-{HIS_ID}");
    let at = |name: &str| format!("{target}-{name}");
    let key = json!({"createIfNotFound": true, "target": at("kms.key"),
        "config": {"backend": "jwk", "keyType": "secp256r1"}});
    let whole = json!({"wallet": {
        "createIfNotFound": true, "target": target,
        "kms": {"createIfNotFound": true, "target": at("kms"), "key": key},
        "didStore": {"createIfNotFound": true, "target": at("did-store")},
        "didService": {"createIfNotFound": true, "target": at("did-service"),
            "dependencies": [at("kms"), at("did-store")],
            "did": {"createIfNotFound": true, "target": at("did-store.did"), "type": "jwk"}},
        "credentialStore": {"createIfNotFound": true, "target": at("credential-store")},
    }});
    assert_eq!(json_of(&requests[0]), whole, "a wallet alone could hold nothing");
    let AttemptResult::Done(answer) = result else { panic!("{result:?}") };
    assert_eq!(answer.fields["wallet"], json!(format!("wallet-{HIS_ID}")));
    assert_eq!(
        Talk::new("init_wallet_service", input()).uncertain(Mode::LookUp).ends(&usual(), &[(200, &[], "{}")]),
        "ready"
    );
    assert_eq!(Talk::new("init_wallet_service", input()).ends(&usual(), &[CONFLICT]), "ready");
    assert_eq!(Talk::new("init_wallet_service", input()).ends(&usual(), &[MALFORMED]), "refused");
    for (ends, told) in [
        ("ready", (400, &[][..], "the service already exists")),
        ("refused", (404, &[], "the tenant already exists, but not here")),
        ("refused", (400, &[], "no such tenant exists")),
        ("denied", (403, &[], "")),
    ] {
        assert_eq!(Talk::new("init_wallet_service", input()).ends(&usual(), &[told]), ends, "{told:?}");
    }
    assert_eq!(Talk::new("init_wallet_service", input()).ends(&usual(), &[(500, &[], "")]), "unknown");
    let create =
        "[wallet]\npath = \"/v1/{org}.{tenant}.{wallet}/resource-api/services/create\"\nbody = { type = \"wallet2\" }";
    let named = with(input(), "wallet", json!("w1"));
    let created = Talk::new("init_wallet_service", named).hear(&adapter(create), &[(201, &[], "{}")]).0;
    assert!(path(&created[0]).ends_with("/v1/acme.t1.w1/resource-api/services/create"));
    assert_eq!(json_of(&created[0]), json!({"type": "wallet2"}));
}

#[test]
fn a_login_brings_the_token_and_every_other_answer_says_what_to_mend() {
    let (requests, ended) = token(&usual(), "admin", &[LOGGED_IN]);
    assert_eq!(path(&requests[0]), "POST https://enterprise-sandbox.waltid.dev/auth/account/emailpass");
    assert_eq!(json_of(&requests[0]), json!({"email": "admin@example.org", "password": "admin-password"}));
    let Token { value, good_for } = ended.unwrap();
    assert_eq!((value.expose_secret(), good_for), ("eyJ-a-token", Some(Millis::secs(3600))));
    let login = |told: Told<'_>| token(&usual(), "admin", &[told]).1;
    for told in ["{\"accessToken\": \"other\"}", "{\"data\": {\"token\": \"other\"}, \"token\": null}"] {
        assert_eq!(login((200, &[], told)).unwrap().value.expose_secret(), "other", "{told}");
    }
    let barred: &[(Told<'_>, &str)] = &[
        ((200, &[], fixture!("login_next_step.json")), "a further step (totp)"),
        ((200, &[], "{\"status\": \"CONTINUE_NEXT_FLOW\"}"), "a further step"),
        ((200, &[], "{\"status\": \"OK\"}"), "without a token"),
        ((200, &[], "{\"token\": {\"value\": \"t\"}}"), "without a token"),
        ((401, &[], ""), "providers.waltid.email"),
        ((404, &[], HTML), "login_path"),
        ((302, &[], ""), "redirect"),
    ];
    for (told, says) in barred {
        let Err(Stop::Barred(cause)) = login(*told) else { panic!("{told:?}") };
        assert!(cause.contains(says) && !cause.contains("admin-password"), "{cause}");
    }
    for told in [(500, &[][..], ""), (429, &[("retry-after", "2")], ""), (200, &[], HTML)] {
        assert!(matches!(login(told), Err(Stop::Away(..))), "{told:?}");
    }
    let Token { value, good_for } = token(&adapter("api_key = \"key-1\""), "admin", &[]).1.unwrap();
    assert_eq!((value.expose_secret(), good_for), ("key-1", None), "a key goes before a login");
}

#[test]
fn whatever_an_action_answers_the_catalogue_knows_and_it_lists_nothing_else() {
    let mut catalogue = Catalogue::default();
    adapter("[password_rule]\nlength = 30").describe(&mut catalogue);
    assert_eq!(catalogue.passwords["waltid"].length, 30);
    let id = || json!({"account_id": HIS_ID, "role": "r"});
    let talks: &[(Talk, &[Told<'_>])] = &[
        (Talk::new("register", max()), &[REGISTERED]),
        (Talk::new("register", max()), &[CONFLICT, LISTED]),
        (Talk::new("register", max()), &[MALFORMED]),
        (Talk::new("find_account", max()), &[LISTED]),
        (Talk::new("find_account", max()), &[NOT_LISTED]),
        (Talk::new("assign_role", id()), &[(200, &[], "{}")]),
        (Talk::new("assign_role", id()), &[MALFORMED]),
        (Talk::new("init_wallet_service", id()), &[(200, &[], "{}")]),
        (Talk::new("init_wallet_service", id()), &[MALFORMED]),
    ];
    let answers: Vec<_> = talks.iter().map(|(talk, told)| (talk.action, talk.answer(&usual(), told))).collect();
    hold(&usual(), &answers);
}

#[test]
fn deliveries_of_an_issuer_are_recorded_by_their_content_and_tell_no_fact() {
    let read = |json: &Value| usual().read(&Delivery { headers: &[], json, signed: false, received_at: NOW });
    let enterprise = json!({"id": "n-1", "type": "sdjwt_issue", "timestamp": 1_767_323_050_123_i64, "data": {"a": 1}});
    let reading = read(&enterprise).unwrap();
    assert_eq!((reading.kind.as_str(), reading.key.as_deref()), ("waltid.sdjwt_issue", None), "`id` is the session's");
    let mut in_words = enterprise.clone();
    in_words["timestamp"] = json!("1767323050123");
    assert_eq!(read(&in_words).unwrap().occurred_at, reading.occurred_at);
    in_words["timestamp"] = json!("-5");
    assert_eq!(read(&in_words).unwrap().occurred_at, None);
    assert_eq!(reading.occurred_at, Some(Timestamp(1_767_323_050_123)));
    let open = read(&json!({"target": "acme.t1.issuer", "event": "requested_token", "session": {"id": "s"}})).unwrap();
    assert_eq!((open.kind.as_str(), open.key, open.occurred_at), ("waltid.requested_token", None, None));
    assert!(open.facts.is_empty() && open.identifiers.is_empty() && reading.facts.is_empty());
    assert_eq!(read(&json!({"type": "An event/of tomorrow"})).unwrap().kind, "waltid.an_event_of_tomorrow");
    assert!(read(&json!({"data": {}})).is_err());
    assert!(read(&json!([])).is_err());
}
