//! The catalogue of traps: every provider's and the mailbox's. Nothing is declared here: see `trap`.

use crate::ROLES;

pub use crate::mailbox::traps as mailbox;
pub use crate::trap::Trap;

/// Every trap's word at every provider.
pub fn all() -> impl Iterator<Item = &'static str> + Clone {
    ROLES.iter().flat_map(|role| role.traps).map(|trap| trap.word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_trap_hides_in_another() {
        for word in all() {
            assert_eq!(all().filter(|other| other.contains(word)).count(), 1, "{word}");
        }
    }
}
