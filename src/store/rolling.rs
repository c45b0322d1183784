//! Where the sweep's rolling looks stand. The sweep looks at large sets piece by piece, each piece after the one
//! before, and from the front again after the last: so it costs the same however much there is. Kept in memory only; a
//! process that starts begins at the front. No SQL here.

use parking_lot::Mutex;
use uuid::Uuid;

/// Where each look goes on.
#[derive(Debug, Default)]
pub(super) struct Rolling {
    /// After this one, among active onboardings.
    pub(super) active: Place<Uuid>,
    /// After this one, among onboardings that wait without a time.
    pub(super) timeless: Place<Uuid>,
    /// After this event, among held ones.
    pub(super) held: Place<i64>,
    /// After this end, onboarding and number, among leases that ran out.
    pub(super) expired: Place<(i64, Uuid, i64)>,
    /// After this user, among those with a kept event that begins a flow.
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
