//! Traps chosen by data: a user whose external id (or, without one, e-mail address) contains a trap's word walks
//! into it, whatever the mischief. So one flow can be steered without touching any other user.
//!
//! | word | what happens |
//! |---|---|
//! | `-exists` | the user exists already at the first `POST /user`, with another e-mail address |
//! | `-refused` | every `POST /user` is answered 400 `validation_error` |
//! | `-down` | every `POST /user` is answered 500, 502 or 503 |
//! | `-lost` | the first `POST /user` is done, its reply lost |
//! | `-undone` | the first `POST /user` is lost before anything is done |
//! | `-slow` | the first `POST /user` is cut off and lands a moment later |
//! | `-assetlost` | the first `POST /asset` of the user is done, its reply lost |
//! | `-nowallet` | the wallet never comes, so no asset is minted and no webhook sent |
//! | `-silent` | wallet and asset come, but no webhook is sent: only a poll finds them |
//!
//! At the mailbox the local part of the recipient's address decides: `bounce…` is refused for good (550),
//! `later…` for now (451), and for `mailcut…` the message is kept but the connection cut before the last reply, once.

/// The words, as in the table.
pub(crate) const EXISTS: &str = "-exists";
pub(crate) const REFUSED: &str = "-refused";
pub(crate) const DOWN: &str = "-down";
pub(crate) const LOST: &str = "-lost";
pub(crate) const UNDONE: &str = "-undone";
pub(crate) const SLOW: &str = "-slow";
pub(crate) const ASSET_LOST: &str = "-assetlost";
pub(crate) const NO_WALLET: &str = "-nowallet";
pub(crate) const SILENT: &str = "-silent";

/// Every trap's word, for help texts.
pub const WORDS: [&str; 9] = [EXISTS, REFUSED, DOWN, LOST, UNDONE, SLOW, ASSET_LOST, NO_WALLET, SILENT];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_trap_hides_in_another() {
        for word in WORDS {
            assert_eq!(WORDS.iter().filter(|other| other.contains(word)).count(), 1, "{word}");
        }
    }
}
