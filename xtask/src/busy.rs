//! Keeps every core busy with something else, as on a laptop in use. A guard leaves, which ends it.

use crate::Result;
use crate::error::Doing;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};

/// For each core: enough that a test gets the core only now and then, not so many that nothing moves.
const FOR_EACH_CORE: usize = 2;

/// Threads that do nothing, as fast as they can. They end when it is dropped, and with the process in any case.
#[derive(Debug)]
pub struct Busy {
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// Begins it.
///
/// # Errors
/// When a thread cannot be started.
pub fn every_core() -> Result<Busy> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut busy = Busy { over: Arc::default(), threads: Vec::new() };
    for _ in 0..cores * FOR_EACH_CORE {
        let over = Arc::clone(&busy.over);
        let spin = move || {
            while !over.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        };
        busy.threads.push(Builder::new().name("busy".to_owned()).spawn(spin).doing("cannot keep a core busy")?);
    }
    Ok(busy)
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // It cannot have panicked: it only counts time.
            drop(thread.join());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FOR_EACH_CORE, every_core};

    #[test]
    fn every_core_has_its_share_of_threads_and_dropping_it_ends_them() {
        let busy = every_core().unwrap();
        let over = busy.over.clone();
        assert!(busy.threads.len() >= FOR_EACH_CORE && busy.threads.iter().all(|thread| !thread.is_finished()));
        drop(busy);
        assert_eq!(std::sync::Arc::strong_count(&over), 1, "a thread is left");
    }
}
