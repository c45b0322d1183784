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
//! At DIDx the words are read from external identifier, user name and e-mail address of the user; for an issuance also
//! from the credential's attributes:
//!
//! | word | what happens |
//! |---|---|
//! | `-didxexists` | the user exists already at the first `POST /users`: 201 with an empty `tempPassword` |
//! | `-didxconflict` | every `POST /users` is answered 409 |
//! | `-didxrefused` | every `POST /users` is answered 400 `VALIDATION_ERROR` |
//! | `-didxlost` | the first `POST /users` is done, its reply lost |
//! | `-didxundone` | the first `POST /users` is lost before anything is done |
//! | `-didxhtml` | the first `POST /users` is answered 502 with an HTML page, and not done |
//! | `-didxthrottled` | the first `POST /users` is answered 429 with `Retry-After: 1`, and not done |
//! | `-didxtoken` | the token that came with the first `POST /users`, and that with the first offer, is refused with 401 for this user, as often as it comes |
//! | `-didxcredlost` | the first issuance is done, its reply lost |
//! | `-didxofferlost` | the first offer is sent, its reply lost |
//! | `-didxearly` | the user accepts at once, and the webhook is taken before the offer is answered |
//! | `-didxlate` | webhooks come `late` after the event: a poll is quicker |
//! | `-didxsilent` | no webhook is sent: only a poll finds the state |
//! | `-didxtwice` | each webhook comes twice, with the same `webhook-id` |
//! | `-didxfailed` | the issuance ends `failed` |
//! | `-didxexpired` | the issuance ends `expired` |
//! | `-didxpartly` | the issuance ends `partiallyIssued` |
//!
//! At Guardian the words are read from the user name:
//!
//! | word | what happens |
//! |---|---|
//! | `-guardtaken` | the user name is somebody else's: 409, and the password does not log in |
//! | `-guardfailed` | the task fails before anything is made |
//! | `-guardorphan` | the task fails after the Hedera account was made: the user name is free, a repetition pays for a second account |
//! | `-guardrace` | somebody else registers the name meanwhile: the task fails with `already taken` |
//! | `-guardhalf` | the task fails after the user was registered: no DID, and a repetition is 409 |
//! | `-guardlostdone` | the task is lost; the user is registered and gets its DID |
//! | `-guardlosthalf` | the task is lost; the user is registered, but never gets a DID |
//! | `-guardlostundone` | the task is lost before anything is made |
//! | `-guardreplylost` | the first onboarding is started, its reply lost |
//! | `-guardreplyundone` | the first onboarding is lost before anything is done |
//! | `-guardslow` | the task takes `slow_task` |
//! | `-guardempty` | the whole task is empty for its owner the first three times |
//! | `-guardtoken` | the token that came with the first onboarding, and that with the first read of the whole task, is refused with 401 for this user, as often as it comes |
//! | `-guardpassword` | the user is registered with another password: the final login is 401 |
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

/// The words of DIDx, as in its table.
pub(crate) mod didx {
    pub(crate) const EXISTS: &str = "-didxexists";
    pub(crate) const CONFLICT: &str = "-didxconflict";
    pub(crate) const REFUSED: &str = "-didxrefused";
    pub(crate) const LOST: &str = "-didxlost";
    pub(crate) const UNDONE: &str = "-didxundone";
    pub(crate) const HTML: &str = "-didxhtml";
    pub(crate) const THROTTLED: &str = "-didxthrottled";
    pub(crate) const TOKEN: &str = "-didxtoken";
    pub(crate) const CREDENTIAL_LOST: &str = "-didxcredlost";
    pub(crate) const OFFER_LOST: &str = "-didxofferlost";
    pub(crate) const EARLY: &str = "-didxearly";
    pub(crate) const LATE: &str = "-didxlate";
    pub(crate) const SILENT: &str = "-didxsilent";
    pub(crate) const TWICE: &str = "-didxtwice";
    pub(crate) const FAILED: &str = "-didxfailed";
    pub(crate) const EXPIRED: &str = "-didxexpired";
    pub(crate) const PARTLY: &str = "-didxpartly";
}

/// Every trap's word at DIDx, for help texts.
pub const DIDX_WORDS: [&str; 17] = [
    didx::EXISTS,
    didx::CONFLICT,
    didx::REFUSED,
    didx::LOST,
    didx::UNDONE,
    didx::HTML,
    didx::THROTTLED,
    didx::TOKEN,
    didx::CREDENTIAL_LOST,
    didx::OFFER_LOST,
    didx::EARLY,
    didx::LATE,
    didx::SILENT,
    didx::TWICE,
    didx::FAILED,
    didx::EXPIRED,
    didx::PARTLY,
];

/// The words of Guardian, as in its table.
pub(crate) mod guardian {
    pub(crate) const TAKEN: &str = "-guardtaken";
    pub(crate) const FAILED: &str = "-guardfailed";
    pub(crate) const ORPHAN: &str = "-guardorphan";
    pub(crate) const RACE: &str = "-guardrace";
    pub(crate) const HALF: &str = "-guardhalf";
    pub(crate) const LOST_DONE: &str = "-guardlostdone";
    pub(crate) const LOST_HALF: &str = "-guardlosthalf";
    pub(crate) const LOST_UNDONE: &str = "-guardlostundone";
    pub(crate) const REPLY_LOST: &str = "-guardreplylost";
    pub(crate) const REPLY_UNDONE: &str = "-guardreplyundone";
    pub(crate) const SLOW: &str = "-guardslow";
    pub(crate) const EMPTY: &str = "-guardempty";
    pub(crate) const TOKEN: &str = "-guardtoken";
    pub(crate) const PASSWORD: &str = "-guardpassword";
}

/// Every trap's word at Guardian, for help texts.
pub const GUARDIAN_WORDS: [&str; 14] = [
    guardian::TAKEN,
    guardian::FAILED,
    guardian::ORPHAN,
    guardian::RACE,
    guardian::HALF,
    guardian::LOST_DONE,
    guardian::LOST_HALF,
    guardian::LOST_UNDONE,
    guardian::REPLY_LOST,
    guardian::REPLY_UNDONE,
    guardian::SLOW,
    guardian::EMPTY,
    guardian::TOKEN,
    guardian::PASSWORD,
];

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
    WORDS.into_iter().chain(DIDX_WORDS).chain(GUARDIAN_WORDS).chain(WALTID_WORDS).chain(HAVEN_WORDS)
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
