//! `POST /accounts/login`, as the registry or as a new user. Changes nothing. What it answers is only read, never kept.

use gangway_core::time::Timestamp;
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use super::Desk;
use crate::providers::complaint::Refusal;
use crate::providers::guardian::error::{Body, body};
use crate::providers::parts::{given, text};
use crate::providers::stop::Stop;
use crate::providers::{Reply, Request};

/// What a login answered.
#[derive(Debug)]
pub enum Login {
    /// Username and password are right.
    In {
        /// The account's DID, once it has one.
        did: Option<String>,
        /// The access token, where this Guardian gives one at once.
        access: Option<SecretString>,
        /// What is exchanged for one; empty when only an access token came.
        refresh: SecretString,
    },
    /// They are right, and a second factor is asked for.
    SecondFactor,
    /// Nobody has this username with this password.
    Refused,
}

/// The request.
#[must_use]
pub fn request(desk: &Desk, username: &str, password: &str) -> Request {
    let credentials = json!({"username": username, "password": password});
    Request { effectful: false, ..desk.post(&["accounts", "login"], &credentials) }
}

/// The request for the user of this input; none when username or password is missing.
#[must_use]
pub fn of_input(desk: &Desk, input: &Map<String, Value>) -> Option<Request> {
    Some(request(desk, given(input, "username")?, given(input, "password")?))
}

/// Why [`of_input`] has no request.
pub const NO_INPUT: &str = "username and password are needed to log in as the user; the password may be gone already, because no state needed it";

/// Why nothing can be done about [`Login::SecondFactor`].
pub const SECOND_FACTOR: &str =
    "the user's login asks for a second factor, which gangway cannot give; look the account up at the registry";

/// What the answer says.
///
/// # Errors
/// [`Stop`] of the kind that the status and the body say.
pub fn read(reply: &Reply, now: Timestamp) -> Result<Login, Stop> {
    match reply.status {
        401 => return Ok(Login::Refused),
        // The registry's credentials have no part in a user's login: nobody else is to wait for this.
        403 => return Err(Stop::Broken("403 to a login, which the documentation does not know".to_owned())),
        _ => {}
    }
    let answer = match body(reply, now) {
        Ok(Body::Object(answer)) => answer,
        Ok(Body::Empty) => return Err(Stop::Unclear("a login without an answer".to_owned())),
        Err(Refusal::Complaint(status, _)) => {
            return Err(Stop::Broken(format!("Guardian does not take the login ({status}): it is malformed")));
        }
        Err(Refusal::Stop(trouble)) => return Err(trouble),
    };
    if answer.get("otprequired") == Some(&Value::Bool(true)) {
        return Ok(Login::SecondFactor);
    }
    let token = |name| text(&answer, name).map(SecretString::from);
    match (token("accessToken"), token("refreshToken")) {
        (None, None) => Err(Stop::Unclear("a login without a token".to_owned())),
        (access, refresh) => Ok(Login::In { did: text(&answer, "did"), access, refresh: refresh.unwrap_or_default() }),
    }
}
