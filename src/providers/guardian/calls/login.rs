//! `POST /accounts/login`, as the registry or as a new user. Changes nothing. What it answers is only read, never kept.

use secrecy::SecretString;
use serde_json::{Value, json};

use super::Desk;
use crate::providers::complaint::Refusal;
use crate::providers::guardian::error::{Body, body};
use crate::providers::parts::{given, text};
use crate::providers::{Call, Far, HttpRequest, Reply, Stop};

/// What a login answered.
#[derive(Debug)]
pub enum Login {
    /// Username and password are right.
    In(Session),
    /// They are right, and a second factor is asked for.
    SecondFactor,
    /// No user has this username with this password.
    Refused,
}

/// What a login gives.
#[derive(Debug)]
pub struct Session {
    /// The account's DID, once it has one.
    pub did: Option<String>,
    /// The access token, where this Guardian gives one at once.
    pub access: Option<SecretString>,
    /// What is exchanged for one; empty when only an access token came.
    pub refresh: SecretString,
}

/// Why it is not possible to log in as the user of an input.
pub const NO_INPUT: &str = "username and password are needed to log in as the user; the password may be gone already, because no state needed it";

const SECOND_FACTOR: &str =
    "the user's login asks for a second factor, which gangway cannot give; look the account up at the registry";

impl Desk {
    /// Logs in.
    pub(in crate::providers::guardian) async fn log_in(
        &self,
        far: &dyn Far,
        username: &str,
        password: &str,
    ) -> Result<Login, Stop> {
        let credentials = json!({"username": username, "password": password});
        let request = HttpRequest { effectful: false, ..self.post(&["accounts", "login"], &credentials) };
        read(&far.send(request).await?)
    }

    /// Logs in as the user of this input; `None` when no user has this username with this password.
    pub(super) async fn log_in_user(&self, call: &Call<'_>, far: &dyn Far) -> Result<Option<Session>, Stop> {
        let (Some(username), Some(password)) = (given(call.input, "username"), given(call.input, "password")) else {
            return Err(Stop::broken(NO_INPUT));
        };
        match self.log_in(far, username, password).await? {
            Login::In(session) => Ok(Some(session)),
            Login::Refused => Ok(None),
            Login::SecondFactor => Err(Stop::broken(SECOND_FACTOR)),
        }
    }
}

fn read(reply: &Reply) -> Result<Login, Stop> {
    match reply.status {
        401 => return Ok(Login::Refused),
        // The registry's credentials have no part in a user's login: no other call must wait for this.
        403 => return Err(Stop::broken("403 to a login, which the documentation does not know")),
        _ => {}
    }
    let answer = match body(reply) {
        Ok(Body::Object(answer)) => answer,
        Ok(Body::Empty) => return Err(Stop::unclear("a login without an answer")),
        Err(Refusal::Complaint(status, _)) => {
            return Err(Stop::Broken(format!("Guardian does not take the login ({status}): it is malformed")));
        }
        Err(Refusal::Stop(stop)) => return Err(stop),
    };
    if answer.get("otprequired") == Some(&Value::Bool(true)) {
        return Ok(Login::SecondFactor);
    }
    let token = |name| text(&answer, name).map(SecretString::from);
    match (token("accessToken"), token("refreshToken")) {
        (None, None) => Err(Stop::unclear("a login without a token")),
        (access, refresh) => {
            Ok(Login::In(Session { did: text(&answer, "did"), access, refresh: refresh.unwrap_or_default() }))
        }
    }
}
