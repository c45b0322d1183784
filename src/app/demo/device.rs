//! The device of a person who is asked to make a passkey: it reads the challenge where a front end would, answers it,
//! and hands the credentials in as an event. Nothing here is a real key: the sandbox looks at the challenge only.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::progress::Arrived;
use super::settings::random;
use super::world::World;
use crate::clock::SystemChance;
use crate::terminal::Failure;

/// Answers whatever is asked of this person now, once for each time that it is asked.
pub(super) async fn answer(world: &World, one: &mut Arrived) -> Result<(), Failure> {
    let (Some(device), Some(onboarding)) = (one.person.play.device, &one.onboarding) else { return Ok(()) };
    let asked = onboarding.state == device.waits_in && one.answered != Some(onboarding.since);
    if !asked || one.person.scenario.away {
        return Ok(());
    }
    let since = onboarding.since;
    let seen = world.get(&format!("/v1/onboardings/{}", onboarding.id)).await?;
    let Some(challenge) = seen.pointer("/show/challenge").and_then(Value::as_str) else { return Ok(()) };
    let event = json!({
        "specversion": "1.0",
        "id": format!("passkey-{}-{since}", one.person.id),
        "source": "/demo/device",
        "type": device.answers,
        "subject": one.person.id,
        "data": { "first_factor": passkey(challenge), "recovery": recovery(challenge) },
    });
    world.publish(&event).await?;
    one.answered = Some(since);
    Ok(())
}

fn passkey(challenge: &str) -> Value {
    json!({ "credentialKind": "Fido2", "credentialInfo": credential("webauthn.create", challenge), "credentialName": "phone" })
}

fn recovery(challenge: &str) -> Value {
    json!({
        "credentialKind": "RecoveryKey",
        "credentialInfo": credential("key.create", challenge),
        "encryptedPrivateKey": random(&SystemChance),
    })
}

fn credential(kind: &str, challenge: &str) -> Value {
    let client =
        json!({ "type": kind, "challenge": challenge, "origin": "https://app.example.org", "crossOrigin": false });
    json!({
        "credId": random(&SystemChance),
        "clientData": URL_SAFE_NO_PAD.encode(client.to_string()),
        "attestationData": random(&SystemChance),
    })
}
