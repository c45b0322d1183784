//! `member-joined`: a credential at DIDx and a wallet at Original, for one user.

use serde_json::json;

use super::{Ends, Play, Scenario};

pub(super) static PLAY: Play = Play {
    flow: "member-joined",
    starts: "member.signed_up",
    brings: |person| json!({ "username": person.id, "first_name": person.first_name, "last_name": person.last_name }),
    device: None,
    scenarios: &[
        Scenario::ordinary(),
        Scenario::trap("-didxexists", "the account at DIDx exists already"),
        Scenario::trap("-assetlost", "the asset is made, the reply lost"),
        Scenario::trap("-refused", "the wallet's flow is in review").ends(Ends::Waits("wallet_joined")),
        Scenario::trap("-didxfailed", "the credential's flow is in review").ends(Ends::Waits("identity_joined")),
        Scenario::mailbox("bounce", "the mail address does not exist"),
    ],
};
