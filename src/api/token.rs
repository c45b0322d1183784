//! Access tokens: `gw_` and 32 random bytes. Only the SHA-256 is ever stored or looked up; guessing 256 bits is
//! hopeless, so neither salt nor a slow hash is needed, nor a comparison in constant time.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::clock::Chance;

const PREFIX: &str = "gw_";

/// What a token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Look at users, onboardings, events.
    Read,
    /// Send events.
    Publish,
    /// Retry, move, cancel, note, adopt.
    Operate,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 3] = [Self::Read, Self::Publish, Self::Operate];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Publish => "publish",
            Self::Operate => "operate",
        }
    }

    /// The scope of this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.word() == word)
    }
}

/// A new token.
#[must_use]
pub fn fresh(chance: &dyn Chance) -> String {
    let mut bytes = [0_u8; 32];
    chance.fill(&mut bytes);
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// What is stored of a token.
#[must_use]
pub fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// The token of an `Authorization` header; `None` when it cannot be one of ours, so that guesses cost no query.
#[must_use]
pub(crate) fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    let token = token.trim();
    let body = token.strip_prefix(PREFIX)?;
    let ours = URL_SAFE_NO_PAD.decode(body).is_ok_and(|bytes| bytes.len() == 32);
    (scheme.eq_ignore_ascii_case("bearer") && ours).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::{bearer, digest, fresh};
    use crate::clock::SeededChance;

    #[test]
    fn a_fresh_token_is_taken_from_its_header_and_nothing_else_is() {
        let token = fresh(&SeededChance::new(1));
        assert_eq!(token.len(), 3 + 43);
        assert_eq!(bearer(&format!("Bearer {token}")), Some(token.as_str()));
        assert_eq!(bearer(&format!("bearer  {token}")), Some(token.as_str()));
        let short = token.get(..20).unwrap();
        for header in
            ["", "Bearer", "Bearer ", &token, &format!("Basic {token}"), &format!("Bearer {short}"), "Bearer gw_"]
        {
            assert_eq!(bearer(header), None, "{header:?}");
        }
        assert_ne!(digest(&token), digest(short));
    }
}
