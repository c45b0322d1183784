//! `POST /auth/login/delegated`: a session for a registered user, asked for by the service account. It works exactly
//! when the user is registered; that is all that is taken from it. The session itself is never kept.

use serde_json::json;

use super::Desk;
use super::users::Standing;
use crate::providers::haven::error::Refusal;
use crate::providers::{Far, Stop};

impl Desk {
    /// How the user stands. A lost answer leaves nothing behind but an unused session. A refusal is about the person:
    /// to log in an employee of the organisation, for example, is forbidden (403).
    pub(super) async fn login(&self, far: &dyn Far, username: &str) -> Result<Standing, Stop> {
        let body = json!({"username": username});
        let reply = self.change(far, ("POST", "/auth/login/delegated"), &body, false).await?;
        match self.data(&reply) {
            Ok(_) => Ok(Standing::Registered(None)),
            // The service account's own token was good a moment ago, so this is about the user.
            Err(Refusal::Unauthorised(_) | Refusal::NotFound(_)) => Ok(Standing::Unknown),
            Err(Refusal::Approval) => Ok(Standing::Approval),
            Err(refusal) => refusal.of_person().map(Standing::Refused),
        }
    }
}
