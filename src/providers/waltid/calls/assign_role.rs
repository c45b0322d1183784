//! `POST /v1/admin/account/{id}/roles/add/{org}/{role}`, or as the settings write it: an account starts without any
//! role. Adding one that is there changes nothing.

use super::{Desk, step};
use crate::providers::{Call, Reply, Turn};

/// The request.
pub fn begin(desk: &Desk, call: &Call<'_>) -> Turn {
    let role = &desk.settings.role;
    step::begin(desk, &step::names(desk, call), role.host, &role.path, &role.body)
}

/// The outcome.
pub fn resume(desk: &Desk, call: &Call<'_>, reply: &Reply) -> Turn {
    let names = step::names(desk, call);
    step::resume(desk, call, reply, "assigned", step::field("role", names.get("role")))
}
