//! A client of Haven as the documentation describes one: the service account with its key, and a person's device.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use gangway_sandbox::{HavenOptions, Options};
use reqwest::Method;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

use crate::common::{World, quick, text, world};

pub const TOKEN: &str = "sandbox-haven-service-token";

pub fn with(change: impl FnOnce(&mut Options)) -> Options {
    let mut options = quick();
    options.haven.event_delay = std::time::Duration::from_millis(5);
    options.haven.activation_delay = std::time::Duration::from_millis(20);
    options.haven.approval_delay = std::time::Duration::from_millis(20);
    change(&mut options);
    options
}

pub async fn haven() -> Haven {
    haven_with(|_| {}).await
}

pub async fn haven_with(change: impl FnOnce(&mut Options)) -> Haven {
    let options = with(change);
    let credential_id = options.haven.credential_id.clone();
    Haven { world: world(options).await, private_key: HavenOptions::PRIVATE_KEY.to_owned(), credential_id }
}

/// A sandbox, and the service account that calls it.
pub struct Haven {
    pub world: World,
    pub private_key: String,
    pub credential_id: String,
}

pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn der(pem: &str) -> Vec<u8> {
    let text: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(text).unwrap()
}

/// A signature under a private key, whichever kind it is.
pub fn sign(pem: &str, message: &[u8]) -> Vec<u8> {
    if pem == HavenOptions::PRIVATE_KEY {
        return Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der(pem)).unwrap().sign(message).as_ref().to_vec();
    }
    let chance = SystemRandom::new();
    if let Ok(pair) = RsaKeyPair::from_pkcs8(&der(pem)) {
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &chance, message, &mut signature).unwrap();
        return signature;
    }
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &der(pem), &chance).unwrap();
    pair.sign(&chance, message).unwrap().as_ref().to_vec()
}

/// The first factor's answer to a challenge.
pub fn assertion(key: &str, credential_id: &str, challenge: &str) -> Value {
    let data = json!({
        "type": "key.get", "challenge": challenge, "origin": "https://gangway.example", "crossOrigin": false,
    });
    let data = data.to_string();
    json!({ "kind": "Key", "credentialAssertion": {
        "credId": credential_id, "clientData": encode(&data), "signature": encode(sign(key, data.as_bytes())),
    } })
}

impl Haven {
    /// One request; the answer's body is null where it is empty.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> reqwest::Result<(u16, Value)> {
        let url = format!("{}{path}", self.world.running.haven_url());
        let request =
            self.world.client.request(method, url).header("Content-Type", "application/json").body(body.to_owned());
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let reply = request.send().await?;
        let (status, body) = (reply.status().as_u16(), reply.text().await?);
        Ok((status, serde_json::from_str(&body).unwrap_or_default()))
    }

    pub async fn with_bearer(&self, method: Method, path: &str, token: &str, body: &str) -> (u16, Value) {
        let bearer = format!("Bearer {token}");
        self.ask(method, path, &[("Authorization", &bearer)], body).await.unwrap()
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        self.with_bearer(Method::GET, path, TOKEN, "").await
    }

    /// Asks for a challenge for a call to come.
    pub async fn challenge(&self, method: &Method, path: &str, body: &str) -> (u16, Value) {
        let init = json!({
            "userActionPayload": body,
            "userActionHttpMethod": method.as_str(),
            "userActionHttpPath": path,
            "userActionServerKind": "Api",
        });
        self.with_bearer(Method::POST, "/auth/action/init", TOKEN, &init.to_string()).await
    }

    /// Answers a challenge.
    pub async fn answer(&self, challenge: &Value, factor: Value) -> (u16, Value) {
        let body = json!({ "challengeIdentifier": challenge["challengeIdentifier"], "firstFactor": factor });
        self.with_bearer(Method::POST, "/auth/action", TOKEN, &body.to_string()).await
    }

    /// A user action for a call to come.
    pub async fn action(&self, method: &Method, path: &str, body: &str) -> String {
        let (status, challenge) = self.challenge(method, path, body).await;
        assert_eq!(status, 200, "{challenge}");
        let factor = assertion(&self.private_key, &self.credential_id, &text(&challenge["challenge"]));
        let (status, body) = self.answer(&challenge, factor).await;
        assert_eq!(status, 200, "{body}");
        text(&body["userAction"])
    }

    /// A call with a user action of its own.
    pub async fn signed(&self, method: Method, path: &str, body: &str) -> (u16, Value) {
        let action = self.action(&method, path, body).await;
        self.with_action(method, path, body, &action).await
    }

    pub async fn with_action(&self, method: Method, path: &str, body: &str, action: &str) -> (u16, Value) {
        let bearer = format!("Bearer {TOKEN}");
        let headers = [("Authorization", bearer.as_str()), ("X-DFNS-USERACTION", action)];
        self.ask(method, path, &headers, body).await.unwrap()
    }

    pub async fn start(&self, email: &str) -> (u16, Value) {
        let body = json!({ "email": email, "kind": "EndUser" }).to_string();
        self.signed(Method::POST, "/auth/registration/delegated", &body).await
    }

    /// Starts a registration: its temporary token, and the body that a person's device makes for it.
    pub async fn started(&self, email: &str) -> (String, Value) {
        let (status, body) = self.start(email).await;
        assert_eq!(status, 200, "{body}");
        (text(&body["temporaryAuthenticationToken"]), credentials(&text(&body["challenge"])))
    }

    pub async fn complete(&self, token: &str, body: &Value) -> (u16, Value) {
        self.with_bearer(Method::POST, "/auth/registration/enduser", token, &body.to_string()).await
    }

    /// Registers a user from beginning to end, and gives the answer.
    pub async fn registered(&self, email: &str) -> Value {
        let (token, body) = self.started(email).await;
        let (status, body) = self.complete(&token, &body).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    pub async fn status(&self, wallet: &Value) -> Value {
        self.get(&format!("/wallets/{}", text(&wallet["id"]))).await.1["status"].clone()
    }

    /// What the service account finds out after a lost reply: the status of a login, and the user's wallets.
    pub async fn recovered(&self, email: &str) -> (u16, usize) {
        let login = json!({ "username": email }).to_string();
        let (status, _) = self.signed(Method::POST, "/auth/login/delegated", &login).await;
        let (_, wallets) = self.get(&format!("/wallets?owner={email}")).await;
        (status, wallets["items"].as_array().unwrap().len())
    }

    /// The effects of the calls of one action for one user, oldest first.
    pub async fn effects(&self, action: &str, email: &str) -> Vec<String> {
        let calls = self.world.own(&format!("/_calls?external_id={email}&action={action}")).await;
        calls.as_array().unwrap().iter().map(|call| text(&call["effect"])).collect()
    }

    /// Registers a webhook by a call, and gives its id and secret.
    pub async fn webhook(&self, url: &str) -> (String, String) {
        let body = json!({ "url": url, "events": ["*"] }).to_string();
        let (status, body) = self.signed(Method::POST, "/webhooks", &body).await;
        assert_eq!(status, 200, "{body}");
        (text(&body["id"]), text(&body["secret"]))
    }
}

/// The request body of the given document, with what stands for a text there replaced.
pub fn credentials(challenge: &str) -> Value {
    let data = |kind: &str| encode(json!({ "type": kind, "challenge": challenge }).to_string());
    let info = |kind: &str, name: &str| json!({ "credId": encode(name), "clientData": data(kind), "attestationData": encode(format!("attests {name}")) });
    json!({
        "firstFactorCredential": {
            "credentialKind": "Fido2", "credentialInfo": info("webauthn.create", "one"), "credentialName": "Phone",
        },
        "secondFactorCredential": {
            "credentialKind": "Fido2", "credentialInfo": info("webauthn.create", "two"), "credentialName": "Key",
        },
        "recoveryCredential": {
            "credentialKind": "RecoveryKey", "credentialInfo": info("key.create", "three"),
            "encryptedPrivateKey": "sealed-under-a-recovery-code", "credentialName": "Paper",
        },
        "wallets": [{ "network": "Algorand", "name": "Savings" }],
    })
}
