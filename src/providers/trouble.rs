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
    Throttled(Option<Millis>),
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
        401 | 403 => Some(Trouble::Barred(format!("the provider refuses our credentials ({status}); check {keys}"))),
        300..=399 => {
            Some(Trouble::Barred(format!("the provider answers with a redirect ({status}); check {base_url}")))
        }
        429 => Some(Trouble::Throttled(asked())),
        408 | 425 => Some(Trouble::Away(format!("{status}, not taken"), asked())),
        // With a wait the door was shut before us; without one it may be a gateway whose back end went on working.
        503 if asked().is_some() => Some(Trouble::Away("503, asks to come again".to_owned(), asked())),
        500..=599 => Some(Trouble::Unclear(format!("the provider failed ({status})"))),
        _ => None,
    }
}

impl Trouble {
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
            Self::Throttled(retry_after) => AttemptResult::Again { cause: throttled(), retry_after, spent: false },
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
            Self::Throttled(retry_after) => TokenTurn::Away { cause: throttled(), retry_after },
            Self::Away(cause, retry_after) => TokenTurn::Away { cause, retry_after },
            Self::Unclear(cause) => TokenTurn::Away { cause, retry_after: None },
        }
    }
}

fn throttled() -> String {
    "429, the provider asks for fewer requests".to_owned()
}
