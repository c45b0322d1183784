//! Tokens that are good for everyone but one person: the trap of a token that stops working in the middle. A call and
//! its token enter; whether to refuse it leaves. The first token that comes for an action and a person is refused for
//! them, as often as it comes; any other is let in, so that only a caller that gets a new one goes on.

use std::collections::HashMap;

use parking_lot::Mutex;

/// For each action and person that walked into the trap, the token that is refused.
#[derive(Default)]
pub(crate) struct Refused {
    first: Mutex<HashMap<(&'static str, String), String>>,
}

impl Refused {
    pub(crate) fn refuses(&self, action: &'static str, name: &str, token: &str) -> bool {
        let mut first = self.first.lock();
        first.entry((action, name.to_owned())).or_insert_with(|| token.to_owned()) == token
    }
}
