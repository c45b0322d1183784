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
//! At walt.id the words are read from the e-mail address, which is the only name it knows:
//!
//! | word | what happens |
//! |---|---|
//! | `-wexists` | the account exists already at the first registration, with another name and password |
//! | `-wslow` | the account is made at once, the first registration's reply hangs for `slow_reply` |
//! | `-wlost` | the first registration is done, its reply lost |
//! | `-wundone` | the first registration is lost before anything is done |
//! | `-wrole` | the first role assignment is answered 500 and not done |
//! | `-wforbidden` | every registration is answered 403 |
//!
//! At Haven the words are read from the external id and from the username, which is the e-mail address:
//!
//! | word | what happens |
//! |---|---|
//! | `-hexists` | the user is registered already, with wallets, when the registration is to be completed: 401 |
//! | `-hexpired` | the first temporary token has run out when it is given; that of the next start is good |
//! | `-hlost` | the first completion is done, its reply lost |
//! | `-hundone` | the first completion is lost before anything is done |
//! | `-hlate` | wallets are `Inactive` in the reply, and become `Active` later, with a webhook |
//! | `-hearly` | the webhooks are delivered before the reply goes out |
//! | `-hagain` | the first delivery of each webhook counts as failed though it was accepted: it comes again, with a new id |
//! | `-hmissed` | as `-hlate`, but no webhook ever arrives: the events are there to be read back, as failed |
//! | `-hnever` | wallets are `Inactive` and stay so, also when they are to be activated by a call |
//! | `-htoken` | the service account's token is refused once, in the middle of the first signing |
//! | `-happroval` | the completion is answered 202 and done a moment later |
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

/// Every trap's word at Original, for help texts.
pub const WORDS: [&str; 9] = [EXISTS, REFUSED, DOWN, LOST, UNDONE, SLOW, ASSET_LOST, NO_WALLET, SILENT];

/// The words of walt.id, as in its table.
pub(crate) const W_EXISTS: &str = "-wexists";
pub(crate) const W_SLOW: &str = "-wslow";
pub(crate) const W_LOST: &str = "-wlost";
pub(crate) const W_UNDONE: &str = "-wundone";
pub(crate) const W_ROLE: &str = "-wrole";
pub(crate) const W_FORBIDDEN: &str = "-wforbidden";

/// Every trap's word at walt.id, for help texts.
pub const WALTID_WORDS: [&str; 6] = [W_EXISTS, W_SLOW, W_LOST, W_UNDONE, W_ROLE, W_FORBIDDEN];

/// The words of Haven, as in its table.
pub(crate) const H_EXISTS: &str = "-hexists";
pub(crate) const H_EXPIRED: &str = "-hexpired";
pub(crate) const H_LOST: &str = "-hlost";
pub(crate) const H_UNDONE: &str = "-hundone";
pub(crate) const H_LATE: &str = "-hlate";
pub(crate) const H_EARLY: &str = "-hearly";
pub(crate) const H_AGAIN: &str = "-hagain";
pub(crate) const H_MISSED: &str = "-hmissed";
pub(crate) const H_NEVER: &str = "-hnever";
pub(crate) const H_TOKEN: &str = "-htoken";
pub(crate) const H_APPROVAL: &str = "-happroval";

/// Every trap's word at Haven, for help texts.
pub const HAVEN_WORDS: [&str; 11] =
    [H_EXISTS, H_EXPIRED, H_LOST, H_UNDONE, H_LATE, H_EARLY, H_AGAIN, H_MISSED, H_NEVER, H_TOKEN, H_APPROVAL];

/// Every trap's word at every provider.
pub fn all() -> impl Iterator<Item = &'static str> + Clone {
    WORDS.into_iter().chain(WALTID_WORDS).chain(HAVEN_WORDS)
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
