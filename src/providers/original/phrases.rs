//! How people speak of what Original offers.

use super::calls::get_asset::{BURNED, MINTED};
use super::calls::user::WALLET_CREATED;
use crate::providers::spoken::{Fact, Spoken, action, says, stuck};

const MEND_USER: &str =
    "The same again will be refused again. Correct what Original objects to, or go on without the e-mail address.";

/// The phrases.
pub const PHRASES: Spoken = Spoken {
    title: "Original",
    actions: &[
        action("create_user", "make the user", "made the user", "the user was made"),
        action("get_user", "read the user", "read the user", "the user was read"),
        action("create_asset", "make the asset", "made the asset", "the asset was made"),
        action("get_asset", "read the asset", "read the asset", "the asset was read"),
    ],
    outcomes: &[
        says("create_user", "created", "the user was made"),
        says("create_user", "exists", "the user was there already"),
        stuck("create_user", "refused", "the user is refused", "Original refuses to make this user.", MEND_USER),
        says("get_user", "has_wallet", "the user has a wallet"),
        says("get_user", "no_wallet", "the user has no wallet yet"),
        stuck(
            "get_user",
            "not_found",
            "there is no such user",
            "Original does not know this user any more.",
            "Ask Original what became of the user. Trying again makes it anew.",
        ),
        says("create_asset", "created", "the asset was made"),
        says("create_asset", "exists", "the asset was there already"),
        stuck(
            "create_asset",
            "refused",
            "the asset is refused",
            "Original refuses to make this person's asset.",
            "The same again will be refused again. Have an operator mend what Original objects to.",
        ),
        says("get_asset", "minted", "the asset is minted"),
        says("get_asset", "not_minted", "the asset is not minted yet"),
        stuck("get_asset", "not_found", "there is no such asset", "Original does not know this person's asset.", ""),
    ],
    facts: &[
        Fact {
            name: WALLET_CREATED,
            clause: "the wallet is there",
            missing: "Original has not made the wallet yet.",
            proves: "",
        },
        Fact {
            name: MINTED,
            clause: "the asset is minted",
            missing: "Original has not minted the asset yet.",
            proves: "create_asset",
        },
        Fact { name: BURNED, clause: "the asset is burned", missing: "", proves: "create_asset" },
    ],
};
