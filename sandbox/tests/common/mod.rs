//! A sandbox of its own for each test, a caller that signs as the documentation says, and a receiver of webhooks.
#![allow(dead_code, reason = "each test binary uses its own part")]

pub mod far;
pub mod receiver;

use std::future::Future;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gangway_sandbox::{Options, Running, start};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

pub const DEADLINE: Duration = Duration::from_secs(180);

/// Quick enough that a test need not wait.
pub fn quick() -> Options {
    let mut options = Options::default();
    options.original.wallet_delay = Duration::from_millis(20);
    options.original.mint_delay = Duration::from_millis(5);
    options.limits.delay = Duration::from_millis(20);
    options.limits.slow = Duration::from_millis(50);
    options.limits.reorder = Duration::from_secs(2);
    options.limits.webhook_backoff = Duration::from_millis(5);
    options
}

/// A running sandbox and a caller with the right key.
pub struct World {
    pub running: Running,
    pub client: reqwest::Client,
    token: String,
}

/// A client that opens a connection for every call, so that a cut one cannot trouble the next.
#[expect(clippy::disallowed_methods, reason = "tests call the sandbox from outside")]
pub fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).timeout(DEADLINE).build().unwrap()
}

/// A token as docs/providers/original.md, 5.2, says.
pub fn token(secret: &str) -> String {
    let encode = |part: Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let claims = json!({ "resource": "*", "action": "*", "user_id": "*" });
    let signed = format!("{}.{}", encode(json!({ "alg": "HS256", "typ": "JWT" })), encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

pub async fn world(options: Options) -> World {
    let token = token(&options.original.api_secret);
    World { running: start(options).await.unwrap(), client: client(), token }
}

impl World {
    fn signed(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        request.header("X-API-KEY", "sandbox-key").header("Authorization", format!("Bearer {}", self.token))
    }

    pub fn request_post(&self, path: &str, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
        self.signed(self.client.post(format!("{}{path}", self.running.original_url())).body(body))
    }

    pub fn request_get(&self, path: &str) -> reqwest::RequestBuilder {
        self.signed(self.client.get(format!("{}{path}", self.running.original_url())))
    }

    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        answer(self.request_post(path, body.to_string())).await.unwrap()
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.request_get(path)).await.unwrap()
    }

    /// Creates a user and gives its uid.
    pub async fn user(&self, external_id: &str) -> String {
        let (status, body) = self.post("/user", json!({ "user_external_id": external_id })).await;
        assert_eq!(status, 201, "{body}");
        text(&body["data"]["uid"])
    }

    /// Creates an asset and gives its uid.
    pub async fn asset(&self, user_uid: &str, external_id: &str) -> String {
        let (status, body) = self.post("/asset", asset(user_uid, external_id)).await;
        assert_eq!(status, 201, "{body}");
        text(&body["data"]["uid"])
    }

    /// What the sandbox itself says, outside the played API.
    pub async fn own(&self, path: &str) -> Value {
        let url = format!("http://{}{path}", self.running.http);
        self.client.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// The effects of the calls for one external id, oldest first.
    pub async fn effects(&self, external_id: &str) -> Vec<String> {
        let calls = self.own(&format!("/_calls?external_id={external_id}")).await;
        calls.as_array().unwrap().iter().map(|call| text(&call["effect"])).collect()
    }
}

pub async fn answer(request: reqwest::RequestBuilder) -> reqwest::Result<(u16, Value)> {
    let reply = request.send().await?;
    Ok((reply.status().as_u16(), reply.json().await?))
}

pub fn asset(user_uid: &str, external_id: &str) -> Value {
    json!({
        "user_uid": user_uid,
        "asset_external_id": external_id,
        "collection_uid": "221137489875",
        "data": {
            "name": "Welcome",
            "unique_name": true,
            "image_url": "https://example.com/image.png",
            "store_image_on_ipfs": false,
            "attributes": [{ "trait_type": "Eyes", "value": "Green" }],
        },
    })
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// Asks again and again until there is an answer; fails after the deadline.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let asking = async {
        let mut pace = tokio::time::interval(Duration::from_millis(3));
        loop {
            pace.tick().await;
            if let Some(answer) = ask().await {
                return answer;
            }
        }
    };
    tokio::time::timeout(DEADLINE, asking).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}
