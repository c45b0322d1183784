//! Whatever the far end handed out or received in secret, and whatever is personal of the demo's people, is nowhere in
//! database, journal, API, metrics and log, in whatever spelling: except for what the API shows to those who may read.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};

use gangway::app::demo::people::people;
use serde_json::Value;

use crate::db::{MASTER_KEY, TestDb};
use crate::hidden::{Search, everything_in, spellings};

const PEOPLE: u32 = 96;
const SEED: u64 = 11;

#[allow(clippy::disallowed_methods, reason = "a reader of the API beside gangway")]
async fn get(url: &str, token: &str) -> (String, Value) {
    // Every client needs one; a second one is refused, which is well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(url).bearer_auth(token).send().await.unwrap();
    let text = answer.text().await.unwrap();
    let value = serde_json::from_str(&text).unwrap_or_default();
    (text, value)
}

/// All that the API tells: lists, each onboarding with its journal, each user; and every identifier's value.
async fn told(url: &str, token: &str) -> (Vec<u8>, Vec<String>) {
    let (mut all, mut values) = (String::new(), Vec::new());
    for path in ["/v1/events?verdict=held", "/v1/events?verdict=refused", "/v1/events?verdict=noted"] {
        all.push_str(&get(&format!("{url}{path}"), token).await.0);
    }
    let mut next = format!("{url}/v1/onboardings?limit=500");
    loop {
        let (text, page) = get(&next, token).await;
        all.push_str(&text);
        for one in page["items"].as_array().expect("a list") {
            let (id, user) = (one["id"].as_str().unwrap(), one["user_id"].as_str().unwrap());
            all.push_str(&get(&format!("{url}/v1/onboardings/{id}"), token).await.0);
            all.push_str(&get(&format!("{url}/v1/onboardings/{id}/events?limit=500"), token).await.0);
            let (text, user) = get(&format!("{url}/v1/users/{user}"), token).await;
            all.push_str(&text);
            let kinds = user["identifiers"].as_array().into_iter().flatten();
            values.extend(kinds.filter_map(|one| one["value"].as_str().map(str::to_owned)));
        }
        let Some(cursor) = page["next"].as_str() else { return (all.into_bytes(), values) };
        next = format!("{url}/v1/onboardings?limit=500&cursor={cursor}");
    }
}

/// A demo that does not outlive its test.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Whatever a sign-up tells of a person.
fn about_people() -> Search {
    let mut personal = Search::default();
    for person in people(PEOPLE, SEED) {
        let named = [("id", person.id.clone()), ("e-mail", person.email.clone()), ("name", person.name())];
        named.iter().for_each(|(name, value)| personal.add(name, value));
        personal.add("last name", person.last_name);
        personal.add("address", &person.address);
    }
    personal
}

async fn nothing_is_found(db: &TestDb) {
    let child = Command::new(env!("CARGO_BIN_EXE_gangway"))
        .args(["demo", "--users", &PEOPLE.to_string(), "--seed", &SEED.to_string(), "--port", "0", "--json"])
        .args(["--database-url", &db.url])
        .env("GANGWAY_MASTER_KEY", MASTER_KEY)
        .env("GANGWAY_LOG", "debug,gangway=trace,actix_http=off")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut serving = Serving(child);
    let child = &mut serving.0;
    let mut stderr = child.stderr.take().unwrap();
    let log = std::thread::spawn(move || {
        let mut log = Vec::new();
        stderr.read_to_end(&mut log).unwrap();
        log
    });
    let mut said = String::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        said = format!("{said}{line}\n");
        if line.contains("doubled_at_the_far_end") {
            break;
        }
    }
    let value = |name: &str| said.lines().find_map(|line| line.strip_prefix(name)).expect(name).to_owned();
    let (url, token, mailbox) = (value("url="), value("token="), value("mailbox="));
    let far = mailbox.trim_end_matches("/mailbox/messages");

    let (_, listed) = get(&format!("{far}/_secrets"), "").await;
    let mut secret = Search::default();
    secret.add("the token", &token);
    secret.add("the master key", MASTER_KEY);
    let listed = listed.as_array().expect("a list");
    assert!(listed.len() > 100, "{} secrets", listed.len());
    for one in listed {
        secret.add(one["kind"].as_str().unwrap(), one["value"].as_str().unwrap());
    }
    let (told, identifiers) = told(&url, &token).await;
    let mut personal = about_people();
    identifiers.iter().for_each(|value| personal.add("identifier", value));
    let metrics = get(&format!("{url}/metrics"), "").await.0.into_bytes();
    let stored = everything_in(db).await;
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    child.wait().unwrap();
    let log = log.join().unwrap();

    let places = [("the database", &stored), ("the metrics", &metrics), ("the log", &log)];
    let mut found = secret.finds("the API", &told);
    for (place, bytes) in places {
        assert!(bytes.len() > 2000, "{place} has {} bytes", bytes.len());
        found.extend(secret.finds(place, bytes));
        found.extend(personal.finds(place, bytes));
    }
    let few: Vec<&String> = found.iter().take(20).collect();
    assert!(found.is_empty(), "{} found: {few:#?}", found.len());

    // The search finds what is there: the API shows e-mail addresses, and a secret in any spelling is seen among the
    // rest.
    assert!(!personal.finds("the API", &told).is_empty());
    for spelling in spellings(listed[0]["value"].as_str().unwrap()) {
        let planted = [&stored[..1000], &spelling, &stored[1000..2000]].concat();
        assert!(!secret.finds("a planted place", &planted).is_empty(), "{}", String::from_utf8_lossy(&spelling));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_secret_or_personal_of_the_demo_is_where_it_does_not_belong_on_sqlite() {
    nothing_is_found(&TestDb::empty_sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_secret_or_personal_of_the_demo_is_where_it_does_not_belong_on_postgresql() {
    nothing_is_found(&TestDb::empty_postgres().await).await;
}
