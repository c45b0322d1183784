//! Logging in as the user, as a read: is there an account with this password, and does it have a DID? Settles what a
//! failed or lost task left behind.

use gangway_core::outcome::Answer;

use super::login::{self, Login, NO_INPUT, SECOND_FACTOR};
use super::{Desk, with_did};
use crate::providers::parts::{broken, done, send};
use crate::providers::{Call, Reply, Turn};

/// The request.
pub fn begin(desk: &Desk, call: &Call<'_>) -> Turn {
    login::of_input(desk, call.input).map_or_else(|| broken(NO_INPUT), |request| send(request, "login"))
}

/// The outcome. `refused` is "not registered" as well as "somebody else's username".
pub fn resume(call: &Call<'_>, reply: &Reply) -> Turn {
    match login::read(reply, call.now) {
        Ok(Login::In { did: Some(did), .. }) => done(with_did("with_did", Some(&did))),
        Ok(Login::In { did: None, .. }) => done(Answer::named("without_did")),
        Ok(Login::Refused) => done(Answer::named("refused")),
        Ok(Login::SecondFactor) => broken(SECOND_FACTOR),
        Err(trouble) => trouble.of_a_read(),
    }
}
