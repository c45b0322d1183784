//! How people speak of what IBM Digital Asset Haven offers.

use super::calls::wallet::WALLET_ACTIVE;
use crate::providers::spoken::{Fact, Outcome, Spoken, action, says, stuck};

const MEND: &str = "The same again will be refused again. Have an operator mend what Haven objects to.";

/// Haven's policies want somebody's approval first.
const fn awaits_approval(action: &'static str) -> Outcome {
    let headline = "Somebody must approve it at Haven first.";
    stuck(action, "awaiting_approval", "somebody must approve it first", headline, "Have it approved at Haven.")
}

/// The phrases.
pub const PHRASES: Spoken = Spoken {
    title: "Haven",
    actions: &[
        action("create_user", "make the user", "made the user", "the user was made"),
        action("start_registration", "begin the registration", "began the registration", "the registration was begun"),
        action("start_with_code", "begin the registration", "began the registration", "the registration was begun"),
        action("complete_enduser", "register the credentials", "registered the credentials", "the user was registered"),
        action("recover", "find the person's wallets", "found the person's wallets", "the wallets were read"),
        action("get_wallet", "read the wallet", "read the wallet", "the wallet was read"),
        action("list_wallets", "read the wallets", "read the wallets", "the wallets were read"),
        action("activate_wallet", "activate the wallet", "activated the wallet", "the wallet was activated"),
    ],
    outcomes: &[
        says("create_user", "created", "the user was made"),
        says("create_user", "exists", "the user was there already"),
        stuck("create_user", "refused", "the user is refused", "Haven refuses to make this user.", MEND),
        awaits_approval("create_user"),
        says("start_registration", "started", "the registration has begun"),
        says("start_registration", "exists", "the person is registered already"),
        stuck(
            "start_registration",
            "unfinished",
            "a registration was begun and not finished",
            "Haven has a registration of this person that was begun and cannot be begun again.",
            "Have an operator remove the unfinished user at Haven, then try again.",
        ),
        stuck(
            "start_registration",
            "refused",
            "the registration is refused",
            "Haven refuses to register this person.",
            MEND,
        ),
        awaits_approval("start_registration"),
        says("start_with_code", "started", "the registration has begun"),
        says("start_with_code", "exists", "the person is registered already"),
        stuck("start_with_code", "refused", "the code is refused", "Haven refuses the registration code.", MEND),
        says("complete_enduser", "completed", "the person is registered"),
        says("complete_enduser", "exists", "the person is registered already"),
        says("complete_enduser", "token_expired", "the registration took too long"),
        stuck(
            "complete_enduser",
            "refused",
            "the credentials are refused",
            "Haven refuses the person's credentials.",
            "Ask the person to make a passkey again.",
        ),
        awaits_approval("complete_enduser"),
        says("recover", "recovered", "the wallets were found"),
        stuck("recover", "no_wallet", "there is no wallet", "The person is registered at Haven and has no wallet.", ""),
        says("recover", "not_registered", "the person is not registered yet"),
        stuck(
            "recover",
            "refused",
            "the search is refused",
            "Haven does not let us look for the person's wallets.",
            MEND,
        ),
        awaits_approval("recover"),
        says("get_wallet", "active", "the wallet can be used"),
        says("get_wallet", "not_active", "the wallet cannot be used yet"),
        stuck("get_wallet", "not_found", "there is no such wallet", "Haven does not know this person's wallet.", ""),
        stuck("get_wallet", "refused", "the wallet cannot be read", "Haven does not let us read the wallet.", MEND),
        says("list_wallets", "found", "there are wallets"),
        says("list_wallets", "none", "there is no wallet"),
        stuck("list_wallets", "refused", "the wallets cannot be read", "Haven does not let us read the wallets.", MEND),
        says("activate_wallet", "requested", "the account is asked for"),
        says("activate_wallet", "activated", "the wallet is active"),
        stuck(
            "activate_wallet",
            "not_found",
            "there is no such wallet",
            "Haven does not know this person's wallet.",
            "",
        ),
        stuck("activate_wallet", "refused", "it is refused", "Haven refuses to activate the wallet.", MEND),
        awaits_approval("activate_wallet"),
    ],
    facts: &[Fact {
        name: WALLET_ACTIVE,
        clause: "the wallet can be used",
        missing: "The wallet at Haven cannot be used yet.",
        proves: "",
    }],
};
