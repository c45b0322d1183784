//! A sandbox of its own and a caller with a bearer token, for the providers that want one.

use gangway_sandbox::{Options, Running, start};
use reqwest::Response;
use serde_json::Value;

/// A running sandbox and a caller.
pub struct Far {
    pub running: Running,
    pub client: reqwest::Client,
    /// What the caller sends as its token; empty: none.
    pub token: String,
}

/// Starts one; the caller has no token yet.
pub async fn far(options: Options) -> Far {
    Far { running: start(options).await.unwrap(), client: super::client(), token: String::new() }
}

impl Far {
    fn with_token(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        if self.token.is_empty() { request } else { request.header("Authorization", format!("Bearer {}", self.token)) }
    }

    /// A JSON post to a path of the sandbox.
    pub fn posting(&self, path: &str, body: &Value) -> reqwest::RequestBuilder {
        let request = self.client.post(format!("http://{}{path}", self.running.http));
        self.with_token(request).header("Content-Type", "application/json").body(body.to_string())
    }

    /// The answer to a post, unread.
    pub async fn sent(&self, path: &str, body: Value) -> Response {
        self.posting(path, &body).send().await.unwrap()
    }

    /// Status and JSON body of the answer to a post.
    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        super::answer(self.posting(path, &body)).await.unwrap()
    }

    /// True if the answer to a post broke off, before or in the middle.
    pub async fn breaks_off(&self, path: &str, body: Value) -> bool {
        match self.posting(path, &body).send().await {
            Err(error) => !error.is_timeout() && !error.is_connect(),
            Ok(reply) => reply.text().await.is_err(),
        }
    }

    /// Status and body of the answer to a read; null for an empty body.
    pub async fn get(&self, path: &str) -> (u16, Value) {
        let request = self.client.get(format!("http://{}{path}", self.running.http));
        let reply = self.with_token(request).send().await.unwrap();
        let (status, text) = (reply.status().as_u16(), reply.text().await.unwrap());
        (status, if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() })
    }

    /// Action and effect of each call that is listed for a person, oldest first.
    pub async fn effects(&self, name: &str) -> Vec<String> {
        let calls = self.get(&format!("/_calls?external_id={name}")).await.1;
        let line = |call: &Value| format!("{} {}", super::text(&call["action"]), super::text(&call["effect"]));
        calls.as_array().unwrap().iter().map(line).collect()
    }

    /// The values of all secrets of a kind.
    pub async fn secrets(&self, kind: &str) -> Vec<String> {
        let secrets = self.get("/_secrets").await.1;
        let of_kind = secrets.as_array().unwrap().iter().filter(|secret| secret["kind"] == kind);
        of_kind.map(|secret| super::text(&secret["value"])).collect()
    }
}
