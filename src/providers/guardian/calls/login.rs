//! `POST /accounts/login`, as the registry or as a new user. It changes nothing but the user's refresh token, which
//! Guardian knows one of. What it answers is only read here, never kept.

use secrecy::SecretString;
use serde_json::json;

use super::Desk;
use crate::providers::complaint::{Complaint, Refusal};
use crate::providers::guardian::error::{Body, body, complaint, did, is_true};
use crate::providers::parts::{given, text};
use crate::providers::said::in_cause;
use crate::providers::{Call, Far, HttpRequest, Reply, Stop};

/// What a login answered.
#[derive(Debug)]
pub enum Login {
    /// Username and password are right.
    In(Session),
    /// They are right, and a second factor is asked for.
    SecondFactor,
    /// No user has this username with this password (401).
    Unknown(Complaint),
    /// It is not taken for another reason, which says nothing of whether there is such a user.
    Refused(u16, Complaint),
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

    /// Logs in as the user of this input, or says why that is refused.
    pub(super) async fn log_in_user(&self, call: &Call<'_>, far: &dyn Far) -> Result<Result<Session, Complaint>, Stop> {
        match self.log_in_as(call, far).await? {
            Login::In(session) => Ok(Ok(session)),
            Login::Unknown(complaint) | Login::Refused(_, complaint) => Ok(Err(complaint)),
            Login::SecondFactor => Err(Stop::broken(SECOND_FACTOR)),
        }
    }

    /// Logs in as the user of this input, to find out whether there is one; `None` when no user has this username with
    /// this password. Any other refusal leaves it open.
    pub(super) async fn is_user(&self, call: &Call<'_>, far: &dyn Far) -> Result<Option<Session>, Stop> {
        match self.log_in_as(call, far).await? {
            Login::In(session) => Ok(Some(session)),
            Login::Unknown(_) => Ok(None),
            Login::Refused(status, complaint) => {
                let code = in_cause(&complaint.code);
                let cause =
                    format!("Guardian does not take the login as the user ({status}{code}); look the account up");
                Err(Stop::Broken(cause))
            }
            Login::SecondFactor => Err(Stop::broken(SECOND_FACTOR)),
        }
    }

    async fn log_in_as(&self, call: &Call<'_>, far: &dyn Far) -> Result<Login, Stop> {
        let (Some(username), Some(password)) = (given(call.input, "username"), given(call.input, "password")) else {
            return Err(Stop::broken(NO_INPUT));
        };
        self.log_in(far, username, password).await
    }
}

fn read(reply: &Reply) -> Result<Login, Stop> {
    match reply.status {
        401 => return Ok(Login::Unknown(complaint(reply))),
        // The registry's credentials have no part in a user's login: no other call must wait for this.
        403 => return Ok(Login::Refused(403, complaint(reply))),
        _ => {}
    }
    let answer = match body(reply) {
        Ok(Body::Object(answer)) => answer,
        Ok(Body::Empty) => return Err(Stop::unclear("a login without an answer")),
        Err(Refusal::Complaint(status, complaint)) => return Ok(Login::Refused(status, complaint)),
        Err(Refusal::Stop(stop)) => return Err(stop),
    };
    if is_true(&answer, "otprequired") {
        return Ok(Login::SecondFactor);
    }
    let token = |name| text(&answer, name).map(SecretString::from);
    match (token("accessToken"), token("refreshToken")) {
        (None, None) => Err(Stop::unclear("a login without a token")),
        (access, refresh) => Ok(Login::In(Session { did: did(&answer), access, refresh: refresh.unwrap_or_default() })),
    }
}
