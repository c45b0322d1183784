//! `POST /auth/login/delegated`: a session for a registered user, asked for by the service account. It works exactly
//! when the user is registered; that is all that is taken from it. The session itself is never kept.

use serde_json::json;

use super::Desk;
use crate::providers::complaint::Complaint;
use crate::providers::haven::error::Refusal;
use crate::providers::haven::sign::{self, Change};
use crate::providers::stop::Stop;
use crate::providers::{Call, Reply, Turn};

/// What a login says about the user.
pub enum Registered {
    /// Yes.
    Yes,
    /// No, or nobody of this name is known.
    No,
    /// The request is at fault, or the user is deactivated.
    Refused(Complaint),
    /// A policy caught it.
    Approval,
}

/// Asks; the answer comes back with this stage. A lost answer leaves nothing behind but a session that nobody has.
pub fn ask(desk: &Desk, username: &str, then: &'static str) -> Turn {
    let body = json!({"username": username});
    let path = "/auth/login/delegated";
    sign::begin(desk, Change { method: "POST", path, body: &body, effectful: false, then })
}

/// Reads the answer. The service account's own token was good a moment ago, so a 401 is about the user.
///
/// # Errors
/// How the attempt ends when the answer says nothing about the user.
pub fn read(desk: &Desk, call: &Call<'_>, reply: &Reply) -> Result<Registered, Box<Turn>> {
    match desk.data(call, reply) {
        Ok(_) => Ok(Registered::Yes),
        Err(Refusal::Unauthorised(_) | Refusal::NotFound) => Ok(Registered::No),
        Err(Refusal::Refused(complaint) | Refusal::Exists(complaint)) => Ok(Registered::Refused(complaint)),
        Err(Refusal::Approval) => Ok(Registered::Approval),
        Err(refusal) => Err(Box::new(Stop::from(refusal).of_a_read())),
    }
}
