//! Traps chosen by data: a user with a trap's word in a name walks into it, whatever the mischief. So one flow can be
//! steered without touching any other user. Each provider's traps are declared in its folder and the mailbox's in its
//! own, once: help, reference and the demo's table are printed from there.

/// One trap.
#[derive(Clone, Copy, Debug)]
pub struct Trap {
    /// What a name must contain.
    pub word: &'static str,
    /// What happens then.
    pub what: &'static str,
    /// What it does in a few words, for a table of people.
    pub short: &'static str,
}

/// Declares traps: a constant each, and `ALL` of them in this order.
macro_rules! traps {
    ($($name:ident = $word:literal, $what:literal, $short:literal;)*) => {
        $(
            #[doc = $what]
            pub const $name: crate::trap::Trap = crate::trap::Trap { word: $word, what: $what, short: $short };
        )*
        /// All of them.
        pub const ALL: &[crate::trap::Trap] = &[$($name),*];
    };
}
pub(crate) use traps;
