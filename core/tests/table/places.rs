//! Worlds that have come as far as a place.

use crate::world::World;
use crate::world::events::{created, done, wallet_fact};
use crate::world::flows::{two_waits, wait_of, wallet};

/// In `create`: effect 1 is being performed.
pub fn creating() -> World {
    World::begin(wallet())
}

/// In `wallet`, one second after the start: waiting, the first poll is due in 5 s.
pub fn waiting() -> World {
    creating().wait(1).hear(created(1, 1))
}

/// In `wallet` without a poll: only a fact, or a hint that is confirmed.
pub fn waiting_without_poll() -> World {
    let mut flow = wallet();
    wait_of(&mut flow, "wallet").poll = None;
    World::begin(flow).wait(1).hear(created(1, 1))
}

/// In `welcome`: effect 2, a mail, is being sent.
pub fn mailing() -> World {
    waiting().hear(wallet_fact())
}

/// In `tell`: effect 3, a publication.
pub fn publishing() -> World {
    mailing().hear(done(2, 1, "sent"))
}

/// In `support`: a person is asked.
pub fn asking() -> World {
    creating().hear(done(1, 1, "refused"))
}

/// In `done`.
pub fn ended() -> World {
    publishing().hear(done(3, 1, "sent"))
}

/// In `first` of two waits.
pub fn first_of_two() -> World {
    World::begin(two_waits()).hear(created(1, 1))
}
