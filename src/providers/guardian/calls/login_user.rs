//! Logging in as the user, as a read: is there an account with this password, and does it have a DID? Settles what a
//! failed or lost task left behind.

use gangway_core::outcome::Answer;

use super::{Desk, with_did};
use crate::providers::{Call, Far, Stop};

/// Carries out this action. `refused` is "not registered" as well as "somebody else's username".
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let session = match desk.log_in_user(call, far).await? {
        Ok(session) => session,
        Err(complaint) => return Ok(complaint.refused()),
    };
    Ok(match session.did {
        Some(did) => with_did("with_did", Some(&did)),
        None => Answer::named("without_did"),
    })
}
