//! The writer: takes whatever is waiting when the last commit ended, as one batch. No timer: batches form by
//! themselves while a commit is under way.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

use crate::clock::Stopwatch;
use crate::telemetry::Beat;

use super::accept::Engine;
use super::door::{Arrival, Door, NotAccepted, Waiting};

/// The queue's other end; clones share it.
#[derive(Clone, Debug)]
pub struct Queue(Arc<Mutex<mpsc::Receiver<Waiting>>>);

/// A door with a queue of this length, whatever its events weigh, and the end that writers take from.
#[must_use]
pub fn door(length: usize) -> (Door, Queue) {
    bounded(length, usize::MAX)
}

/// A door with a queue of this length and this many bytes, and the end that writers take from.
#[must_use]
pub fn bounded(length: usize, bytes: usize) -> (Door, Queue) {
    let (door, receiver) = Door::bounded(length, bytes);
    (door, Queue(Arc::new(Mutex::new(receiver))))
}

/// Starts writers; each runs one batch at a time. They end when every [`Door`] is gone and the queue is empty.
#[must_use]
pub fn start(engine: &Arc<Engine>, queue: &Queue, writers: usize) -> Vec<JoinHandle<()>> {
    (0..writers.max(1))
        .map(|_| {
            let (engine, queue) = (Arc::clone(engine), queue.clone());
            tokio::spawn(async move { run(&engine, &queue, &Beat::new("writer")).await })
        })
        .collect()
}

/// Writes until every [`Door`] is gone and the queue is empty. Says of each batch whether anything could be written;
/// when nothing could, tries by itself until it can, so that senders can be told when to try again.
pub async fn run(engine: &Engine, queue: &Queue, beat: &Beat) {
    let mut own = Vec::new();
    while write_one(engine, &queue.0, &mut own, beat).await {}
}

/// One batch: waits for an event, takes what is there, answers after the commit. The engine's own follow-up events go
/// into the next batch, so that no sender's answer waits for them. False when the door is closed and nothing is left.
async fn write_one(
    engine: &Engine,
    queue: &Mutex<mpsc::Receiver<Waiting>>,
    own: &mut Vec<Arrival>,
    beat: &Beat,
) -> bool {
    let most = engine.options.batch.max(1);
    let mut waiting = Vec::new();
    if own.is_empty() {
        let taking = async { queue.lock().await.recv_many(&mut waiting, most).await };
        let probe_after = Duration::from_millis(engine.options.come_again.0);
        let taken = match beat.failed() {
            true => tokio::time::timeout(probe_after, taking).await,
            false => Ok(taking.await),
        };
        match taken {
            Ok(0) => return false,
            Ok(_) => {}
            Err(_) => {
                beat.begins();
                beat.ends(engine.store.probe().await.is_ok());
                return true;
            }
        }
    } else if let Ok(mut queue) = queue.try_lock() {
        while waiting.len() < most
            && let Ok(one) = queue.try_recv()
        {
            waiting.push(one);
        }
    }
    let (mut arrivals, callers): (Vec<_>, Vec<_>) =
        waiting.into_iter().map(|one| (one.arrival, (one.answer, one.room))).unzip();
    arrivals.append(own);
    let watch = Stopwatch::start();
    beat.begins();
    let answers = engine.batch(&arrivals, own).await;
    let landed = answers.iter().any(Result::is_ok);
    // Rows locked elsewhere concern only their owners; but the tables themselves may be locked.
    let held = !landed && answers.iter().any(|answer| matches!(answer, Err(NotAccepted::Later(_))));
    if !held {
        beat.ends(landed);
    }
    metrics::histogram!("gangway_batch_seconds").record(watch.elapsed().as_secs_f64());
    metrics::histogram!("gangway_batch_events").record(f64::from(u32::try_from(arrivals.len()).unwrap_or(u32::MAX)));
    for ((caller, _room), answer) in callers.into_iter().zip(answers) {
        // A caller that went away misses only its answer: the event is on disk and its copy will be recognised.
        drop(caller.send(answer));
    }
    if held {
        beat.ends(engine.store.probe().await.is_ok());
    }
    true
}
