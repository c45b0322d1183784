//! Whom a refusal is about: what one or two people meet at a provider delays nobody else, and comes to a person in the
//! end. The providers' own adapters behind the real dispatcher and the real engine, with time by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use gangway::clock::{Clock, HandClock};
use gangway::engine::Flows;
use gangway::outbound::Transport;
use gangway::providers::{Adapter, HttpRequest, Reply, Stop, registry};
use gangway::settings::{Input, Settings};
use gangway_core::flow;
use gangway_core::retry::Policy;

use crate::db::TestDb;
use crate::on_both_databases;
use crate::outage::Scene;
use crate::world::{World, catalogue};

on_both_databases!(
    two_peoples_403_at_waltid_delay_nobody,
    two_peoples_missing_role_at_waltid_delays_nobody,
    one_persons_refusal_at_didx_delays_nobody,
    one_persons_refusal_at_guardian_delays_nobody,
    what_everybody_meets_at_waltid_rests_it_and_leads_nobody_into_review,
);

/// One state that asks for something which names a person.
fn flows(provider: &str, call: &str) -> Flows {
    let secrets = if call.contains("secrets.") { "secrets:\n  password: { generate: waltid }\n" } else { "" };
    let text = format!(
        "flow: {provider}\nversion: 1\n\
         start: {{ on: user.{provider}, user: {{ id: data.user_id, email: data.email }} }}\n\
         {secrets}states:\n  ask:\n    {call}\n    retry: {{ attempts: 4, first: 1s, max: 5s, deadline: 60s }}\n  \
         refused: {{ ask: support, outcomes: {{ retry: ask, give_up: lost }} }}\n  lost: {{ end: failed }}\n  \
         done: {{ end: completed }}\n"
    );
    let flows = Flows::default();
    let loaded = flow::load(&format!("{provider}.yaml"), &text, &catalogue());
    flows.add(loaded.unwrap_or_else(|problems| panic!("{}", problems.rendered)), true);
    flows
}

const REGISTER: &str = "call: waltid.register\n    \
    with: { name: user.id, email: user.email, password: secrets.password }\n    \
    outcomes: { registered: done, exists: done, refused: refused }";
const ASSIGN: &str = "call: waltid.assign_role\n    with: { account_id: user.id, email: user.email }\n    \
    outcomes: { assigned: done, refused: refused }";
const CREATE: &str = "call: didx.create_user\n    with: { email: user.email }\n    \
    outcomes: { created: done, exists: done, exists_after_unknown: done, conflict: refused, refused: refused }";
const ONBOARD: &str = "call: guardian.onboard\n    \
    with: { username: user.id, password: secrets.password, role: \"'USER'\" }\n    \
    outcomes: { accepted: done, registered: done, exists: refused, refused: refused, weak_password: refused }";

/// The adapter that these settings make.
fn adapter(provider: &str, section: &str) -> Arc<dyn Adapter> {
    let text = format!("[providers.{provider}]\nbase_url = \"https://far.example\"\n{section}");
    let input = Input { file: Some(("test.toml".to_owned(), text)), environment: Vec::new() };
    let settings = Settings::read(&input).unwrap();
    let section = &settings.providers.get(provider).unwrap().section;
    (registry::row(provider).unwrap().build)(section, &Policy::default()).unwrap()
}

fn waltid() -> Arc<dyn Adapter> {
    adapter("waltid", "api_key = \"key\"\norganization = \"acme\"\nrole.role = \"acme.member\"\n")
}

/// What a request is answered, by its path and its body.
type Answers = fn(&str, &str) -> (u16, String);

/// A provider that refuses the people whose name says so.
#[derive(Debug)]
struct Provider {
    clock: HandClock,
    answers: Answers,
    asked: AtomicUsize,
}

#[async_trait]
impl Transport for Provider {
    async fn send(&self, _: &str, request: HttpRequest) -> Result<Reply, Stop> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let body = String::from_utf8_lossy(request.body.as_deref().unwrap_or_default()).into_owned();
        let (status, body) = (self.answers)(&request.url, &body);
        let now = self.clock.now();
        Ok(Reply { status, headers: Vec::new(), body: body.into_bytes(), sent_at: now, received_at: now })
    }
}

/// An id of its own for the person that a body is about.
fn id(body: &str) -> String {
    body.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())).to_string()
}

fn at_waltid(url: &str, body: &str) -> (u16, String) {
    match (url.contains("refused") || body.contains("refused"), url.contains("/roles/")) {
        (true, true) => (404, "{\"message\": \"No role with this id exists\"}".to_owned()),
        (true, false) => (403, "{\"exception\": true, \"message\": \"Forbidden\"}".to_owned()),
        (false, true) => (200, "{}".to_owned()),
        (false, false) => (201, format!("{{\"_id\": \"{}\"}}", id(body))),
    }
}

fn forbidden(_: &str, _: &str) -> (u16, String) {
    (403, String::new())
}

fn at_didx(url: &str, body: &str) -> (u16, String) {
    match (url.contains("token"), body.contains("refused")) {
        (true, _) => (200, "{\"access_token\": \"t\", \"expires_in\": 86400}".to_owned()),
        (_, true) => (403, "{\"errors\": [{\"code\": \"FORBIDDEN\", \"detail\": \"not this one\"}]}".to_owned()),
        _ => (201, format!("{{\"data\": {{\"username\": \"{}\", \"tempPassword\": \"p\"}}}}", id(body))),
    }
}

fn at_guardian(url: &str, body: &str) -> (u16, String) {
    match (url.rsplit('/').next(), body.contains("refused")) {
        (Some("login"), _) => (200, "{\"refreshToken\": \"r\", \"accessToken\": \"t\"}".to_owned()),
        (Some("access-token"), _) => (200, "{\"accessToken\": \"t\"}".to_owned()),
        (_, true) => (403, "{\"statusCode\": 403, \"message\": \"Forbidden resource\"}".to_owned()),
        _ => (202, format!("{{\"taskId\": \"{}\"}}", id(body))),
    }
}

fn names(word: &str, people: usize) -> Vec<String> {
    (0..people).map(|n| format!("{word}-{n}")).collect()
}

/// So many people are refused again and again; ten others come before the first refusal and ten in the middle of it.
/// Nobody waits for them, and they come to a person, who reads `says`.
async fn delays_nobody(db: &TestDb, (provider, call): (&str, &str), far: (Arc<dyn Adapter>, Answers), refused: usize) {
    let world = World::new(db).await;
    let answers = Provider { clock: world.clock.clone(), answers: far.1, asked: AtomicUsize::new(0) };
    let scene = Scene::at(world, flows(provider, call), far.0, Arc::new(answers));
    scene.sign_up_as(provider, &names("refused", refused)).await;
    scene.pass(2).await;
    for round in ["early", "later"] {
        scene.sign_up_as(provider, &names(round, 10)).await;
        // Eight at a time; a provider that rests does so for half a minute.
        scene.pass(4).await;
        let left = scene.count("status <> 'completed'").await;
        assert_eq!(left, i64::try_from(refused).unwrap(), "{round}: nobody waits for those who are refused");
        scene.pass(10).await;
    }
    scene.pass(90).await;
    assert_eq!(scene.count("status = 'review'").await, i64::try_from(refused).unwrap(), "they come to a person");
}

async fn two_peoples_403_at_waltid_delay_nobody(db: &TestDb) {
    delays_nobody(db, ("waltid", REGISTER), (waltid(), at_waltid), 2).await;
}

async fn two_peoples_missing_role_at_waltid_delays_nobody(db: &TestDb) {
    delays_nobody(db, ("waltid", ASSIGN), (waltid(), at_waltid), 2).await;
}

async fn one_persons_refusal_at_didx_delays_nobody(db: &TestDb) {
    let didx = adapter("didx", "client_id = \"c\"\nclient_secret = \"s\"\n");
    delays_nobody(db, ("didx", CREATE), (didx, at_didx), 1).await;
}

async fn one_persons_refusal_at_guardian_delays_nobody(db: &TestDb) {
    let guardian = adapter("guardian", "username = \"r\"\nregistry_password = \"p\"\nparent = \"r\"\n");
    delays_nobody(db, ("guardian", ONBOARD), (guardian, at_guardian), 1).await;
}

async fn what_everybody_meets_at_waltid_rests_it_and_leads_nobody_into_review(db: &TestDb) {
    let world = World::new(db).await;
    let far = Arc::new(Provider { clock: world.clock.clone(), answers: forbidden, asked: AtomicUsize::new(0) });
    let scene = Scene::at(world, flows("waltid", REGISTER), waltid(), Arc::<Provider>::clone(&far));
    scene.sign_up_as("waltid", &names("anybody", 40)).await;
    scene.pass(50).await;
    assert_eq!(scene.reviews().await, [] as [String; 0]);
    let asked = far.asked.load(Ordering::SeqCst);
    assert!(asked < 60, "{asked} times asked of a provider that refuses everybody");
}
