//! Every metric by name: one table, from which `/metrics` takes its help texts and docs/reference/metrics.md its rows.
//! Labels are few and closed: never an id, an address or a path with values in it.

use metrics::Unit;

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Spread of lengths or sizes.
    Histogram,
}

impl Type {
    /// Prometheus's word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

macro_rules! table {
    ($($metric:ident, $name:literal, $kind:ident, $unit:ident, [$($label:literal),*], $help:literal;)+) => {
        /// Every metric.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Metric {
            $(#[doc = $help] $metric,)+
        }

        impl Metric {
            /// The whole table, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$metric,)+];

            /// Its name in Prometheus.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$metric => $name,)+ }
            }

            /// What it is.
            #[must_use]
            pub const fn kind(self) -> Type {
                match self { $(Self::$metric => Type::$kind,)+ }
            }

            /// Its labels.
            #[must_use]
            pub const fn labels(self) -> &'static [&'static str] {
                match self { $(Self::$metric => &[$($label),*],)+ }
            }

            /// What it tells.
            #[must_use]
            pub const fn help(self) -> &'static str {
                match self { $(Self::$metric => $help,)+ }
            }

            const fn unit(self) -> Unit {
                match self { $(Self::$metric => Unit::$unit,)+ }
            }
        }
    };
}

table! {
    Requests, "gangway_http_requests_total", Counter, Count, ["method", "route", "status"],
        "HTTP requests answered, by route template.";
    RequestSeconds, "gangway_http_request_seconds", Histogram, Seconds, ["method", "route"],
        "Time from a request's head to its answer.";
    Intake, "gangway_intake_total", Counter, Count, ["source", "verdict"],
        "What came in, by source and what became of it: a verdict, copy, or why it did not become an event.";
    Events, "gangway_events_total", Counter, Count, ["verdict"],
        "Events journaled, by verdict; copies are not in it.";
    Quarantined, "gangway_quarantined_total", Counter, Count, [],
        "Events that the database refuses on their own, kept apart until they are taken again.";
    Unverified, "gangway_unverified_total", Counter, Count, ["source", "kept"],
        "Deliveries that failed verification, and whether they were kept for inspection: a little of each, few in a minute.";
    AsideTaken, "gangway_aside_taken_total", Counter, Count, ["kind"],
        "What was kept apart and then taken: `quarantine` or `unverified`.";
    Circles, "gangway_circles_total", Counter, Count, ["flow"],
        "Onboardings that went round without news, or exceeded a limit of effects or mails, and wait for a person.";
    BatchEvents, "gangway_batch_events", Histogram, Count, [],
        "Events of one transaction.";
    BatchSeconds, "gangway_batch_seconds", Histogram, Seconds, [],
        "Time of one transaction of the engine, commit included.";
    DatabaseDistrusted, "gangway_database_distrusted_total", Counter, Count, [],
        "Times that all connections to the database were replaced, because one was lost, silent or read-only.";
    LoopRestarts, "gangway_loop_restarts_total", Counter, Count, ["loop"],
        "Times that one of gangway's own loops ended by a fault and was restarted; anything but 0 is a fault in gangway.";
    WithoutReason, "gangway_without_reason", Gauge, Count, [],
        "Onboardings that the last sweep found without a live reason; anything but 0 is a fault in gangway.";
    StuckPeople, "gangway_stuck_people", Gauge, Count, [],
        "Onboardings that this process could not step when it last tried; what comes for them is kept. `/readyz` says why.";
    Attempts, "gangway_outbound_attempts_total", Counter, Count, ["target", "ended", "outcome"],
        "Attempts of effects, by what was asked for and how they ended; for done ones, also by outcome.";
    AttemptSeconds, "gangway_outbound_attempt_seconds", Histogram, Seconds, ["target"],
        "Time of one attempt of an effect.";
    ProviderRequests, "gangway_outbound_requests_total", Counter, Count, ["provider", "status"],
        "HTTP requests sent to providers, by class of their answer.";
    ProviderSeconds, "gangway_outbound_request_seconds", Histogram, Seconds, ["provider"],
        "Time of one HTTP request to a provider.";
    InFlight, "gangway_outbound_in_flight", Gauge, Count, ["slot"],
        "Effects in flight, by slot: a provider, mail, publish or flow.";
    Breaker, "gangway_outbound_breaker", Gauge, Count, ["target"],
        "Circuit breaker of a provider's action, or of its look-ups (.look_up): 0 closed, 1 letting one attempt through, 2 open.";
    ProviderResumes, "gangway_provider_resumes_at_seconds", Gauge, Seconds, ["provider"],
        "When a provider that asked to be left alone is tried again, in seconds since 1970; a time in the past when it is in use.";
    LeasesExpired, "gangway_outbound_leases_expired_total", Counter, Count, [],
        "Leases that ran out: their attempts' outcome is unknown and is being looked up.";
    OutcomesLost, "gangway_outbound_outcomes_lost_total", Counter, Count, [],
        "Outcomes that could not be stored before gangway stopped; their leases run out, and they are looked up.";
    BrokerConnected, "gangway_amqp_connected", Gauge, Count, [],
        "1 while the broker is connected.";
    BrokerConsuming, "gangway_amqp_consuming", Gauge, Count, [],
        "1 while messages are taken from the broker.";
    BrokerUnderWay, "gangway_amqp_under_way", Gauge, Count, [],
        "Deliveries of the broker that wait for their commit.";
    BrokerUnreadable, "gangway_amqp_unreadable", Gauge, Count, [],
        "Deliveries of the broker that cannot be read and that the dead queue has not taken yet.";
    BrokerTroubles, "gangway_amqp_troubles_total", Counter, Count, [],
        "Times that the connection to the broker broke and was rebuilt.";
    ClockOffset, "gangway_clock_offset_seconds", Gauge, Seconds, [],
        "How far this machine's clock is ahead of the database's, which decides; negative when it is behind.";
    QueueDepth, "gangway_queue_depth", Gauge, Count, [],
        "Events that wait for the writer.";
    DatabaseUp, "gangway_database_up", Gauge, Count, [],
        "1 when the figures below could be read from the database.";
    Onboardings, "gangway_onboardings", Gauge, Count, ["flow", "status"],
        "Onboardings, by flow and status.";
    Reviews, "gangway_reviews", Gauge, Count, [],
        "Onboardings that wait for a person's decision.";
    Held, "gangway_held_events", Gauge, Count, [],
        "Events that have no owner yet.";
    OpenEffects, "gangway_open_effects", Gauge, Count, [],
        "Effects that are not settled.";
    Lateness, "gangway_lateness_seconds", Gauge, Seconds, ["what"],
        "How late the oldest due timer (wake) or the oldest effect without a lease (effect) is; 0 when nothing is late.";
}

/// Spread of times: a step is under a millisecond, a provider's call may take its whole time-out.
const TIMES: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Histograms and their buckets.
pub(crate) const LENGTHS: &[(Metric, &[f64])] = &[
    (Metric::RequestSeconds, TIMES),
    (Metric::BatchSeconds, TIMES),
    (Metric::AttemptSeconds, TIMES),
    (Metric::ProviderSeconds, TIMES),
    (Metric::BatchEvents, &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0]),
];

/// Tells the recorder what each metric is.
pub(crate) fn describe() {
    for metric in Metric::ALL {
        match metric.kind() {
            Type::Counter => metrics::describe_counter!(metric.name(), metric.unit(), metric.help()),
            Type::Gauge => metrics::describe_gauge!(metric.name(), metric.unit(), metric.help()),
            Type::Histogram => metrics::describe_histogram!(metric.name(), metric.unit(), metric.help()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LENGTHS, Metric, Type};
    use std::collections::HashSet;

    #[test]
    fn every_name_is_ours_unique_and_says_its_kind() {
        let names: HashSet<_> = Metric::ALL.iter().map(|metric| metric.name()).collect();
        assert_eq!(names.len(), Metric::ALL.len());
        for metric in Metric::ALL {
            assert!(metric.name().starts_with("gangway_"), "{metric:?}");
            assert_eq!(metric.name().ends_with("_total"), metric.kind() == Type::Counter, "{metric:?}");
        }
    }

    #[test]
    fn every_histogram_has_buckets() {
        for metric in Metric::ALL.iter().filter(|metric| metric.kind() == Type::Histogram) {
            assert!(LENGTHS.iter().any(|(with, _)| with == metric), "{metric:?}");
        }
    }
}
