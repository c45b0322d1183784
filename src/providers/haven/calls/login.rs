//! `POST /auth/login/delegated`: a session for a registered user, asked for by the service account. It works exactly
//! when the user is registered; that is all that is taken from it. The session itself is never kept.

use serde_json::json;

use super::Desk;
use crate::providers::complaint::Complaint;
use crate::providers::haven::error::Refusal;
use crate::providers::{Far, Stop};

/// What a login says about the user.
pub enum Registered {
    /// Yes.
    Yes,
    /// No, or there is no user of this name.
    No,
    /// The request is at fault, or the user is deactivated.
    Refused(Complaint),
    /// A policy caught it.
    Approval,
}

impl Desk {
    /// Whether the user is registered. A lost answer leaves nothing behind but an unused session. The service account's
    /// own token was good a moment ago, so a 401 is about the user.
    pub(super) async fn registered(&self, far: &dyn Far, username: &str) -> Result<Registered, Stop> {
        let body = json!({"username": username});
        let reply = self.change(far, ("POST", "/auth/login/delegated"), &body, false).await?;
        match self.data(&reply) {
            Ok(_) => Ok(Registered::Yes),
            Err(Refusal::Unauthorised(_) | Refusal::NotFound) => Ok(Registered::No),
            Err(Refusal::Refused(complaint) | Refusal::Exists(complaint)) => Ok(Registered::Refused(complaint)),
            Err(Refusal::Approval) => Ok(Registered::Approval),
            Err(refusal) => Err(refusal.into()),
        }
    }
}
