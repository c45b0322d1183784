//! The rate window: a number of calls a minute. Every answer says how many are left.
//! Source of the header names: docs/providers/original.md, 5.3; the amounts and the window are not documented.

use actix_web::HttpResponse;
use actix_web::http::header::{HeaderName, HeaderValue};
use parking_lot::Mutex;

use crate::clock;
use crate::door::Answer;

const WINDOW_SECONDS: i64 = 60;

/// How many calls this minute had.
pub(crate) struct Rate {
    limit: u32,
    window: Mutex<(i64, u32)>,
}

impl Rate {
    pub(crate) fn new(limit: u32) -> Self {
        Self { limit, window: Mutex::new((0, 0)) }
    }

    /// Counts a call; false if the minute had its share already.
    pub(crate) fn admit(&self) -> bool {
        let minute = clock::now().timestamp() / WINDOW_SECONDS;
        let mut window = self.window.lock();
        if window.0 != minute {
            *window = (minute, 0);
        }
        let fits = window.1 < self.limit;
        window.1 = window.1.saturating_add(u32::from(fits));
        fits
    }

    /// Marks an answer. With a 429 nothing is left until the reset, which is what its `Retry-After` says too.
    pub(crate) fn mark(&self, answer: &Answer, reply: &mut HttpResponse) {
        let now = clock::now().timestamp();
        if let Some(seconds) = answer.again {
            self.headers(reply, 0, now + seconds);
            // One for each window that counts, the one that decides first: seen as a list, and documented nowhere.
            let resets = format!("{}, {}", now + seconds, now.saturating_add(3600));
            return set_text(reply, "x-ratelimit-reset", &resets);
        }
        let minute = now / WINDOW_SECONDS;
        let window = *self.window.lock();
        let used = if window.0 == minute { window.1 } else { 0 };
        self.headers(reply, self.limit.saturating_sub(used), (minute + 1) * WINDOW_SECONDS);
    }

    /// After how many seconds the minute is over.
    pub(crate) fn seconds_left(&self) -> i64 {
        WINDOW_SECONDS - clock::now().timestamp() % WINDOW_SECONDS
    }

    fn headers(&self, reply: &mut HttpResponse, remaining: u32, reset: i64) {
        set(reply, "x-ratelimit-limit", i64::from(self.limit));
        set(reply, "x-ratelimit-remaining", i64::from(remaining));
        set(reply, "x-ratelimit-reset", reset);
    }
}

fn set(reply: &mut HttpResponse, name: &'static str, value: i64) {
    reply.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from(value));
}

fn set_text(reply: &mut HttpResponse, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(HeaderName::from_static(name), value);
    }
}
