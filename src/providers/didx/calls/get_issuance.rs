//! `GET /credentials/{issuanceId}`: how far an issuance came. A poll, and the read that confirms a webhook.

use gangway_core::event::{FactReport, Trust};
use gangway_core::outcome::Answer;
use serde_json::{Value, json};

use super::issue_credential::credential;
use super::{Api, Desk, bare, both_forms, other_form};
use crate::providers::complaint::Refusal;
use crate::providers::didx::error::data;
use crate::providers::parts::{need_id, object, text};
use crate::providers::said::{self, in_cause};
use crate::providers::{Call, Far, Stop};

/// The person has the credential.
pub const COMPLETED: &str = "didx.issuance_completed";
/// The person has some of the credentials.
pub const PARTIALLY_ISSUED: &str = "didx.issuance_partially_issued";
/// It failed.
pub const FAILED: &str = "didx.issuance_failed";
/// The offer expired.
pub const EXPIRED: &str = "didx.issuance_expired";

/// Carries out this action. An id that is not known is asked for once more with, or without, its prefix.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let asked = need_id(call, "issuance_id")?;
    let mut reply = far.send(desk.get(Api::Credentials, &["credentials", asked])).await?;
    let mut said = data(&reply);
    if matches!(said, Err(Refusal::Complaint(404, _))) {
        reply = far.send(desk.get(Api::Credentials, &["credentials", &other_form(asked)])).await?;
        said = data(&reply);
    }
    let data = match said {
        Ok(data) => data,
        Err(Refusal::Complaint(404, _)) => return Ok(Answer::named("not_found")),
        Err(Refusal::Complaint(status, complaint)) => {
            let code = in_cause(&complaint.code);
            return Err(Stop::Broken(format!("the provider refuses to show the issuance ({status}{code})")));
        }
        Err(Refusal::Stop(stop)) => return Err(stop),
    };
    let Some(status) = data.get("status").and_then(Value::as_str) else {
        return Err(Stop::unclear("an issuance without a `status` in words"));
    };
    let id = text(&data, "id").unwrap_or_else(|| asked.to_owned());
    if bare(&id) != bare(asked) {
        return Err(Stop::unclear("an answer about another issuance than the one that was asked for"));
    }
    let (outcome, fact) = state(status);
    let mut answer = Answer::named(outcome);
    answer.fields = object(json!({"issuance_id": id}));
    if let Some(credential) = credential(&data) {
        answer.fields.insert("credential_id".to_owned(), credential.into());
    }
    if let Some(name) = fact {
        answer.facts.push(FactReport {
            name: name.to_owned(),
            resource: bare(&id).to_owned(),
            fields: answer.fields.clone(),
            time: Some(reply.sent_at),
            rank: 0,
            trust: Trust::Fact,
        });
    }
    // A state of tomorrow is shown as it was read.
    if outcome == "offered" {
        answer.fields.insert("status".to_owned(), said::short(status).into());
    }
    answer.identifiers.extend(both_forms(&id));
    Ok(answer)
}

/// A status as outcome and fact. One of tomorrow is no end: the offer still stands.
fn state(status: &str) -> (&'static str, Option<&'static str>) {
    let plain: String = status.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase();
    match plain.as_str() {
        "completed" => ("completed", Some(COMPLETED)),
        "partiallyissued" => ("partially_issued", Some(PARTIALLY_ISSUED)),
        "failed" => ("failed", Some(FAILED)),
        "expired" => ("expired", Some(EXPIRED)),
        _ => ("offered", None),
    }
}
