//! `POST /credentials/issuance`: a credential offer from a template. Not idempotent as far as is known, and nothing
//! can be looked up: an unknown outcome is a person's question.

use gangway_core::outcome::Answer;
use gangway_core::secret::Secrets;
use serde_json::{Value, json};

use super::{Api, Desk, both_forms, refusal};
use crate::providers::didx::error::data;
use crate::providers::parts::{broken, done, given, object, send, text};
use crate::providers::stop::Stop;
use crate::providers::{Call, Reply, Turn};

/// The request.
pub fn begin(desk: &Desk, call: &Call<'_>) -> Turn {
    let template = given(call.input, "credential_template_id").or(desk.settings.credential_template_id.as_deref());
    let Some(template) = template else {
        return broken(
            "no template: give credential_template_id in the flow or in providers.didx.credential_template_id",
        );
    };
    let Some(attributes @ Value::Object(_)) = call.input.get("attributes") else {
        return broken("issue_credential needs attributes, a map; check the flow's mapping");
    };
    let body = json!({"credentialTemplateId": template, "attributes": attributes});
    send(desk.post(Api::Credentials, &["credentials", "issuance"], Some(&body)), "issue")
}

/// The outcome; 200 and 201 both occur.
pub fn resume(call: &Call<'_>, reply: &Reply) -> Turn {
    let data = match data(reply, call.now) {
        Ok(data) => data,
        Err(other) => return refusal(other),
    };
    let Some(id) = text(&data, "id") else {
        return Stop::Unclear("a good answer without the issuance's `id`".to_owned()).of_a_change();
    };
    let Some(offer) = text(&data, "offerUri") else {
        return broken("the credential was issued, but the answer has no `offerUri` to send; ask the provider");
    };
    let mut answer = Answer::named("offered");
    answer.identifiers.extend(both_forms(&id));
    answer.fields = object(json!({"issuance_id": id}));
    if let Some(id) = credential(&data) {
        answer.fields.insert("credential_id".to_owned(), id.into());
    }
    answer.secrets = Secrets::of("offer_uri", offer);
    done(answer)
}

/// The inner id, which a revocation needs.
pub(super) fn credential(data: &Value) -> Option<String> {
    text(data.get("credentials")?.get(0)?, "id")
}
