//! What an answer means that is none of an action's outcomes, the same at several providers: statuses enter, the end
//! of an attempt or of the way to a token leaves. Never here: a provider's own words, or a body in a cause.

use gangway_core::outcome::AttemptResult;
use gangway_core::time::{Millis, Timestamp};

use super::{Reply, TokenTurn, Turn, wait};

/// Why an answer is no outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// We are refused as a whole: credentials, or a moved address.
    Barred(String),
    /// 429: nothing was done, and it is not our fault alone.
    Throttled(String, Option<Millis>),
    /// Nothing was done for certain, and it passes.
    Away(String, Option<Millis>),
    /// Whatever was asked may have been done.
    Unclear(String),
    /// A permanent answer that the documentation does not know.
    Strange(String),
}

/// A status that means the same whatever the body says; `None`: the body decides. `keys` are the settings to check
/// when credentials are refused, `base_url` the one to check when the provider has moved.
#[must_use]
pub fn of_status(reply: &Reply, now: Timestamp, keys: &str, base_url: &str) -> Option<Trouble> {
    let status = reply.status;
    let asked = || wait::asked(&reply.headers, true, now);
    match status {
        401 | 403 => Some(Trouble::credentials(status, keys)),
        300..=399 => Some(Trouble::moved("the provider", status, base_url)),
        429 => Some(Trouble::throttled("the provider", asked())),
        408 | 425 => Some(Trouble::Away(format!("{status}, not taken"), asked())),
        503 if asked().is_some() => Some(Trouble::shut(asked())),
        500..=599 => Some(Trouble::Unclear(format!("the provider failed ({status})"))),
        _ => None,
    }
}

impl Trouble {
    /// 401 and 403, where they mean our own credentials; `keys` are the settings to check.
    #[must_use]
    pub fn credentials(status: u16, keys: &str) -> Self {
        Self::Barred(format!("the provider refuses our credentials ({status}); check {keys}"))
    }

    /// A redirect of `who` answers; `base_url` are the settings to check.
    #[must_use]
    pub fn moved(who: &str, status: u16, base_url: &str) -> Self {
        Self::Barred(format!("{who} answers with a redirect ({status}); check {base_url}"))
    }

    /// 429 of `who` answers.
    #[must_use]
    pub fn throttled(who: &str, retry_after: Option<Millis>) -> Self {
        Self::Throttled(format!("429, {who} asks for fewer requests"), retry_after)
    }

    /// 503 with a wait: the door was shut before us. Without one it may be a gateway whose back end went on working,
    /// so that is [`Trouble::Unclear`].
    #[must_use]
    pub fn shut(retry_after: Option<Millis>) -> Self {
        Self::Away("503, asks to come again".to_owned(), retry_after)
    }

    /// A status of a gateway that stands before `who` should have answered.
    #[must_use]
    pub fn gateway(who: &str, status: u16, retry_after: Option<Millis>) -> Self {
        Self::Away(format!("{status} from a gateway, not from {who} itself"), retry_after)
    }

    /// How an attempt ends that meets this with a request that changes nothing.
    #[must_use]
    pub fn of_a_read(self) -> Turn {
        match self {
            Self::Unclear(cause) => Self::Away(cause, None).of_a_change(),
            other => other.of_a_change(),
        }
    }

    /// How an attempt ends that meets this with a request that may have changed something.
    #[must_use]
    pub fn of_a_change(self) -> Turn {
        Turn::Ended(match self {
            Self::Barred(cause) => return Turn::Barred(cause),
            Self::Throttled(cause, retry_after) => AttemptResult::Again { cause, retry_after, spent: false },
            Self::Away(cause, retry_after) => AttemptResult::Again { cause, retry_after, spent: true },
            Self::Unclear(cause) => AttemptResult::Unknown { cause },
            Self::Strange(cause) => AttemptResult::Broken { cause },
        })
    }

    /// How the way to a token ends that meets this.
    #[must_use]
    pub fn of_a_token(self) -> TokenTurn {
        match self {
            Self::Barred(cause) | Self::Strange(cause) => TokenTurn::Barred(cause),
            Self::Throttled(cause, retry_after) | Self::Away(cause, retry_after) => {
                TokenTurn::Away { cause, retry_after }
            }
            Self::Unclear(cause) => TokenTurn::Away { cause, retry_after: None },
        }
    }
}
