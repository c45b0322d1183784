//! Figures that only the database knows, as Prometheus text. Written out rather than kept in the recorder, so that a
//! flow that is gone leaves no stale number behind.

use std::fmt::Write;
use std::sync::Arc;

use gangway_core::onboarding::Status;
use gangway_core::time::{Millis, Timestamp};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::store::figures::Figures;
use crate::telemetry::Metric;

/// The last look at the database: what it found, `None` if it failed, and when it ended.
#[derive(Debug, Default)]
pub(crate) struct Last(Arc<Mutex<Look>>);

type Look = Option<(Option<Figures>, Timestamp)>;

/// The right to look: there is one, and its holder shares what it found with all who wait.
pub(crate) type Looking = OwnedMutexGuard<Look>;

impl Last {
    /// What was found less than `keep` ago (by `now`, asked when it is one's turn), a failure as well; or the right to
    /// look. However many ask: they cost the database one look every `keep`, and one connection.
    pub(crate) async fn look(&self, now: impl Fn() -> Timestamp, keep: Millis) -> Result<Option<Figures>, Looking> {
        let last = Arc::clone(&self.0).lock_owned().await;
        let now = now();
        let fresh = last.as_ref().filter(|(_, at)| now >= *at && now.since(*at) < keep).map(|(found, _)| found.clone());
        fresh.ok_or(last)
    }
}

/// The text; without figures (the database is away) it says only that.
#[must_use]
pub(crate) fn text(figures: Option<&Figures>, depth: usize, now: Timestamp) -> String {
    let mut text = String::new();
    head(&mut text, Metric::QueueDepth);
    line(&mut text, Metric::QueueDepth, &[], depth as f64);
    head(&mut text, Metric::DatabaseUp);
    line(&mut text, Metric::DatabaseUp, &[], f64::from(u8::from(figures.is_some())));
    let Some(figures) = figures else { return text };
    head(&mut text, Metric::Onboardings);
    for (flow, status, count) in &figures.onboardings {
        line(&mut text, Metric::Onboardings, &[("flow", flow), ("status", status)], *count as f64);
    }
    let in_review = figures.onboardings.iter().filter(|(_, status, _)| status == Status::Review.word());
    let reviews: i64 = in_review.map(|(_, _, count)| count).sum();
    for (metric, count) in
        [(Metric::Reviews, reviews), (Metric::Held, figures.held), (Metric::OpenEffects, figures.open_effects)]
    {
        head(&mut text, metric);
        line(&mut text, metric, &[], count as f64);
    }
    head(&mut text, Metric::Lateness);
    for (what, due) in [("wake", figures.oldest_wake), ("effect", figures.oldest_effect)] {
        let late = due.map_or(0.0, |due| now.since(due).0 as f64 / 1000.0);
        line(&mut text, Metric::Lateness, &[("what", what)], late);
    }
    text
}

fn head(text: &mut String, metric: Metric) {
    let _ =
        writeln!(text, "# HELP {} {}\n# TYPE {} {}", metric.name(), metric.help(), metric.name(), metric.kind().word());
}

fn line(text: &mut String, metric: Metric, labels: &[(&str, &str)], value: f64) {
    let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    let _ = writeln!(text, "{}{labels} {value}", metric.name());
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::{Last, text};
    use crate::store::figures::Figures;
    use gangway_core::time::{Millis, Timestamp};

    fn figures() -> Figures {
        Figures {
            onboardings: vec![("a\"b".into(), "review".into(), 2), ("c".into(), "waiting".into(), 5)],
            held: 3,
            oldest_wake: Some(Timestamp(8_500)),
            oldest_effect: None,
            open_effects: 4,
        }
    }

    #[test]
    fn the_figures_are_told_as_prometheus_reads_them() {
        let text = text(Some(&figures()), 1, Timestamp(10_000));
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            lines,
            [
                "gangway_queue_depth 1",
                "gangway_database_up 1",
                "gangway_onboardings{flow=\"a\\\"b\",status=\"review\"} 2",
                "gangway_onboardings{flow=\"c\",status=\"waiting\"} 5",
                "gangway_reviews 2",
                "gangway_held_events 3",
                "gangway_open_effects 4",
                "gangway_lateness_seconds{what=\"wake\"} 1.5",
                "gangway_lateness_seconds{what=\"effect\"} 0",
            ]
        );
    }

    #[test]
    fn a_database_that_is_away_is_told_and_leaves_no_old_figures() {
        let text = text(None, 0, Timestamp(0));
        assert!(text.contains("gangway_database_up 0"));
        assert!(!text.contains("gangway_held_events"));
    }

    #[tokio::test]
    async fn a_look_is_remembered_also_when_it_failed_until_its_time_is_over() {
        let (last, keep) = (Last::default(), Millis(5_000));
        for found in [Some(figures()), None] {
            let mut turn = last.look(|| Timestamp(9_000), Millis(0)).await.unwrap_err();
            *turn = Some((found.clone(), Timestamp(1_000)));
            drop(turn);
            assert_eq!(last.look(|| Timestamp(5_999), keep).await.unwrap(), found);
            assert!(last.look(|| Timestamp(6_000), keep).await.is_err());
        }
    }
}
