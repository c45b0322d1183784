//! A signed webhook of the n-th person: Standard Webhooks, 400 bytes, which moves a state.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gangway::clock::{Clock, SystemClock};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::load;
use super::world::SECRET;

/// As bytes to send; signed now.
pub fn webhook(n: usize) -> Vec<u8> {
    let uid = 1_000_000 + n;
    let body = format!(
        "{{\"event\":\"wallet.created\",\"data\":{{\"user\":{{\"uid\":\"{uid}\"}},\"wallet\":{{\"address\":\"0x{n:040x}\",\
         \"network\":\"Polygon\",\"chain_id\":137,\"explorer_url\":\"https://explorer.example.com/address/0x{n:040x}\"}},\
         \"note\":\"{}\"}}}}",
        "x".repeat(150)
    );
    let now = SystemClock.now().0 / 1000;
    let id = format!("msg_{n}");
    let key = STANDARD.decode(SECRET.trim_start_matches("whsec_")).expect("base64");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any length");
    mac.update(format!("{id}.{now}.{body}").as_bytes());
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    let headers = [
        ("webhook-id", id.clone()),
        ("webhook-timestamp", now.to_string()),
        ("webhook-signature", signature),
        ("x-webhook-correlation-id", id),
    ];
    load::post("127.0.0.1", "/webhooks/original", &headers, &body)
}
