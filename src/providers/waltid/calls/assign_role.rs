//! `POST /v1/admin/account/{id}/roles/add/{org}/{role}`, or as the settings write it: an account starts without any
//! role. Adding one that is there changes nothing.

use gangway_core::outcome::Answer;

use super::{Desk, step};
use crate::providers::{Call, Far, Stop};

/// Carries out this action.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let (names, role) = (step::names(desk, call), &desk.settings.role);
    let fields = step::field("role", names.get("role"));
    step::call(desk, &names, (role.host, &role.path, &role.body), far, "assigned", fields).await
}
