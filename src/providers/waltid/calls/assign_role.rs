//! `POST /v1/admin/account/{id}/roles/add/{org}/{role}`, or as the settings write it: an account starts without any
//! role. Adding one that is there changes nothing. Only an empty object or a text of the settings says that it was
//! there already; after a conflict without either, the account itself tells.

use gangway_core::outcome::Answer;
use serde_json::Value;

use super::{Desk, refused, step};
use crate::providers::parts::{given, object};
use crate::providers::waltid::error::{Refusal, Tells};
use crate::providers::waltid::template::Names;
use crate::providers::{Call, Far, Stop};

/// Carries out this action.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let (names, role) = (step::names(desk, call), &desk.settings.role);
    let tells = Tells { statuses: &[], texts: &role.given };
    match step::ask(desk, &names, (role.host, &role.path, &role.body), tells, far).await {
        Ok(()) | Err(Refusal::Duplicate(_)) => Ok(assigned(&names)),
        Err(Refusal::Refused(complaint)) => {
            // 409 is a conflict of some kind: with a role that is there, or with something else.
            if complaint.status == 409 && has(desk, call, far, &names).await? {
                return Ok(assigned(&names));
            }
            Ok(refused(&complaint))
        }
        Err(Refusal::Stop(stop)) => Err(stop),
    }
}

fn assigned(names: &Names) -> Answer {
    let mut answer = Answer::named("assigned");
    answer.fields = object(step::field("role", names.get("role")));
    answer
}

/// Whether the account has the role, as the list shows it.
async fn has(desk: &Desk, call: &Call<'_>, far: &dyn Far, names: &Names) -> Result<bool, Stop> {
    let Some(role) = names.get("role") else { return Ok(false) };
    let email = given(call.input, "email").unwrap_or_default();
    let account = match given(call.input, "account_id") {
        Some(id) => desk.find_id(far, id, email).await?,
        None if email.is_empty() => None,
        None => desk.find(far, email).await?,
    };
    Ok(account.is_some_and(|account| account.get("roles").is_some_and(|roles| names_it(roles, role))))
}

/// How given roles look in `roles` is not published: a text or the name of a field somewhere in it.
fn names_it(roles: &Value, role: &str) -> bool {
    match roles {
        Value::String(text) => text == role,
        Value::Array(list) => list.iter().any(|item| names_it(item, role)),
        Value::Object(map) => map.iter().any(|(name, item)| name == role || names_it(item, role)),
        _ => false,
    }
}
