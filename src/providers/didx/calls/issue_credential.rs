//! `POST /credentials/issuance`: a credential offer from a template. Not idempotent as far as is known, and nothing
//! can be looked up: an unknown outcome is a person's question.

use gangway_core::outcome::Answer;
use gangway_core::secret::Secrets;
use serde_json::{Value, json};

use super::{Api, Desk, both_forms, refusal};
use crate::providers::didx::error::data;
use crate::providers::parts::{given, object, text};
use crate::providers::{Call, Far, Stop};

/// The conversation; 200 and 201 both occur.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let template = given(call.input, "credential_template_id").or(desk.settings.credential_template_id.as_deref());
    let Some(template) = template else {
        return Err(Stop::broken(
            "no template: give credential_template_id in the flow or in providers.didx.credential_template_id",
        ));
    };
    let Some(attributes @ Value::Object(_)) = call.input.get("attributes") else {
        return Err(Stop::broken("issue_credential needs attributes, a map; check the flow's mapping"));
    };
    let body = json!({"credentialTemplateId": template, "attributes": attributes});
    let reply = far.send(desk.post(Api::Credentials, &["credentials", "issuance"], Some(&body))).await?;
    let data = match data(&reply) {
        Ok(data) => data,
        Err(other) => return refusal(other),
    };
    let id = text(&data, "id").ok_or_else(|| Stop::unclear("a good answer without the issuance's `id`"))?;
    let Some(offer) = text(&data, "offerUri") else {
        let cause = "the credential was issued, but the answer has no `offerUri` to send; ask the provider";
        return Err(Stop::broken(cause));
    };
    let mut answer = Answer::named("offered");
    answer.identifiers.extend(both_forms(&id));
    answer.fields = object(json!({"issuance_id": id}));
    if let Some(id) = credential(&data) {
        answer.fields.insert("credential_id".to_owned(), id.into());
    }
    answer.secrets = Secrets::of("offer_uri", offer);
    Ok(answer)
}

/// The inner id, which a revocation needs.
pub(super) fn credential(data: &Value) -> Option<String> {
    text(data.get("credentials")?.get(0)?, "id")
}
