//! `original-wallet`: a user at Original with a first asset.

use serde_json::json;

use super::{Ends, Play, Scenario};

pub(super) static PLAY: Play = Play {
    flow: "original-wallet",
    starts: "user.signed_up",
    brings: |_| json!({}),
    device: None,
    scenarios: &[
        Scenario::ordinary(),
        Scenario::trap("-exists", "the user exists already").exists(),
        Scenario::trap("-lost", "the user is made, the reply lost"),
        Scenario::trap("-undone", "the connection is cut before anything is done"),
        Scenario::trap("-slow", "cut off, and made a moment later"),
        Scenario::trap("-assetlost", "the asset is made, the reply lost"),
        Scenario::trap("-silent", "no webhook ever comes; the poll finds the wallet"),
        Scenario::trap("-refused", "the provider refuses the user").ends(Ends::Review("review")),
        Scenario::trap("-down", "the provider is down for this user").ends(Ends::Review("create_user")),
        Scenario::trap("-nowallet", "the wallet never comes").ends(Ends::Waits("wallet")),
        Scenario::mailbox("bounce", "the mail address does not exist"),
        Scenario::mailbox("later", "the mail server never takes the mail").ends(Ends::Review("welcome")),
        Scenario::mailbox("mailcut", "the mail is taken, the last reply lost"),
    ],
};
