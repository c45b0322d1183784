//! A whole gangway, in this process: real HTTP on a free port, a database of its own, the sandbox as provider and
//! mailbox. Times are short; everything else is as it ships.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use gangway::api::token;
use gangway::app::{self, Running, SHIPPED, Seams};
use gangway::clock::{Chance, SystemChance};
use gangway::settings::{Input, Settings};
use gangway::store::tokens::TokenGrant;
use gangway::terminal::Failure;
use gangway_sandbox::Options;
use metrics_exporter_prometheus::PrometheusHandle;
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::db::{MASTER_KEY, TestDb};
use crate::http::{Answer, Ask};
use crate::wait::until;

/// Stands for the sandbox's Haven until its address is known.
const HAVEN: &str = "http://haven.invalid";

/// Secret segment of the webhooks' path.
pub const SECRET: &str = "path-secret-0123456789abcdef";

/// The shipped flow, which polls sooner.
pub fn quick_flow() -> String {
    SHIPPED[0].1.replace("after: 5s", "after: 400ms").replace("every: 2s..15s", "every: 200ms..2s")
}

/// What a world is made of.
pub struct Setup {
    pub sandbox: Options,
    pub seams: Seams,
    lines: Vec<(String, toml::Value)>,
    flows: Vec<String>,
    hook: Option<String>,
    again: bool,
}

impl Default for Setup {
    fn default() -> Self {
        let usual = [
            ("server.listen", "127.0.0.1:0"),
            ("outbound.retry.first", "100ms"),
            ("outbound.retry.max", "1s"),
            ("outbound.retry.settle", "150ms"),
            ("outbound.sweep", "1s"),
            ("outbound.breaker.rest", "300ms"),
            ("outbound.breaker.probe", "1s"),
            ("providers.original.collection_uid", "221137489875"),
            ("providers.original.webhook_secret", SECRET),
        ];
        let mut lines: Vec<(String, toml::Value)> = usual.map(|(key, value)| (key.to_owned(), value.into())).into();
        let numbers = [("server.workers", 1), ("database.intake", 1), ("database.work", 2), ("database.screens", 2)];
        lines.extend(numbers.map(|(key, value)| (key.to_owned(), value.into())));
        lines.push(("outbound.allow_private".to_owned(), true.into()));
        Self {
            sandbox: Options::default(),
            seams: Seams::real(),
            lines,
            flows: vec![quick_flow()],
            hook: Some(format!("/webhooks/original/{SECRET}")),
            again: false,
        }
    }
}

impl Setup {
    /// One setting more, or another value.
    pub fn set(mut self, key: &str, value: impl Into<toml::Value>) -> Self {
        self.unset(key);
        self.lines.push((key.to_owned(), value.into()));
        self
    }

    fn unset(&mut self, key: &str) {
        self.lines.retain(|(is, _)| is != key);
    }

    fn has(&self, prefix: &str) -> bool {
        self.lines.iter().any(|(key, _)| key.starts_with(prefix))
    }

    pub fn without(mut self, key: &str) -> Self {
        self.unset(key);
        self
    }

    /// Webhooks verified by this profile instead of a secret in the path.
    pub fn webhook(mut self, profile: &str) -> Self {
        let table: toml::Table = profile.parse().unwrap();
        self.hook = Some("/webhooks/original".to_owned());
        self.without("providers.original.webhook_secret").set("providers.original.webhook", table)
    }

    pub fn flow(mut self, text: &str) -> Self {
        self.flows = vec![text.to_owned()];
        self
    }

    pub fn another_flow(mut self, text: &str) -> Self {
        self.flows.push(text.to_owned());
        self
    }

    /// Over a database that has served before.
    pub fn again(mut self) -> Self {
        self.again = true;
        self
    }

    /// The sandbox sends no webhooks: the test does.
    pub fn unhooked(mut self) -> Self {
        self.hook = None;
        self
    }

    pub fn sandbox(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut self.sandbox);
        self
    }

    /// This world, with Haven at the sandbox.
    pub async fn start_at_haven(self, db: &TestDb) -> World {
        self.set("providers.haven.base_url", HAVEN).start(db).await
    }

    /// What these lines set, over this database and far side.
    pub fn input(&self, db: &TestDb, far: &gangway_sandbox::Running, flows: &Path) -> Input {
        let mut lines = vec![
            ("database.url".to_owned(), db.url.as_str().into()),
            ("mail.url".to_owned(), format!("smtp://{}?tls=none", far.smtp).into()),
            ("providers.original.base_url".to_owned(), far.original_url().into()),
            ("providers.original.api_key".to_owned(), self.sandbox.original.api_key.as_str().into()),
            ("providers.original.api_secret".to_owned(), self.sandbox.original.api_secret.as_str().into()),
            ("flows.folders".to_owned(), vec![flows.display().to_string()].into()),
        ];
        for (provider, key, url) in [
            ("didx", "base_url", far.didx_url()),
            ("guardian", "base_url", far.guardian_url()),
            ("waltid", "base_url", far.waltid_url()),
            ("waltid", "org_url", far.waltid_org_url()),
        ] {
            if self.has(&format!("providers.{provider}.")) {
                lines.push((format!("providers.{provider}.{key}"), url.into()));
            }
        }
        lines.retain(|(key, _)| !self.lines.iter().any(|(own, _)| own == key));
        lines.extend(self.lines.iter().cloned());
        let haven = toml::Value::from(far.haven_url());
        let at = |value: &toml::Value| if value.as_str() == Some(HAVEN) { haven.clone() } else { value.clone() };
        let text: String = lines.iter().map(|(key, value)| format!("{key} = {}\n", at(value))).collect();
        let environment = vec![("GANGWAY_MASTER_KEY".to_owned(), MASTER_KEY.to_owned())];
        Input { file: Some(("test.toml".to_owned(), text)), environment }
    }

    pub async fn start(self, db: &TestDb) -> World {
        self.try_start(db).await.unwrap()
    }

    pub async fn try_start(self, db: &TestDb) -> Result<World, Failure> {
        let far = gangway_sandbox::start(self.sandbox.clone()).await.unwrap();
        let flows = Folder::new();
        for (nth, text) in self.flows.iter().enumerate() {
            std::fs::write(flows.0.join(format!("{nth}.yaml")), text).unwrap();
        }
        let input = self.input(db, &far, &flows.0);
        let settings = Settings::read(&input).unwrap();
        let running = app::start(&settings, self.seams.clone(), Some(metrics())).await?;
        if let Some(path) = &self.hook {
            far.set_webhook_url(Some(&format!("http://{}{path}", running.address)));
        }
        if self.has("providers.didx.") {
            far.set_didx_webhook_url(Some(&format!("http://{}/webhooks/didx/{SECRET}", running.address)));
        }
        let again = self.again;
        let mut world = World { running, far, input, token: String::new(), _flows: flows };
        let name = if again { "all-again" } else { "all" };
        world.token = world.token_for(name, &["read", "publish", "operate"]).await;
        Ok(world)
    }
}

/// The recorder is the process's: figures are those of all tests of this binary together.
pub fn metrics() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    static LOCK: Mutex<()> = Mutex::new(());
    let _one = LOCK.lock();
    HANDLE.get_or_init(|| gangway::telemetry::metrics().unwrap()).clone()
}

/// A folder that goes with its owner.
#[derive(Debug)]
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        let mut tag = [0_u8; 8];
        SystemChance.fill(&mut tag);
        let folder = std::env::temp_dir().join(format!("gangway-service-{}", hex::encode(tag)));
        std::fs::create_dir(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

pub struct World {
    pub running: Running,
    pub far: gangway_sandbox::Running,
    /// What it was started with.
    pub input: Input,
    pub token: String,
    _flows: Folder,
}

impl World {
    pub async fn token_for(&self, name: &str, scopes: &[&str]) -> String {
        let scopes = scopes.iter().map(|word| (*word).to_owned()).collect();
        self.token_of(TokenGrant { name: name.to_owned(), scopes, ..TokenGrant::default() }).await
    }

    pub async fn token_of(&self, grant: TokenGrant) -> String {
        let token = token::fresh(&SystemChance);
        self.running.engine.store.add_token(token::digest(&token), &grant).await.unwrap();
        token
    }

    pub fn ask(&self, method: &'static str, path: &str) -> Ask {
        Ask::new(self.running.address, method, path)
    }

    pub async fn get(&self, path: &str) -> Value {
        self.ask("GET", path).bearer(&self.token).send().await.is(200).json()
    }

    /// What the provider calls this user, once it is known.
    pub async fn uid(&self, user: &str) -> String {
        let look = async || {
            let found = self.get(&format!("/v1/users?q={user}")).await;
            let mut all = found["items"][0]["identifiers"].as_array().cloned().unwrap_or_default();
            all.retain(|one| one["kind"] == "original.user_uid");
            all.pop().and_then(|one| one["value"].as_str().map(str::to_owned))
        };
        until("the user's uid", look, Option::is_some).await.expect("it is there")
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path).bearer(&self.token).json(body).send().await
    }

    /// Publishes one event, in structured form.
    pub async fn publish(&self, event: &Value) -> Answer {
        let asked = self.ask("POST", "/v1/events").bearer(&self.token);
        asked.header("content-type", "application/cloudevents+json").body(event.to_string()).send().await
    }

    /// Signs a person up; gives back the id of the onboarding.
    pub async fn sign_up(&self, user: &str, email: &str, locale: &str) -> String {
        let answer = self.publish(&sign_up(user, email, locale)).await.is(202).json();
        answer["onboarding_id"].as_str().unwrap_or_else(|| panic!("no onboarding began: {answer}")).to_owned()
    }

    /// A delivery of the provider, under the secret of the path.
    pub async fn webhook(&self, correlation: &str, body: impl Into<Vec<u8>>) -> Answer {
        let path = format!("/webhooks/original/{SECRET}");
        self.ask("POST", &path).header("x-webhook-correlation-id", correlation).body(body).send().await
    }

    pub async fn onboarding(&self, id: &str) -> Value {
        self.get(&format!("/v1/onboardings/{id}")).await
    }

    /// The onboarding, once it is in this status.
    pub async fn comes_to(&self, id: &str, status: &str) -> Value {
        until(&format!("status {status}"), async || self.onboarding(id).await, |seen| seen["status"] == status).await
    }

    pub async fn journal(&self, id: &str) -> Vec<Value> {
        let page = self.get(&format!("/v1/onboardings/{id}/events?limit=500")).await;
        page["items"].as_array().unwrap().clone()
    }

    pub async fn act(&self, id: &str, act: &str, body: &Value) -> Answer {
        self.post(&format!("/v1/onboardings/{id}/{act}"), body).await
    }

    /// What the provider received: `query` as of `/_calls`.
    pub async fn calls(&self, query: &str) -> Vec<Value> {
        let answer = Ask::new(self.far.http, "GET", &format!("/_calls?{query}")).send().await.is(200).json();
        answer.as_array().unwrap().clone()
    }

    pub async fn mails(&self, to: &str) -> Vec<Value> {
        let answer = Ask::new(self.far.http, "GET", &format!("/mailbox/messages?to={to}")).send().await.is(200).json();
        answer.as_array().or_else(|| answer["items"].as_array()).unwrap_or_else(|| panic!("{answer}")).clone()
    }

    pub async fn metrics(&self) -> String {
        self.ask("GET", "/metrics").send().await.is(200).text
    }

    /// The far side goes away, and comes back at the same addresses, new and made so.
    pub async fn restart_far(&mut self, mut options: Options) {
        let old = std::mem::replace(&mut self.far, gangway_sandbox::start(Options::default()).await.unwrap());
        (options.http, options.smtp) = (old.http, old.smtp);
        old.stop().await;
        let again = async || gangway_sandbox::start(options.clone()).await.ok().map(Hidden);
        let far = until("the far side's ports", again, Option::is_some).await;
        self.far = far.expect("it is there").0;
    }

    pub async fn stop(self) {
        self.running.stop().await;
        self.far.stop().await;
    }
}

/// A value that has nothing to show.
struct Hidden<T>(T);

impl<T> std::fmt::Debug for Hidden<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(hidden)")
    }
}

pub fn sign_up(user: &str, email: &str, locale: &str) -> Value {
    json!({
        "specversion": "1.0", "id": format!("sign-up-{user}"), "source": "/test", "type": "user.signed_up",
        "subject": user, "data": { "user_id": user, "email": email, "locale": locale },
    })
}

/// Seams with a clock that is moved by hand.
pub fn by_hand(clock: &gangway::clock::HandClock) -> Seams {
    Seams { clock: Arc::new(clock.clone()), ..Seams::real() }
}
