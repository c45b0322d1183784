//! Lets what fails rest. One breaker for each action, one for its look-ups (which say nothing about its work), one for
//! each provider as a whole. Pure: times enter, nothing is read from a clock. Closed, open until a time, then half
//! open: one is let through, and its end decides.

use std::collections::{BTreeMap, BTreeSet};

use gangway_core::effect::{Mode, Request};
use gangway_core::event::OnboardingId;
use gangway_core::time::{Millis, Timestamp};
use parking_lot::{Mutex, MutexGuard};

use crate::settings::outbound::BreakerSettings;
use crate::store::types::Resting;

/// What an attempt says about the health of the far end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It answered, whatever the answer.
    Well,
    /// It did not answer, or answered that it is broken.
    Failing(String),
    /// It refuses us as a whole: the provider's breaker opens at once and is probed until it is mended.
    Barred(String),
    /// It refuses this person or us and does not say which: the provider's breaker opens once several different people
    /// in a row have met it.
    Denied(String),
    /// Says nothing: a wait that was asked for, or nothing was sent.
    Unsaid,
}

/// One breaker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Breaker {
    /// Everything is let through.
    #[default]
    Closed,
    /// Failures in a row, the last of them at this time.
    Shaky {
        /// How many.
        failures: u32,
        /// When the last of them was.
        last: Timestamp,
    },
    /// Nothing is let through.
    Open {
        /// When it opened.
        since: Timestamp,
        /// Until then.
        until: Timestamp,
        /// How long this rest is; the next one is twice as long.
        rest: Millis,
        /// Why it is open.
        cause: String,
    },
    /// One was let through at this time; the others wait for its end.
    HalfOpen {
        /// Since when it is not closed.
        since: Timestamp,
        /// When the one attempt was let through. If its end is never told, another replaces it after another rest.
        probing: Timestamp,
        /// The rest before.
        rest: Millis,
        /// Why it was open.
        cause: String,
    },
}

/// A breaker that does not let through: until when, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rest {
    /// When the next one is let through.
    pub until: Timestamp,
    /// When the rest began.
    pub since: Timestamp,
    /// Why; shown to people.
    pub cause: String,
}

impl Breaker {
    /// Whether it would not let one through now.
    #[must_use]
    pub fn resting(&self, now: Timestamp) -> Option<Rest> {
        match self {
            Self::Closed | Self::Shaky { .. } => None,
            Self::Open { since, until, cause, .. } => {
                (now < *until).then(|| Rest { until: *until, since: *since, cause: cause.clone() })
            }
            Self::HalfOpen { since, probing, rest, cause } => {
                let until = probing.plus(*rest);
                (now < until).then(|| Rest { until, since: *since, cause: cause.clone() })
            }
        }
    }

    /// Lets one through, or says why not.
    ///
    /// # Errors
    /// [`Rest`].
    pub fn admit(&mut self, now: Timestamp) -> Result<(), Rest> {
        if let Some(resting) = self.resting(now) {
            return Err(resting);
        }
        if let Self::Open { since, rest, cause, .. } | Self::HalfOpen { since, rest, cause, .. } = self {
            *self = Self::HalfOpen { since: *since, probing: now, rest: *rest, cause: std::mem::take(cause) };
        }
        Ok(())
    }

    /// One ended well.
    pub fn well(&mut self) {
        *self = Self::Closed;
    }

    /// Whether a failure now would be the first in a row.
    fn is_fresh(&self, settings: &BreakerSettings, now: Timestamp) -> bool {
        match self {
            Self::Closed => true,
            Self::Shaky { last, .. } => now.since(*last) > settings.window,
            Self::Open { .. } | Self::HalfOpen { .. } => false,
        }
    }

    /// One failed.
    pub fn failed(&mut self, settings: &BreakerSettings, now: Timestamp, cause: &str) {
        let failures = match self {
            Self::Closed => 1,
            Self::Shaky { failures, last } if now.since(*last) <= settings.window => failures.saturating_add(1),
            Self::Shaky { .. } => 1,
            // Late news of attempts that were under way when it opened.
            Self::Open { .. } => return,
            Self::HalfOpen { since, rest, .. } => {
                let rest = Millis(rest.0.saturating_mul(2)).min(settings.max_rest);
                *self = Self::Open { since: *since, until: now.plus(rest), rest, cause: cause.to_owned() };
                return;
            }
        };
        *self = if failures < settings.failures {
            Self::Shaky { failures, last: now }
        } else {
            Self::Open { since: now, until: now.plus(settings.rest), rest: settings.rest, cause: cause.to_owned() }
        };
    }

    /// It is refused as a whole: opens at once, with an even time between probes.
    pub fn bar(&mut self, settings: &BreakerSettings, now: Timestamp, cause: &str) {
        let since = match self {
            Self::Open { since, .. } | Self::HalfOpen { since, .. } => *since,
            Self::Closed | Self::Shaky { .. } => now,
        };
        *self = Self::Open { since, until: now.plus(settings.probe), rest: settings.probe, cause: cause.to_owned() };
    }

    /// The one that was let through says nothing: the next may try at once.
    pub fn unsaid(&mut self, now: Timestamp) {
        if let Self::HalfOpen { since, rest, cause, .. } = self {
            *self = Self::Open { since: *since, until: now, rest: *rest, cause: std::mem::take(cause) };
        }
    }

    /// 0 closed, 1 half open, 2 open: for metrics.
    #[must_use]
    pub const fn level(&self) -> u8 {
        match self {
            Self::Closed | Self::Shaky { .. } => 0,
            Self::HalfOpen { .. } => 1,
            Self::Open { .. } => 2,
        }
    }
}

/// The breaker of an attempt: calls have one for each action and one for its look-ups, mails and publications one for
/// all.
#[must_use]
pub fn name(request: &Request, mode: Mode) -> String {
    match request.target() {
        ("call", action) => of_action(action, mode),
        _ => request.slot().to_owned(),
    }
}

/// The breaker of an action's work, or of its look-ups.
#[must_use]
pub fn of_action(action: &str, mode: Mode) -> String {
    match mode {
        Mode::Do => action.to_owned(),
        Mode::LookUp => format!("{action}{LOOK_UPS}"),
    }
}

/// Whether this breaker is that of a slot or of one of its actions.
fn belongs(name: &str, slot: &str) -> bool {
    name.split('.').next() == Some(slot)
}

/// What the breaker of an action's look-ups is called after the action's name. No action's name has two dots.
const LOOK_UPS: &str = ".look_up";

/// What the row of those whom a provider denied is called after the provider's name.
const DENIED: &str = ".denied";

/// All breakers of this process: `original` for the provider, `original.create_user` for an action,
/// `original.create_user.look_up` for its look-ups, `mail`, `publish`.
#[derive(Debug)]
pub struct Breakers {
    settings: BreakerSettings,
    all: Mutex<BTreeMap<String, Breaker>>,
    /// The onboardings that met each action's failures in a row, up to as many as make it rest.
    met: Mutex<BTreeMap<String, BTreeSet<OnboardingId>>>,
}

impl Breakers {
    /// All closed.
    #[must_use]
    pub const fn new(settings: BreakerSettings) -> Self {
        Self { settings, all: Mutex::new(BTreeMap::new()), met: Mutex::new(BTreeMap::new()) }
    }

    /// Lets one attempt through the breaker of its slot and that of its action, or says why not.
    ///
    /// # Errors
    /// The [`Rest`] of the breaker that does not let it through.
    pub fn admit(&self, slot: &str, action: &str, now: Timestamp) -> Result<(), Rest> {
        let mut all = self.all();
        for name in [slot, action] {
            if let Some(resting) = all.get(name).and_then(|breaker| breaker.resting(now)) {
                return Err(resting);
            }
        }
        all.get_mut(slot).map_or(Ok(()), |breaker| breaker.admit(now))?;
        if action == slot {
            return Ok(());
        }
        all.get_mut(action).map_or(Ok(()), |breaker| breaker.admit(now))
    }

    /// Until when a slot as a whole rests.
    #[must_use]
    pub fn resting(&self, slot: &str, now: Timestamp) -> Option<Rest> {
        self.all().get(slot).and_then(|breaker| breaker.resting(now))
    }

    /// Whether a slot that is open would now let exactly one through.
    #[must_use]
    pub fn probes(&self, slot: &str) -> bool {
        self.all().get(slot).is_some_and(|breaker| breaker.level() > 0)
    }

    /// Actions that do not simply pass: they let none through, or one at first. Also when the first of those that rest
    /// goes on.
    #[must_use]
    pub fn held(&self, now: Timestamp) -> (Vec<Resting>, Option<Timestamp>) {
        let (mut held, mut soonest) = (Vec::new(), None::<Timestamp>);
        for (name, breaker) in self.all().iter().filter(|(_, breaker)| breaker.level() > 0) {
            let Some((slot, _)) = name.split_once('.') else { continue };
            let (target, mode) = match name.strip_suffix(LOOK_UPS) {
                Some(action) => (action, Mode::LookUp),
                None => (name.as_str(), Mode::Do),
            };
            let until = breaker.resting(now).map(|rest| rest.until);
            soonest = soonest.into_iter().chain(until).min();
            let most = u32::from(until.is_none());
            held.push(Resting { slot: slot.to_owned(), target: target.to_owned(), mode, most });
        }
        (held, soonest)
    }

    /// Takes note of how an attempt for this onboarding ended. Answers whether it failed as every attempt does now:
    /// that says nothing about this onboarding. What a few onboardings alone meet rests nothing for the others.
    pub fn note(&self, slot: &str, action: &str, of: OnboardingId, health: &Health, now: Timestamp) -> bool {
        let mut all = self.all();
        let mut everybody = false;
        match health {
            // Keeps one that never failed too: its figure says that it is closed.
            Health::Well => [slot, action].into_iter().for_each(|name| match all.get_mut(name) {
                Some(breaker) => breaker.well(),
                None => drop(all.insert(name.to_owned(), Breaker::Closed)),
            }),
            Health::Failing(cause) => {
                let breaker = all.entry(action.to_owned()).or_default();
                let (met, another) = self.met(action, of, breaker.is_fresh(&self.settings, now));
                if another || breaker.level() > 0 {
                    breaker.failed(&self.settings, now, cause);
                }
                everybody = met >= self.settings.failures && breaker.level() > 0;
                // Whatever fails, it is not refused as a whole any more; the action's own breaker has it now.
                all.get_mut(slot).filter(|_| slot != action).into_iter().for_each(Breaker::well);
            }
            Health::Denied(cause) => {
                let breaker = all.entry(slot.to_owned()).or_default();
                let (met, another) = self.met(&format!("{slot}{DENIED}"), of, breaker.is_fresh(&self.settings, now));
                everybody = met >= self.settings.failures || breaker.level() > 0;
                if everybody {
                    breaker.bar(&self.settings, now, cause);
                } else if another {
                    breaker.failed(&self.settings, now, cause);
                }
                all.get_mut(action).filter(|_| slot != action).into_iter().for_each(|breaker| breaker.unsaid(now));
            }
            Health::Barred(cause) => {
                all.entry(slot.to_owned()).or_default().bar(&self.settings, now, cause);
                all.get_mut(action).filter(|_| slot != action).into_iter().for_each(|breaker| breaker.unsaid(now));
            }
            Health::Unsaid => [slot, action].into_iter().for_each(|name| {
                all.get_mut(name).into_iter().for_each(|breaker| breaker.unsaid(now));
            }),
        }
        for (name, breaker) in all.iter() {
            metrics::gauge!("gangway_outbound_breaker", "target" => name.clone()).set(f64::from(breaker.level()));
        }
        everybody
    }

    /// How many different onboardings met failures of this name in a row, this one included, up to as many as open a
    /// breaker; and whether this one is new among them. `fresh`: the row begins with it.
    fn met(&self, name: &str, of: OnboardingId, fresh: bool) -> (u32, bool) {
        let mut met = self.met.lock();
        let met = met.entry(name.to_owned()).or_default();
        if fresh {
            met.clear();
        }
        let many = self.settings.failures as usize;
        let another = met.len() < many && met.insert(of);
        (u32::try_from(met.len()).unwrap_or(u32::MAX), another)
    }

    /// Something was mended at this slot, or anywhere: what rests is tried again from now on, one at first.
    pub fn mended(&self, slot: Option<&str>, now: Timestamp) {
        for (_, breaker) in self.all().iter_mut().filter(|(name, _)| slot.is_none_or(|slot| belongs(name, slot))) {
            if let Breaker::Open { until, .. } = breaker {
                *until = (*until).min(now);
            }
            breaker.unsaid(now);
        }
    }

    /// Everything that is not closed: for readiness and explanations.
    #[must_use]
    pub fn snapshot(&self) -> Vec<(String, Breaker)> {
        let open =
            |(name, breaker): (&String, &Breaker)| (breaker.level() > 0).then(|| (name.clone(), breaker.clone()));
        self.all().iter().filter_map(open).collect()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Breaker>> {
        self.all.lock()
    }
}

#[cfg(test)]
mod tests;
