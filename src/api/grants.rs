//! Grants of tokens, remembered for a few seconds: a token that was taken back stops working that soon.

use std::collections::HashMap;

use gangway_core::time::{Millis, Timestamp};
use parking_lot::Mutex;

use crate::store::tokens::TokenGrant;

/// Most grants that are remembered.
const MOST: usize = 1024;

/// What is known of tokens, by digest. Unknown tokens are not remembered: guesses must not push out those in use.
#[derive(Debug)]
pub(crate) struct Grants {
    keep: Millis,
    known: Mutex<HashMap<[u8; 32], (TokenGrant, Timestamp)>>,
}

impl Grants {
    pub(crate) fn new(keep: Millis) -> Self {
        Self { keep, known: Mutex::new(HashMap::new()) }
    }

    /// The grant, when it was read not long ago.
    pub(crate) fn get(&self, digest: &[u8; 32], now: Timestamp) -> Option<TokenGrant> {
        let known = self.known.lock();
        known.get(digest).filter(|(_, read)| self.fresh(*read, now)).map(|(grant, _)| grant.clone())
    }

    /// Remembers a grant that was read now.
    pub(crate) fn put(&self, digest: [u8; 32], grant: TokenGrant, now: Timestamp) {
        let mut known = self.known.lock();
        if known.len() >= MOST {
            known.retain(|_, (_, read)| self.fresh(*read, now));
        }
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(digest, (grant, now));
    }

    /// A clock that was set back makes nothing last longer.
    fn fresh(&self, read: Timestamp, now: Timestamp) -> bool {
        now >= read && now.since(read) < self.keep
    }
}

#[cfg(test)]
mod tests {
    use super::{Grants, MOST};
    use crate::store::tokens::TokenGrant;
    use gangway_core::time::{Millis, Timestamp};

    fn grant() -> TokenGrant {
        TokenGrant { name: "support".into(), scopes: vec!["read".into()], ..TokenGrant::default() }
    }

    #[test]
    fn a_grant_is_forgotten_when_its_time_is_over_or_the_clock_was_set_back() {
        let grants = Grants::new(Millis::secs(10));
        grants.put([1; 32], grant(), Timestamp(50_000));
        assert!(grants.get(&[1; 32], Timestamp(59_999)).is_some());
        assert!(grants.get(&[1; 32], Timestamp(60_000)).is_none());
        assert!(grants.get(&[1; 32], Timestamp(49_999)).is_none());
        assert!(grants.get(&[2; 32], Timestamp(50_000)).is_none());
    }

    #[test]
    fn however_many_tokens_there_are_the_memory_of_them_is_bounded() {
        let grants = Grants::new(Millis::secs(10));
        for n in 0..(MOST as u64 * 2) {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&n.to_le_bytes());
            grants.put(digest, grant(), Timestamp(n.cast_signed()));
            assert!(grants.get(&digest, Timestamp(n.cast_signed())).is_some());
        }
        assert!(grants.known.lock().len() <= MOST);
    }
}
