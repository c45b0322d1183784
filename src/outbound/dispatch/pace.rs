//! When the dispatcher looks again. Pure: when nothing is due, nothing runs; what cannot be begun yet is not asked
//! for over and over.

use gangway_core::time::Timestamp;

/// When to look again.
///
/// `due`: the next effect without a lease that nothing holds back. `more`: everything that was asked for was there, so
/// there may be more. `release`: when the first slot or action that is held back (a rest, a wait) may go on; what waits
/// for that is not in `due`. What is due but waits for a free slot is not looked for: the slot says when it is free.
#[must_use]
pub fn next(now: Timestamp, due: Option<Timestamp>, more: bool, release: Option<Timestamp>) -> Option<Timestamp> {
    let due = match due {
        Some(due) if due <= now => more.then_some(now),
        due => due,
    };
    due.into_iter().chain(release).min()
}

#[cfg(test)]
mod tests {
    use super::next;
    use gangway_core::time::Timestamp;

    #[test]
    fn the_next_look_is_never_sooner_than_it_can_help() {
        let t = |ms| Some(Timestamp(ms));
        let rows = [
            ("nothing is due", next(Timestamp(100), None, false, None), None),
            ("nothing is due, but something rests", next(Timestamp(100), None, false, t(500)), t(500)),
            ("due later", next(Timestamp(100), t(300), true, None), t(300)),
            ("due later, and something rests until then", next(Timestamp(100), t(300), true, t(200)), t(200)),
            ("due, and more came than fitted", next(Timestamp(100), t(50), true, None), t(100)),
            ("due, but its provider rests", next(Timestamp(100), t(50), false, t(900)), t(900)),
            ("due, but all slots are taken", next(Timestamp(100), t(50), false, None), None),
        ];
        for (why, is, should) in rows {
            assert_eq!(is, should, "{why}");
        }
    }
}
