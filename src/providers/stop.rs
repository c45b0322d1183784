//! Why a conversation ended without an answer, and what statuses say of that at every provider. A reply enters, a
//! [`Stop`] leaves. Never here: a provider's own words, or a body in a cause.

use gangway_core::outcome::AttemptResult;
use gangway_core::time::Millis;

use super::{Reply, wait};

/// Why a conversation ended without an answer: the only such type, from the socket to the adapter. Causes are shown to
/// people; they hold no personal data and no secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// The provider refuses us as a whole (credentials, a moved address): no attempt is spent, the whole provider rests
    /// and is probed until it is mended.
    #[error("{0}")]
    Barred(String),
    /// Refused, and nothing says whether this person is meant or we are (403): an attempt is spent, and nothing rests.
    /// Several different people in a row who meet it prove that we are: then as [`Stop::Barred`].
    #[error("{0}")]
    Denied(String),
    /// Nothing was done, and it is not our time (429, a rate): no attempt is spent. It may say how long to wait.
    #[error("{0}")]
    Later(String, Option<Millis>),
    /// Nothing was done for certain, and it passes: an attempt is spent. It may say how long to wait.
    #[error("{0}")]
    Away(String, Option<Millis>),
    /// Whatever the last request asked for may have been done.
    #[error("{0}")]
    Unclear(String),
    /// A look-up found that it was not done.
    #[error("not done")]
    NotDone,
    /// For good: a person must look.
    #[error("{0}")]
    Broken(String),
}

/// A status that means the same whatever the body says; `None`: the body decides. `keys` are the settings to check
/// when credentials are refused, `base_url` the one to check when the provider has moved.
#[must_use]
pub fn of_status(reply: &Reply, keys: &str, base_url: &str) -> Option<Stop> {
    let status = reply.status;
    match status {
        401 => Some(Stop::credentials(status, keys)),
        403 => Some(Stop::denied("the provider", keys)),
        300..=399 => Some(Stop::moved("the provider", status, base_url)),
        429 => Some(Stop::throttled("the provider", reply.asked())),
        408 | 425 => Some(Stop::Away(format!("{status}, not taken"), reply.asked())),
        503 if reply.asked().is_some() => Some(Stop::shut(reply.asked())),
        500..=599 => Some(Stop::Unclear(format!("the provider failed ({status})"))),
        _ => None,
    }
}

impl Stop {
    /// For good, with this cause.
    #[must_use]
    pub fn broken(cause: &str) -> Self {
        Self::Broken(cause.to_owned())
    }

    /// It passes, with this cause.
    #[must_use]
    pub fn away(cause: &str) -> Self {
        Self::Away(cause.to_owned(), None)
    }

    /// The answer leaves open what was done, with this cause.
    #[must_use]
    pub fn unclear(cause: &str) -> Self {
        Self::Unclear(cause.to_owned())
    }

    /// An action that `provider` does not have: a pinned flow of an older gangway may name one that is no more.
    #[must_use]
    pub fn no_such_action(provider: &str) -> Self {
        let next = "move the onboarding to a state that it knows";
        Self::Broken(format!("this gangway knows no such action of {provider}; {next}"))
    }

    /// Our own credentials are refused: 401, or 403 about what every call needs. `keys` are the settings to check.
    #[must_use]
    pub fn credentials(status: u16, keys: &str) -> Self {
        Self::Barred(format!("the provider refuses our credentials ({status}); check {keys}"))
    }

    /// `who` answers 403 and does not say whom it means; `keys` are the settings to check if it means us.
    #[must_use]
    pub fn denied(who: &str, keys: &str) -> Self {
        Self::Denied(format!("{who} forbids this request (403); if it forbids it for others too, check {keys}"))
    }

    /// `who` answers with a redirect; `base_url` names the settings to check.
    #[must_use]
    pub fn moved(who: &str, status: u16, base_url: &str) -> Self {
        Self::Barred(format!("{who} answers with a redirect ({status}); check {base_url}"))
    }

    /// `who` answers 429.
    #[must_use]
    pub fn throttled(who: &str, wait: Option<Millis>) -> Self {
        Self::Later(format!("429, {who} asks for fewer requests"), wait)
    }

    /// 503 with a wait: the door was shut before us. Without one it may be a gateway whose back end went on working,
    /// so that is [`Stop::Unclear`].
    #[must_use]
    pub fn shut(wait: Option<Millis>) -> Self {
        Self::Away("503, asks to try again later".to_owned(), wait)
    }

    /// A gateway in front of `who` answered with this status instead.
    #[must_use]
    pub fn gateway(who: &str, status: u16, wait: Option<Millis>) -> Self {
        Self::Away(format!("{status} from a gateway, not from {who} itself"), wait)
    }

    /// The cause alone.
    #[must_use]
    pub fn cause(&self) -> &str {
        match self {
            Self::Barred(cause) | Self::Denied(cause) | Self::Later(cause, _) | Self::Away(cause, _) => cause,
            Self::Unclear(cause) | Self::Broken(cause) => cause,
            Self::NotDone => "not done",
        }
    }

    /// This stop, with `who` before its cause.
    #[must_use]
    pub fn said_by(self, who: &str) -> Self {
        let told = |cause: String| format!("{who}: {cause}");
        match self {
            Self::Barred(cause) => Self::Barred(told(cause)),
            Self::Denied(cause) => Self::Denied(told(cause)),
            Self::Later(cause, wait) => Self::Later(told(cause), wait),
            Self::Away(cause, wait) => Self::Away(told(cause), wait),
            Self::Unclear(cause) => Self::Unclear(told(cause)),
            Self::NotDone => Self::NotDone,
            Self::Broken(cause) => Self::Broken(told(cause)),
        }
    }

    /// How an attempt ends that stopped so. `doubt`: the last request may have changed something.
    #[must_use]
    pub fn ended(self, doubt: bool) -> AttemptResult {
        match self {
            Self::Barred(cause) => AttemptResult::Again { cause, retry_after: None, spent: false },
            Self::Denied(cause) => AttemptResult::Again { cause, retry_after: None, spent: true },
            Self::Later(cause, retry_after) => AttemptResult::Again { cause, retry_after, spent: false },
            Self::Away(cause, retry_after) => AttemptResult::Again { cause, retry_after, spent: true },
            Self::Unclear(cause) if doubt => AttemptResult::Unknown { cause },
            Self::Unclear(cause) => AttemptResult::Again { cause, retry_after: None, spent: true },
            Self::NotDone => AttemptResult::NotDone,
            Self::Broken(cause) => AttemptResult::Broken { cause },
        }
    }

    /// Why there is no token, by an answer on the way to it: a fault of the settings, or something that passes.
    #[must_use]
    pub fn of_a_token(self) -> Self {
        match self {
            // No person is named on the way to a token of ours.
            Self::Barred(cause) | Self::Denied(cause) | Self::Broken(cause) => Self::Barred(cause),
            Self::Later(cause, wait) | Self::Away(cause, wait) => Self::Away(cause, wait),
            Self::Unclear(_) | Self::NotDone => Self::away(self.cause()),
        }
    }
}

/// What a reply asks for before the next request.
impl Reply {
    /// How long the provider asks to wait.
    #[must_use]
    pub fn asked(&self) -> Option<Millis> {
        wait::asked(&self.headers, true, self.received_at)
    }
}
