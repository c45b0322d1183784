//! How people speak of what walt.id Enterprise offers.

use crate::providers::spoken::{Spoken, action, says, stuck};

/// The phrases.
pub const PHRASES: Spoken = Spoken {
    title: "walt.id",
    actions: &[
        action("register", "register this person", "registered this person", "the account was registered"),
        action("find_account", "find the account", "found the account", "the account was looked for"),
        action("assign_role", "give the account its role", "gave the account its role", "the role was given"),
        action("init_wallet_service", "make the wallet", "made the wallet", "the wallet was made"),
    ],
    outcomes: &[
        says("register", "registered", "the account was registered"),
        says("register", "exists", "the account was there already"),
        stuck(
            "register",
            "refused",
            "the account is refused",
            "walt.id refuses to register this person.",
            "The same again will be refused again. Have an operator mend what walt.id objects to.",
        ),
        says("find_account", "found", "the account is there"),
        stuck("find_account", "not_found", "there is no such account", "walt.id has no account of this person.", ""),
        says("assign_role", "assigned", "the role was given"),
        stuck(
            "assign_role",
            "refused",
            "the role is not given",
            "walt.id refuses to give this account its role.",
            "Have an operator compare the role in the settings with those that walt.id has, then try again.",
        ),
        says("init_wallet_service", "ready", "the wallet is there"),
        stuck(
            "init_wallet_service",
            "refused",
            "the wallet is not made",
            "walt.id refuses to make this person's wallet.",
            "Have an operator mend what walt.id objects to, then try again.",
        ),
    ],
    facts: &[],
};
