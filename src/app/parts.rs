//! Small parts that stand between two stations: what is kept aside, what readiness reports, the mailer.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gangway_core::time::{Millis, Timestamp};

use crate::clock::Clock;
use crate::engine::Flows;
use crate::health::Part;
use crate::inbound::amqp::AmqpState;
use crate::inbound::aside::{Aside, Failed};
use crate::outbound::mail::Mailer;
use crate::outbound::mail::templates::Templates;
use crate::outbound::{Dispatcher, Performs};
use crate::settings::Settings;
use crate::store::Store;
use crate::store::aside::{AsideCap, NewAside};
use crate::telemetry::{Beat, Now};
use crate::terminal::{Exit, Failure};

/// The mailer, where a server is set.
pub(super) fn mailer(
    settings: &Settings,
    templates: Arc<Templates>,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Arc<dyn Performs>>, Failure> {
    let mailer = Mailer::new(&settings.mail, &settings.outbound, templates, Arc::clone(clock));
    let mailer = mailer.map_err(|what| Failure::new(Exit::Usage, what))?;
    Ok(mailer.map(|mailer| Arc::new(mailer) as Arc<dyn Performs>))
}

/// Keeps what failed verification in the store, up to a limit for each source.
#[derive(Debug)]
pub(super) struct KeptAside {
    pub store: Store,
    pub most: AsideCap,
}

#[async_trait]
impl Aside for KeptAside {
    async fn keep(&self, source: &str, reason: &str, failed: &Failed, at: Timestamp) -> Result<(), String> {
        let new = NewAside { source, reason, at, content: &failed.written() };
        self.store.keep_unverified(&new, self.most).await.map_err(|error| error.to_string())
    }
}

/// One of gangway's loops, for readiness, as it says of itself.
#[derive(Debug)]
pub(super) struct Loop {
    pub beat: Beat,
    /// Whether webhooks and events over HTTP cannot be taken without it.
    pub needed: bool,
    /// How long a round may take.
    pub late: Millis,
}

impl Loop {
    fn late(&self, now: Now) -> bool {
        now.busy.is_some_and(|busy| busy > std_time(self.late))
    }
}

impl Part for Loop {
    fn name(&self) -> String {
        self.beat.name().into()
    }

    fn ready(&self) -> bool {
        let now = self.beat.now();
        !now.failed && !self.late(now)
    }

    fn detail(&self) -> String {
        let now = self.beat.now();
        let well = now.well.map_or_else(|| "nothing yet".to_owned(), |ago| format!("well {} s ago", ago.as_secs()));
        let told = match now.busy {
            Some(busy) if self.late(now) => format!("a round has been under way for {} s; {well}", busy.as_secs()),
            _ if now.failed => format!("the last round failed, and it is tried again; {well}"),
            _ => well,
        };
        if now.restarts == 0 { told } else { format!("{told}; restarted {} times after a fault", now.restarts) }
    }

    fn needed(&self) -> bool {
        self.needed
    }

    fn vouches(&self) -> bool {
        const MOMENT: Duration = Duration::from_secs(10);
        let now = self.beat.now();
        self.needed && !now.failed && now.well.is_some_and(|ago| ago < MOMENT)
    }
}

/// The way from the broker, for readiness. Webhooks and events over HTTP are taken without it.
#[derive(Debug)]
pub(super) struct Broker(pub AmqpState);

impl Part for Broker {
    fn name(&self) -> String {
        "amqp".into()
    }

    fn needed(&self) -> bool {
        false
    }

    fn ready(&self) -> bool {
        self.0.now().ready()
    }

    fn detail(&self) -> String {
        let state = self.0.now();
        if !state.configured {
            return "not configured".into();
        }
        let what = if state.ready() { "events are being taken" } else { "events are not being taken" };
        let differences = if state.differences.is_empty() {
            String::new()
        } else {
            format!("; differs from what gangway would declare: {}", state.differences.join(", "))
        };
        let unreadable = match (state.unreadable, &state.dead_error) {
            (count, Some(why)) if count > 0 => {
                format!("; {count} unreadable wait for the dead queue since {} ({why})", state.unreadable_since)
            }
            _ => String::new(),
        };
        format!("{what} since {}{differences}{unreadable}", state.since)
    }
}

/// What rests at the providers, and what waits for a process that is set up for it, for people who look at readiness;
/// never takes a process out of service.
#[derive(Debug)]
pub(super) struct Resting {
    pub dispatcher: Dispatcher,
    pub clock: Arc<dyn Clock>,
    /// After this time no other process seems to perform it.
    pub late: Millis,
}

impl Part for Resting {
    fn name(&self) -> String {
        "providers".into()
    }

    fn ready(&self) -> bool {
        self.open().is_empty() && self.elsewhere().is_empty()
    }

    fn detail(&self) -> String {
        match (self.open(), self.elsewhere()) {
            (open, waiting) if open.is_empty() && waiting.is_empty() => "nothing rests".into(),
            (open, waiting) if waiting.is_empty() => format!("resting: {}", open.join("; ")),
            (open, waiting) if open.is_empty() => format!("waiting: {}", waiting.join("; ")),
            (open, waiting) => format!("resting: {}; waiting: {}", open.join("; "), waiting.join("; ")),
        }
    }

    fn needed(&self) -> bool {
        false
    }
}

/// Whether anything may be decided by time. It concerns every process alike, and takes none out of service: events are
/// taken all the same.
#[derive(Debug)]
pub(super) struct Time(pub Arc<dyn Clock>);

impl Part for Time {
    fn name(&self) -> String {
        "clock".into()
    }

    fn ready(&self) -> bool {
        self.0.doubt().is_none()
    }

    fn detail(&self) -> String {
        if let Some(doubt) = self.0.doubt() {
            return format!("{doubt}; time decides nothing until it is as before or has stayed so");
        }
        let ahead = self.0.wall_ahead();
        let by = Millis::secs(ahead.unsigned_abs() / 1000);
        match ahead {
            ..=-1000 => format!("is the database's; this machine's is {by} behind it"),
            1000.. => format!("is the database's; this machine's is {by} ahead of it"),
            _ => "is the database's".into(),
        }
    }

    fn needed(&self) -> bool {
        false
    }
}

impl Resting {
    fn elsewhere(&self) -> Vec<String> {
        let before = Timestamp(self.clock.now().0.saturating_sub(i64::try_from(self.late.0).unwrap_or(i64::MAX)));
        let waiting = self.dispatcher.elsewhere(before).into_iter();
        waiting
            .map(|(slot, since, why)| format!("{slot} since {since} for a process that can perform it: {why}"))
            .collect()
    }

    fn open(&self) -> Vec<String> {
        let now = self.clock.now();
        let resting = |(name, breaker): (String, crate::outbound::Breaker)| {
            breaker.resting(now).map(|rest| format!("{name} until {}: {}", rest.until, rest.cause))
        };
        let mut open: Vec<String> = self.dispatcher.breakers().snapshot().into_iter().filter_map(resting).collect();
        let asked = self.dispatcher.asked(now).into_iter();
        open.extend(asked.map(|(name, asked)| format!("{name} until {}: it asked to be left alone", asked.until)));
        open
    }
}

/// Whom this process cannot step and why; another one may, so it never takes this one out of service.
#[derive(Debug)]
pub(super) struct Steps(pub Flows);

impl Part for Steps {
    fn name(&self) -> String {
        "flows".into()
    }

    fn ready(&self) -> bool {
        self.0.stuck().is_empty()
    }

    fn detail(&self) -> String {
        let stuck = self.0.stuck();
        if stuck.is_empty() {
            return "everyone can be stepped here".into();
        }
        let causes: Vec<String> = stuck.iter().map(|(cause, people)| format!("{cause} ({people})")).collect();
        let all = match stuck.values().sum::<usize>() {
            1 => "1 person".to_owned(),
            people => format!("{people} people"),
        };
        format!("{all} cannot be stepped here: {}", causes.join("; "))
    }

    fn needed(&self) -> bool {
        false
    }
}

/// As a `std` duration.
pub(super) const fn std_time(length: Millis) -> Duration {
    Duration::from_millis(length.0)
}
