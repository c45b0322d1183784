//! Where the sweep's rolling looks stand. What may be large is looked at piece by piece, each piece behind the one
//! before, and from the front again after the last: so a sweep costs the same however much there is. Kept in memory
//! only; a process that starts begins at the front. No SQL here.

use parking_lot::Mutex;
use uuid::Uuid;

/// Where each look goes on.
#[derive(Debug, Default)]
pub(super) struct Rolling {
    /// Behind this one, among the onboardings that are active.
    pub(super) active: Place<Uuid>,
    /// Behind this one, among those that wait without a time.
    pub(super) timeless: Place<Uuid>,
    /// Behind this event, among those that are held.
    pub(super) held: Place<i64>,
    /// Behind this end, onboarding and number, among leases that ran out.
    pub(super) expired: Place<(i64, Uuid, i64)>,
    /// Behind this user, among those for whom something is kept that begins a flow.
    pub(super) starts: Place<Uuid>,
}

/// The last row that was looked at; none: at the front.
#[derive(Debug, Default)]
pub(super) struct Place<T>(Mutex<Option<T>>);

impl<T: Copy> Place<T> {
    /// Where to go on.
    pub(super) fn get(&self) -> Option<T> {
        *self.0.lock()
    }

    /// This was the last one; none: there was nothing behind it, and the next look is at the front again.
    pub(super) fn set(&self, last: Option<T>) {
        *self.0.lock() = last;
    }
}
