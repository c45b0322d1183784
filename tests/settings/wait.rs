//! Waits for a process, with a deadline minutes away.

use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

/// How it ended; none when it has done enough before.
pub fn end_of(process: &mut Child, enough: impl Fn() -> bool) -> Option<ExitStatus> {
    let end = Instant::now() + Duration::from_secs(180);
    loop {
        if let Some(status) = process.try_wait().expect("a process") {
            return Some(status);
        }
        if enough() {
            return None;
        }
        assert!(Instant::now() < end, "it neither ends nor says what is awaited");
        std::thread::sleep(Duration::from_millis(20));
    }
}
