//! The one way in which a lock is taken here.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, also after another thread died while holding the lock: what it guards here is valid after every statement.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
