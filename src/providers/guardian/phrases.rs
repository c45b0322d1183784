//! How people speak of what Hedera Guardian offers.

use crate::providers::spoken::{Spoken, action, says, stuck};

/// The phrases.
pub const PHRASES: Spoken = Spoken {
    title: "Guardian",
    actions: &[
        action("onboard", "make the account", "made the account", "the account was made"),
        action("get_task", "read the task", "read the task", "the task was read"),
        action("login_user", "log in as the user", "logged in as the user", "the login was tried"),
        action("read_account", "read the account", "read the account", "the account was read"),
    ],
    outcomes: &[
        says("onboard", "accepted", "the task has begun"),
        says("onboard", "registered", "the account was made"),
        stuck(
            "onboard",
            "exists",
            "the user name is taken",
            "The user name is taken at Guardian.",
            "Have an operator find out at Guardian whose it is.",
        ),
        stuck(
            "onboard",
            "refused",
            "the account is refused",
            "Guardian refuses to make this account.",
            "The same again will be refused again. Have an operator mend what Guardian objects to.",
        ),
        stuck(
            "onboard",
            "weak_password",
            "the password is too weak",
            "Guardian refuses the password as too weak.",
            "Have an operator compare Guardian's password policy with providers.guardian.password.",
        ),
        says("get_task", "running", "the task still runs"),
        says("get_task", "completed", "the task is done"),
        stuck(
            "get_task",
            "failed",
            "the task failed",
            "Guardian could not make the account: {reason}.",
            "Have an operator mend at Guardian what it names (a balance: top it up), then try again.",
        ),
        stuck("get_task", "empty", "Guardian does not know the task", "Guardian does not know the task.", ""),
        says("login_user", "with_did", "the account has a DID"),
        stuck(
            "login_user",
            "without_did",
            "the account has no DID",
            "There is an account at Guardian, without a DID.",
            "Have an operator finish the account at Guardian, or remove it and try again.",
        ),
        stuck(
            "login_user",
            "refused",
            "the login is refused: no account, or the name is somebody else's",
            "Guardian has no account that this person's password opens.",
            "",
        ),
        says("read_account", "ready", "the account is ready"),
        says("read_account", "not_yet", "the account is not ready yet"),
        stuck(
            "read_account",
            "refused",
            "the account cannot be read",
            "Guardian does not let the person's login read the account.",
            "",
        ),
    ],
    facts: &[],
};
