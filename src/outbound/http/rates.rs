//! When each request of a provider with a rate may go: one after the other, evenly, whatever sends it. A rate, the time
//! and a wish enter; a tick or a wait leaves. Pure except for its lock: no clock is read here, nothing waits here.
//!
//! An effect is begun only when a tick is promised to it, so that what must wait stays in the database, where it
//! spends no attempt. Further requests of a conversation take the next tick when they are sent.

use std::collections::{BTreeMap, VecDeque};

use gangway_core::time::{Millis, Timestamp};
use parking_lot::{Mutex, MutexGuard};

use crate::providers::Rate;

/// Ticks that come within this time are promised together: a fast rate needs no look at the database for each of
/// them, and a look that comes a little late costs no tick.
const AHEAD: i64 = 100_000;

/// The ticks of all providers that have a rate; those of any other come at once.
#[derive(Debug, Default)]
pub struct Rates {
    lines: Mutex<BTreeMap<String, Line>>,
}

/// The ticks of one provider; times in microseconds since 1970, because a fast rate has several in a millisecond.
#[derive(Debug, Default)]
struct Line {
    /// From one tick to the next.
    step: i64,
    /// The first free tick.
    next: i64,
    /// Until when those are sent away that found no tick soon enough.
    sent_away: i64,
    /// When the latest request goes or went.
    last: Option<i64>,
    /// Ticks of effects that were begun and have sent nothing yet, the soonest first.
    promised: VecDeque<i64>,
}

impl Rates {
    /// Sets or takes away a provider's rate. What was promised stays; the next tick is that of the new rate.
    pub fn set(&self, provider: &str, rate: Option<Rate>) {
        let mut lines = self.lines();
        match rate {
            Some(rate) => {
                let line = lines.entry(provider.to_owned()).or_default();
                let before = std::mem::replace(&mut line.step, rate.step_micros());
                if before > 0 {
                    line.next = line.next.saturating_sub(before).saturating_add(line.step);
                }
            }
            None => drop(lines.remove(provider)),
        }
    }

    /// Promises ticks to at most `wanted` effects that are begun now; to how many.
    pub fn promise(&self, provider: &str, wanted: u32, now: Timestamp) -> u32 {
        let mut lines = self.lines();
        let Some(line) = lines.get_mut(provider) else { return wanted };
        let mut count = 0;
        while count < wanted && line.next <= micros(now).saturating_add(AHEAD) {
            let tick = line.take(now);
            line.promised.push_back(tick);
            count += 1;
        }
        count
    }

    /// Takes promises back: the effects were not begun.
    pub fn give_back(&self, provider: &str, count: u32) {
        if let Some(line) = self.lines().get_mut(provider) {
            (0..count).for_each(|_| line.take_back());
        }
    }

    /// Takes back what was promised to effects that ended without sending anything: `under_way` are left.
    pub fn settle(&self, provider: &str, under_way: u32) {
        if let Some(line) = self.lines().get_mut(provider) {
            while line.promised.len() > under_way as usize {
                line.take_back();
            }
        }
    }

    /// Takes the next request's tick: answers how long to wait before sending.
    ///
    /// # Errors
    /// The wait, when it is longer than `patience`; no tick is taken then.
    pub fn take(&self, provider: &str, now: Timestamp, patience: Millis) -> Result<Millis, Millis> {
        let mut lines = self.lines();
        let Some(line) = lines.get_mut(provider) else { return Ok(Millis(0)) };
        let until = |tick: i64| Millis(u64::try_from(tick.saturating_sub(micros(now))).unwrap_or(0).div_ceil(1000));
        let wait = until(line.next);
        let tick = match line.promised.pop_front() {
            Some(tick) => tick,
            None if wait > patience => return Err(wait),
            None => line.take(now),
        };
        Ok(until(line.send(tick.max(micros(now)))))
    }

    /// Takes a tick of an action's own line. Whoever must wait longer than `patience` is sent away, each to a time of
    /// its own: what comes back together would be sent away again but for one.
    ///
    /// # Errors
    /// The wait, when it is longer than `patience`; no tick is taken then.
    pub fn take_or_come_again(&self, line: &str, now: Timestamp, patience: Millis) -> Result<Millis, Millis> {
        let mut lines = self.lines();
        let Some(line) = lines.get_mut(line) else { return Ok(Millis(0)) };
        let until = |tick: i64| Millis(u64::try_from(tick.saturating_sub(micros(now))).unwrap_or(0).div_ceil(1000));
        if until(line.next) <= patience {
            let tick = line.take(now);
            return Ok(until(line.send(tick)));
        }
        line.sent_away = line.sent_away.max(line.next);
        let wait = until(line.sent_away);
        line.sent_away = line.sent_away.saturating_add(line.step);
        Err(wait)
    }

    /// Takes up the rates of a provider's actions, and takes away those that it has no more.
    pub fn set_actions(&self, provider: &str, rates: &[(String, Rate)]) {
        let prefix = format!("{provider}.");
        let told = |line: &str| rates.iter().any(|(action, _)| line.strip_prefix(&prefix) == Some(action.as_str()));
        self.lines().retain(|line, _| !line.starts_with(&prefix) || told(line));
        rates.iter().for_each(|(action, rate)| self.set(&format!("{prefix}{action}"), Some(*rate)));
    }

    /// The next tick of a provider, or of all, is now. What was promised stays.
    pub fn resume(&self, provider: Option<&str>, now: Timestamp) {
        for (name, line) in self.lines().iter_mut() {
            // A line is a provider's, or one of its actions'.
            if provider.is_none_or(|provider| provider == name.split('.').next().unwrap_or_default()) {
                line.sent_away = 0;
                line.next = line.next.min(micros(now));
                line.last = None;
            }
        }
    }

    /// How long until a tick can be promised again; `None` when one can be now.
    #[must_use]
    pub fn wait(&self, provider: &str, now: Timestamp) -> Option<Millis> {
        let lines = self.lines();
        let early = lines.get(provider)?.next.saturating_sub(micros(now)).saturating_sub(AHEAD);
        u64::try_from(early).ok().filter(|early| *early > 0).map(|early| Millis(early.div_ceil(1000)))
    }

    fn lines(&self) -> MutexGuard<'_, BTreeMap<String, Line>> {
        self.lines.lock()
    }
}

impl Line {
    fn take(&mut self, now: Timestamp) -> i64 {
        let tick = self.next.max(micros(now));
        self.next = tick.saturating_add(self.step);
        tick
    }

    /// A request goes at this time, or later when one went just before: a late request pushes back the later ones.
    fn send(&mut self, at: i64) -> i64 {
        let at = self.last.map_or(at, |last| at.max(last.saturating_add(self.step)));
        self.last = Some(at);
        self.next = self.next.max(at.saturating_add(self.step));
        at
    }

    /// Takes back the last promise; its tick is free again unless a later one is promised.
    fn take_back(&mut self) {
        if let Some(tick) = self.promised.pop_back()
            && self.next == tick.saturating_add(self.step)
        {
            self.next = tick;
        }
    }
}

const fn micros(time: Timestamp) -> i64 {
    time.0.saturating_mul(1000)
}

#[cfg(test)]
mod tests {
    use super::Rates;
    use crate::providers::Rate;
    use gangway_core::time::{Millis, Timestamp};

    const PATIENCE: Millis = Millis::secs(10);

    fn rates(requests: u32, per: Millis) -> Rates {
        let rates = Rates::default();
        rates.set("acme", Some(Rate { requests, per }));
        rates
    }

    #[test]
    fn whoever_finds_no_tick_of_an_action_comes_again_at_a_time_of_its_own() {
        let rates = Rates::default();
        rates.set_actions("acme", &[("send".to_owned(), Rate { requests: 1, per: Millis::secs(1) })]);
        let take = |now| rates.take_or_come_again("acme.send", Timestamp(now), Millis(100));
        assert_eq!(take(10_000), Ok(Millis(0)));
        assert_eq!([take(10_000), take(10_000), take(10_000)], [1000, 2000, 3000].map(|wait| Err(Millis(wait))));
        assert_eq!([take(11_000), take(12_000), take(13_000)], [Ok(Millis(0)); 3]);
        assert_eq!(rates.take_or_come_again("acme.other", Timestamp(0), Millis(0)), Ok(Millis(0)));
        assert_eq!(take(13_001), Err(Millis(999)));
        rates.resume(Some("acme"), Timestamp(13_001));
        assert_eq!(take(13_001), Ok(Millis(0)), "what holds it back ends with the wait of its provider");
        rates.set_actions("acme", &[]);
        assert_eq!([take(13_001), take(13_001)], [Ok(Millis(0)); 2]);
    }

    #[test]
    fn requests_go_evenly_and_no_second_ever_has_more_than_the_rate() {
        let rates = rates(5, Millis::secs(1));
        let sent: Vec<u64> = (0..40).map(|_| rates.take("acme", Timestamp(0), PATIENCE).unwrap().0).collect();
        assert_eq!(sent[..6], [0, 200, 400, 600, 800, 1000]);
        for from in &sent {
            let within = sent.iter().filter(|at| (*from..from + 1000).contains(at)).count();
            assert!(within <= 5, "{within} in the second from {from}");
        }
    }

    #[test]
    fn a_pause_saves_nothing_up() {
        let rates = rates(60, Millis::secs(60));
        assert_eq!(rates.take("acme", Timestamp(500_000), PATIENCE), Ok(Millis(0)));
        assert_eq!(rates.take("acme", Timestamp(500_000), PATIENCE), Ok(Millis(1000)));
    }

    #[test]
    fn an_effect_is_begun_only_when_its_tick_is_near_and_its_first_request_has_that_tick() {
        let rates = rates(2, Millis::secs(1));
        assert_eq!(rates.promise("acme", 8, Timestamp(1_000)), 1);
        assert_eq!(
            (rates.promise("acme", 8, Timestamp(1_000)), rates.wait("acme", Timestamp(1_000))),
            (0, Some(Millis(400)))
        );
        assert_eq!(rates.take("acme", Timestamp(1_000), PATIENCE), Ok(Millis(0)), "the promised one");
        assert_eq!(rates.wait("acme", Timestamp(1_400)), None);
        assert_eq!(rates.promise("acme", 8, Timestamp(1_400)), 1);
        assert_eq!(rates.take("acme", Timestamp(1_400), PATIENCE), Ok(Millis(100)), "a little early: it waits");
    }

    #[test]
    fn a_request_that_is_late_for_its_tick_pushes_back_those_after_so_that_none_go_together() {
        let rates = rates(10, Millis::secs(1));
        assert_eq!(rates.promise("acme", 2, Timestamp(1_000)), 2);
        assert_eq!(rates.take("acme", Timestamp(1_900), PATIENCE), Ok(Millis(0)));
        assert_eq!(rates.take("acme", Timestamp(1_900), PATIENCE), Ok(Millis(100)));
        assert_eq!(rates.take("acme", Timestamp(1_900), PATIENCE), Ok(Millis(200)));
    }

    #[test]
    fn the_ticks_of_a_fast_rate_are_promised_several_at_once_and_still_go_evenly() {
        let rates = rates(100, Millis::secs(1));
        assert_eq!(rates.promise("acme", 64, Timestamp(0)), 11);
        let waits: Vec<u64> = (0..11).map(|_| rates.take("acme", Timestamp(0), PATIENCE).unwrap().0).collect();
        assert_eq!(waits, (0..11).map(|n| n * 10).collect::<Vec<_>>());
        assert_eq!(rates.promise("acme", 3, Timestamp(50)), 3, "never more than are wanted");
    }

    #[test]
    fn a_promise_that_was_not_needed_costs_no_tick() {
        let rates = rates(1, Millis::secs(1));
        assert_eq!(rates.promise("acme", 1, Timestamp(0)), 1);
        rates.give_back("acme", 1);
        assert_eq!((rates.wait("acme", Timestamp(0)), rates.promise("acme", 1, Timestamp(0))), (None, 1));
        rates.settle("acme", 1);
        assert_eq!(rates.promise("acme", 1, Timestamp(0)), 0, "one is under way");
        rates.settle("acme", 0);
        assert_eq!(rates.promise("acme", 1, Timestamp(0)), 1, "it ended without sending anything");
        assert_eq!(rates.take("acme", Timestamp(0), PATIENCE), Ok(Millis(0)));
        rates.give_back("acme", 9);
        rates.settle("acme", 0);
        assert_eq!(rates.take("acme", Timestamp(0), PATIENCE), Ok(Millis(1000)), "a tick that was used stays used");
    }

    #[test]
    fn a_tick_that_is_far_away_is_told_and_not_taken() {
        let rates = rates(1, Millis::secs(60));
        assert_eq!(rates.take("acme", Timestamp(0), PATIENCE), Ok(Millis(0)));
        assert_eq!(rates.take("acme", Timestamp(20_000), PATIENCE), Err(Millis::secs(40)));
        assert_eq!(rates.take("acme", Timestamp(50_000), PATIENCE), Ok(Millis::secs(10)));
    }

    #[test]
    fn a_provider_without_a_rate_waits_for_nobody_and_a_rate_can_be_set_anew() {
        let rates = rates(1, Millis::secs(60));
        rates.take("acme", Timestamp(5_000), PATIENCE).unwrap();
        rates.set("acme", Some(Rate { requests: 1, per: Millis::secs(2) }));
        assert_eq!(rates.take("acme", Timestamp(6_000), PATIENCE), Ok(Millis::secs(1)));
        assert_eq!((rates.promise("didx", 9, Timestamp(0)), rates.wait("didx", Timestamp(0))), (9, None));
        assert_eq!(rates.take("didx", Timestamp(0), PATIENCE), Ok(Millis(0)));
        rates.set("acme", None);
        assert_eq!((rates.wait("acme", Timestamp(0)), rates.promise("acme", 9, Timestamp(0))), (None, 9));
    }
}
