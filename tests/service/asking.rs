//! Who may ask what, who is found by what, and what the figures tell, of a service that does real work.

use serde_json::{Value, json};

use crate::db::TestDb;
use crate::intake::is_problem;
use crate::on_both_databases;
use crate::world::Setup;

on_both_databases!(
    a_token_opens_what_its_scope_names_and_a_refusal_names_the_scope,
    a_body_that_never_ends_is_refused_in_time_wherever_bodies_are_taken,
    one_connection_too_many_is_served_when_another_has_gone,
    a_person_is_found_by_everything_that_names_them_here_and_at_the_provider,
    lists_are_read_page_by_page_to_the_end_while_people_sign_up,
    the_figures_tell_intake_lateness_effects_reviews_breakers_and_depth,
);

async fn a_token_opens_what_its_scope_names_and_a_refusal_names_the_scope(db: &TestDb) {
    let world = Setup::default().start(db).await;
    let id = world.sign_up("ann", "ann@example.com", "en").await;
    let act = format!("/v1/onboardings/{id}/note");
    let rows: [(&'static str, &str, &str); 5] = [
        ("GET", "/v1/onboardings", "read"),
        ("GET", "/v1/users?q=ann", "read"),
        ("POST", "/v1/events", "publish"),
        ("POST", &act, "operate"),
        ("POST", "/v1/events/1/adopt", "operate"),
    ];
    for scope in ["read", "publish", "operate"] {
        let token = world.token_for(scope, &[scope]).await;
        for (method, path, needed) in rows {
            let answer = world.ask(method, path).bearer(&token).json(&json!({ "reason": "x" })).send().await;
            if needed == scope {
                assert!(![401, 403].contains(&answer.status), "{scope} {path}: {}", answer.text);
            } else {
                let detail = answer.is(403).json()["detail"].as_str().unwrap().to_owned();
                assert!(detail.contains(needed), "{scope} {path}: {detail}");
            }
        }
    }
    for (method, path, _) in rows {
        for header in ["", "Bearer", "Bearer x", "Basic abc", "Bearer gw_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            let answer = world.ask(method, path).header("authorization", header).json(&json!({})).send().await.is(401);
            assert!(
                answer.header("www-authenticate").is_some_and(|value| value.starts_with("Bearer")),
                "{}",
                answer.head
            );
            is_problem(&answer);
        }
    }
    world.stop().await;
}

async fn a_body_that_never_ends_is_refused_in_time_wherever_bodies_are_taken(db: &TestDb) {
    let world = Setup::default().set("intake.body_within", "1s").start(db).await;
    let token = world.token_for("slow", &["publish", "operate"]).await;
    let nobody = uuid::Uuid::nil();
    let paths = ["/v1/events".to_owned(), format!("/v1/onboardings/{nobody}/note"), "/v1/events/1/adopt".to_owned()];
    for path in paths {
        let answer = world.ask("POST", &path).bearer(&token).json(&json!({ "reason": "x" })).unfinished().send().await;
        let problem = answer.is(400).json();
        assert_eq!(problem["detail"], "the body did not arrive whole in time", "{path}");
    }
    world.stop().await;
}

async fn one_connection_too_many_is_served_when_another_has_gone(db: &TestDb) {
    let world = Setup::default().set("server.connections", 3).set("server.header_timeout", "1s").start(db).await;
    let mut idle = Vec::new();
    for _ in 0..3 {
        idle.push(tokio::net::TcpStream::connect(world.running.address).await.unwrap());
    }
    world.ask("GET", "/healthz").send().await.is(200);
    // It was answered only because one that said nothing was told 408 before.
    let mut told = [0; 16];
    let gone = idle.iter().filter(|stream| stream.try_read(&mut told).is_ok()).count();
    assert!(gone > 0, "a fourth connection was served beside three");
    drop(idle);
    world.stop().await;
}

async fn a_person_is_found_by_everything_that_names_them_here_and_at_the_provider(db: &TestDb) {
    let world = Setup::default().start(db).await;
    let id = world.sign_up("Ann/7", "Ann.Lee@Example.com", "en").await;
    world.sign_up("ben", "ben@example.com", "en").await;
    let ended = world.comes_to(&id, "completed").await;
    let user = ended["user_id"].as_str().unwrap();
    let uid = world.uid("Ann/7").await;
    for text in ["Ann/7", "ann.lee@example.COM", "ANN.LEE@EXAMPLE.COM", &uid, user, &id] {
        let query: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let found = world.get(&format!("/v1/users?q={query}")).await;
        let ids: Vec<&Value> = found["items"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
        assert_eq!(ids, [&json!(user)], "{text}");
    }
    assert_eq!(world.get("/v1/users?q=Ann").await["items"], json!([]), "only by a whole value");
    let shown = world.get(&format!("/v1/users/{user}")).await;
    assert_eq!((&shown["external_id"], &shown["email"]), (&json!("Ann/7"), &json!("Ann.Lee@Example.com")));
    let mut one = world.onboarding(&id).await;
    let explanation = one.as_object_mut().unwrap().remove("explanation").unwrap();
    assert!(explanation["headline"].as_str().unwrap().starts_with("On board since "), "{explanation}");
    assert_eq!(shown["onboardings"][0], one, "everything else is the same");
    world.stop().await;
}

async fn lists_are_read_page_by_page_to_the_end_while_people_sign_up(db: &TestDb) {
    let world = Setup::default().start(db).await;
    let mut all = Vec::new();
    for nth in 0..7 {
        all.push(world.sign_up(&format!("ann-{nth}"), &format!("ann-{nth}@example.com"), "en").await);
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for page in 0.. {
        let listed = world.get(&format!("/v1/onboardings?limit=2{cursor}")).await;
        seen.extend(listed["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        world.sign_up(&format!("late-{page}"), &format!("late-{page}@example.com"), "en").await;
        match listed["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    all.reverse();
    assert_eq!(seen, all, "newest first, each once, whatever comes meanwhile");
    for (id, status) in all.iter().map(|id| (id, "completed")) {
        world.comes_to(id, status).await;
    }
    let done = world.get("/v1/onboardings?status=completed&state=done&flow=original-wallet&limit=500").await;
    assert!(done["items"].as_array().unwrap().len() >= 7 && done["next"].is_null(), "{done}");
    world.stop().await;
}

async fn the_figures_tell_intake_lateness_effects_reviews_breakers_and_depth(db: &TestDb) {
    let world = Setup::default().set("server.figures", "1ms").start(db).await;
    let done = world.sign_up("ann", "ann@example.com", "en").await;
    let asked = world.sign_up("ben-refused", "ben@example.com", "en").await;
    world.publish(&crate::world::sign_up("ann", "ann@example.com", "en")).await.is(202);
    world.comes_to(&done, "completed").await;
    world.comes_to(&asked, "review").await;
    world.webhook("unreadable", "no json").await.is(400);
    world.ask("POST", "/webhooks/original/wrong").body("{}").send().await.is(401);
    let text = world.metrics().await;
    for line in [
        "gangway_intake_total{source=\"http\",verdict=\"applied\"} ",
        "gangway_intake_total{source=\"http\",verdict=\"copy\"} ",
        "gangway_intake_total{source=\"webhook:original\",verdict=\"unreadable\"} ",
        "gangway_intake_total{source=\"webhook:original\",verdict=\"unverified\"} ",
        "gangway_lateness_seconds{what=\"wake\"} ",
        "gangway_lateness_seconds{what=\"effect\"} ",
        "gangway_outbound_attempts_total{target=\"original.create_user\",ended=\"done\",outcome=\"created\"} ",
        "gangway_outbound_attempts_total{target=\"original.create_user\",ended=\"done\",outcome=\"refused\"} ",
        "gangway_reviews 1",
        "gangway_onboardings{flow=\"original-wallet\",status=\"completed\"} 1",
        "gangway_queue_depth 0",
        "gangway_database_up 1",
        "gangway_outbound_breaker{target=\"original.create_user\"} ",
    ] {
        assert!(text.contains(line), "`{line}` is not in:\n{text}");
    }
    for name in ["ann@example.com", "ben-refused", &done] {
        assert!(!text.contains(name), "{name} is in the metrics");
    }
    world.stop().await;
}
