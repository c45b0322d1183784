//! `POST /auth/users`: makes an end user whose registration we carry out, before it begins. The newer way; the older
//! one makes the user on the fly when the registration begins.

use gangway_core::effect::Mode;
use gangway_core::event::Identifier;
use gangway_core::outcome::Answer;
use serde_json::{Value, json};

use super::users::Standing;
use super::{Desk, USER_ID, USERNAME};
use crate::providers::complaint::Complaint;
use crate::providers::haven::error::Refusal;
use crate::providers::parts::{given, need, object, text};
use crate::providers::{Call, Far, Stop};

/// What became of making a user.
pub(super) enum Made {
    /// It is new, with this id.
    New(String),
    /// One of this name was there.
    Exists,
    /// A policy caught it.
    Approval,
    /// Not this one.
    Refused(Complaint),
}

/// Carries out this action.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let email = need(call, "email")?;
    if call.mode == Mode::LookUp {
        return match desk.standing(far, None, email).await? {
            Standing::Unknown => Err(Stop::NotDone),
            Standing::Refused(complaint) => Ok(complaint.refused()),
            _ => Ok(named("exists", email, None)),
        };
    }
    Ok(match desk.make(far, email, given(call.input, "external_id")).await? {
        Made::New(id) => named("created", email, Some(id)),
        Made::Exists => named("exists", email, None),
        Made::Approval => Answer::named("awaiting_approval"),
        Made::Refused(complaint) => complaint.refused(),
    })
}

fn named(outcome: &str, email: &str, id: Option<String>) -> Answer {
    let mut answer = Answer::named(outcome);
    answer.identifiers = id.iter().map(|id| Identifier::new(USER_ID, &**id)).collect();
    answer.identifiers.push(Identifier::new(USERNAME, email));
    answer.fields = object(json!({"username": email}));
    answer.fields.extend(id.map(|id| ("user_id".to_owned(), Value::String(id))));
    answer
}

impl Desk {
    /// Makes the user. After a lost answer it is asked again: one that is there then "exists already".
    pub(super) async fn make(&self, far: &dyn Far, email: &str, external_id: Option<&str>) -> Result<Made, Stop> {
        let mut body = json!({"email": email, "kind": "EndUser", "registration": "Delegated"});
        if let (Some(external_id), Some(body)) = (external_id, body.as_object_mut()) {
            body.insert("externalId".to_owned(), Value::from(external_id));
        }
        let reply = self.change(far, ("POST", "/auth/users"), &body, true).await?;
        match self.data(&reply) {
            Ok(said) => {
                let inner = said.get("user").unwrap_or(&Value::Null);
                let id = text(&said, "userId").or_else(|| text(inner, "id")).or_else(|| text(&said, "id"));
                id.map(Made::New).ok_or_else(|| Stop::unclear("a user without `userId`"))
            }
            Err(Refusal::Exists(_)) => Ok(Made::Exists),
            Err(Refusal::Approval) => Ok(Made::Approval),
            Err(refusal) => refusal.of_person().map(Made::Refused),
        }
    }
}
