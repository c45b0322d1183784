//! What may go wrong, and how often. A text such as `delay=0.1,fail=0.05` enters; the chance of each kind leaves.
//! Nothing is decided here: `dice` does that, from the seed and never from a clock.

pub(crate) mod dice;

use std::fmt;
use std::str::FromStr;

/// One kind of mischief. The name in the text is given beside each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// `delay`: a call is answered late, a webhook is sent late.
    Delay,
    /// `fail`: a call is answered with 500, 502 or 503, some with an HTML body; the work is not done.
    Fail,
    /// `fail_done`: a gateway answers 502 or 504 with HTML although the work behind it was done.
    FailDone,
    /// `throttle`: a call is answered with 429 and `Retry-After`; the work is not done.
    Throttle,
    /// `lost_done`: the work is done and the connection is cut before, or in the middle of, the reply.
    LostDone,
    /// `lost_undone`: the connection is cut and the work is never done.
    LostUndone,
    /// `slow_done`: the connection is cut while the work is under way; it lands a moment later.
    SlowDone,
    /// `duplicate`: a webhook is sent again after it was accepted.
    Duplicate,
    /// `reorder`: a webhook is held back until the user's next one went out.
    Reorder,
    /// `bad_signature`: a forged copy, altered and wrongly signed, goes out before the genuine webhook.
    BadSignature,
    /// `silence`: a webhook is never sent.
    Silence,
}

/// Every kind with its name and its chance under the preset `all`.
const KINDS: [(Mishap, &str, f64); 11] = [
    (Mishap::Delay, "delay", 0.1),
    (Mishap::Fail, "fail", 0.05),
    (Mishap::FailDone, "fail_done", 0.02),
    (Mishap::Throttle, "throttle", 0.05),
    (Mishap::LostDone, "lost_done", 0.03),
    (Mishap::LostUndone, "lost_undone", 0.03),
    (Mishap::SlowDone, "slow_done", 0.02),
    (Mishap::Duplicate, "duplicate", 0.1),
    (Mishap::Reorder, "reorder", 0.1),
    (Mishap::BadSignature, "bad_signature", 0.02),
    (Mishap::Silence, "silence", 0.01),
];

/// A call suffers at most one of these kinds; their chances may not sum to more than 1.
pub(crate) const ENDINGS: [Mishap; 6] =
    [Mishap::Fail, Mishap::FailDone, Mishap::Throttle, Mishap::LostDone, Mishap::LostUndone, Mishap::SlowDone];

/// The chance of each kind, between 0 and 1.
///
/// ```
/// use gangway_sandbox::{Mishap, Mischief};
/// let mischief: Mischief = "delay=0.1,fail=0.05".parse().unwrap();
/// assert_eq!(mischief.chance(Mishap::Fail), 0.05);
/// assert_eq!(mischief.to_string(), "delay=0.1,fail=0.05");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mischief {
    chances: [f64; KINDS.len()],
}

impl Mischief {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self::default()
    }

    /// Everything goes wrong now and then.
    pub fn all() -> Self {
        Self { chances: KINDS.map(|(_, _, chance)| chance) }
    }

    /// How often a kind strikes, from 0 to 1.
    pub fn chance(&self, kind: Mishap) -> f64 {
        self.chances.get(kind as usize).copied().unwrap_or_default()
    }

    /// Sets one chance; refused if it is outside 0 to 1, or if the endings of a call sum to more than 1.
    pub fn with(mut self, kind: Mishap, chance: f64) -> Result<Self, MischiefError> {
        if !(0.0..=1.0).contains(&chance) {
            return Err(MischiefError::Outside { name: name(kind), chance });
        }
        if let Some(slot) = self.chances.get_mut(kind as usize) {
            *slot = chance;
        }
        let sum: f64 = ENDINGS.iter().map(|kind| self.chance(*kind)).sum();
        // A sum of tenths may miss 1 by a rounding error.
        if sum > 1.0 + 1e-9 { Err(MischiefError::TooMuch { sum }) } else { Ok(self) }
    }
}

fn name(kind: Mishap) -> &'static str {
    KINDS.iter().find(|(k, _, _)| *k == kind).map_or("", |(_, name, _)| name)
}

/// Why a text is not a mischief.
#[derive(Clone, Debug, PartialEq)]
pub enum MischiefError {
    /// A name that is not one of the kinds.
    Unknown(String),
    /// A part without `=`, or with something after it that is no number.
    Unreadable(String),
    /// A chance below 0 or above 1.
    Outside {
        /// The kind's name.
        name: &'static str,
        /// What was asked for.
        chance: f64,
    },
    /// The endings of a call exclude each other, and together exceed 1.
    TooMuch {
        /// What they sum to.
        sum: f64,
    },
}

impl fmt::Display for MischiefError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => {
                let names: Vec<_> = KINDS.iter().map(|(_, name, _)| *name).collect();
                write!(
                    f,
                    "no mischief is called `{name}`; there are {}, and the presets all and none",
                    names.join(", ")
                )
            }
            Self::Unreadable(part) => write!(f, "`{part}` is not NAME=CHANCE, such as delay=0.1"),
            Self::Outside { name, chance } => write!(f, "{name}={chance} is not a chance: it must lie from 0 to 1"),
            Self::TooMuch { sum } => {
                let names: Vec<_> = ENDINGS.iter().map(|kind| name(*kind)).collect();
                write!(f, "a call has one ending, but {} sum to {sum}, more than 1", names.join(", "))
            }
        }
    }
}

impl std::error::Error for MischiefError {}

impl FromStr for Mischief {
    type Err = MischiefError;

    /// Parts divided by commas, applied from left to right, so that `all,silence=0` is everything but silence.
    fn from_str(text: &str) -> Result<Self, MischiefError> {
        let mut mischief = Self::none();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            mischief = match part {
                "all" => Self::all(),
                "none" => Self::none(),
                _ => mischief.with_part(part)?,
            };
        }
        Ok(mischief)
    }
}

impl Mischief {
    fn with_part(self, part: &str) -> Result<Self, MischiefError> {
        let (wanted, chance) = match part.split_once('=') {
            Some((wanted, chance)) => (wanted.trim(), Some(chance.trim())),
            None => (part, None),
        };
        let kind = KINDS.iter().find(|(_, name, _)| *name == wanted).map(|(kind, _, _)| *kind);
        let kind = kind.ok_or_else(|| MischiefError::Unknown(wanted.to_owned()))?;
        let chance = chance.and_then(|chance| chance.parse().ok());
        self.with(kind, chance.ok_or_else(|| MischiefError::Unreadable(part.to_owned()))?)
    }
}

impl fmt::Display for Mischief {
    /// A text that parses to the same again; `none` if nothing goes wrong.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<_> = KINDS
            .iter()
            .map(|(kind, name, _)| (name, self.chance(*kind)))
            .filter(|(_, chance)| *chance > 0.0)
            .map(|(name, chance)| format!("{name}={chance}"))
            .collect();
        if parts.is_empty() { f.write_str("none") } else { f.write_str(&parts.join(",")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mischief_survives_being_printed_and_read_again() {
        for text in ["none", "delay=0.25", "delay=0.1,fail=0.05,silence=1"] {
            assert_eq!(text.parse::<Mischief>().unwrap().to_string(), text);
        }
        let all = Mischief::all();
        assert_eq!(all.to_string().parse::<Mischief>().unwrap(), all);
    }

    #[test]
    fn a_later_part_overrides_a_preset() {
        let mischief: Mischief = "all, silence=0".parse().unwrap();
        assert_eq!(mischief.chance(Mishap::Silence), 0.0);
        assert_eq!(mischief.chance(Mishap::Delay), 0.1);
    }

    #[test]
    fn a_refusal_names_what_is_wrong() {
        let refusal = |text: &str| text.parse::<Mischief>().unwrap_err().to_string();
        assert!(refusal("dellay=0.1").contains("`dellay`") && refusal("dellay=0.1").contains("lost_undone"));
        assert!(refusal("delay=often").contains("`delay=often`"));
        assert!(refusal("delay").contains("NAME=CHANCE"));
        assert!(refusal("delay=1.5").contains("from 0 to 1"));
        assert!(refusal("delay=-0.1").contains("from 0 to 1"));
        assert!(refusal("delay=NaN").contains("from 0 to 1"));
        assert!(refusal("fail=0.6,lost_done=0.6").contains("sum to 1.2"));
    }

    #[test]
    fn every_kind_finds_its_own_chance() {
        for (index, (kind, _, _)) in KINDS.iter().enumerate() {
            assert_eq!(*kind as usize, index);
        }
    }
}
