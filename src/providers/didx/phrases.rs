//! How people speak of what DIDx offers.

use super::calls::get_issuance::{COMPLETED, EXPIRED, FAILED, PARTIALLY_ISSUED};
use crate::providers::spoken::{Fact, Spoken, action, says, stuck};

/// The phrases.
pub const PHRASES: Spoken = Spoken {
    title: "DIDx",
    actions: &[
        action("create_user", "make the account", "made the account", "the account was made"),
        action("issue_credential", "issue the credential", "issued the credential", "the credential was issued"),
        action("send_offer", "send the offer", "sent the offer", "the offer was sent"),
        action("get_issuance", "read the issuance", "read the issuance", "the issuance was read"),
        action("revoke_credential", "revoke the credential", "revoked the credential", "the credential was revoked"),
    ],
    outcomes: &[
        says("create_user", "created", "the account was made"),
        says("create_user", "exists", "the account was there already"),
        says("create_user", "exists_after_unknown", "an account is there, and it may be ours"),
        stuck(
            "create_user",
            "conflict",
            "the user name belongs to somebody else",
            "The user name belongs to somebody else at DIDx.",
            "Ask the person for another user name and have them sign up again, or have DIDx free the name and try again.",
        ),
        stuck(
            "create_user",
            "refused",
            "the account is refused",
            "DIDx refuses to make this account.",
            "The same again will be refused again. Have what DIDx objects to mended first.",
        ),
        says("issue_credential", "offered", "there is an offer"),
        stuck(
            "issue_credential",
            "refused",
            "the credential is refused",
            "DIDx refuses to issue this credential.",
            "Compare the template at DIDx with what the flow sends, then try again.",
        ),
        says("send_offer", "sent", "the offer was sent"),
        stuck(
            "send_offer",
            "refused",
            "the offer is not sent",
            "DIDx refuses to send the offer to this person.",
            "Ask the person whether they have opened the wallet once, then try again.",
        ),
        says("get_issuance", "completed", "the person has the credential"),
        stuck(
            "get_issuance",
            "partially_issued",
            "partially issued",
            "The person has taken only a part of the credential.",
            "Ask the person to open their wallet.",
        ),
        says("get_issuance", "offered", "the person has not taken it yet"),
        stuck(
            "get_issuance",
            "failed",
            "the issuance failed",
            "DIDx says that the issuance failed.",
            "A new offer begins the issuance anew.",
        ),
        stuck(
            "get_issuance",
            "expired",
            "the offer has expired",
            "The person has not taken the offer in time.",
            "Tell the person that a new offer comes, then send it.",
        ),
        stuck("get_issuance", "not_found", "there is no such issuance", "DIDx does not know this issuance.", ""),
        says("revoke_credential", "revoked", "the credential was revoked"),
        stuck(
            "revoke_credential",
            "refused",
            "the credential is not revoked",
            "DIDx refuses to revoke the credential.",
            "",
        ),
    ],
    facts: &[
        Fact {
            name: COMPLETED,
            clause: "the person has the credential",
            missing: "The person has not taken the credential yet.",
            proves: "send_offer",
        },
        Fact {
            name: PARTIALLY_ISSUED,
            clause: "the person has a part of the credential",
            missing: "",
            proves: "send_offer",
        },
        Fact { name: FAILED, clause: "the issuance failed", missing: "", proves: "" },
        Fact { name: EXPIRED, clause: "the offer has expired", missing: "", proves: "" },
    ],
};
