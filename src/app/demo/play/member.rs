//! `member-joined`: a credential at DIDx and a wallet at Original, for one user.

use gangway_sandbox::traps::mailbox;
use gangway_sandbox::{didx, original};
use serde_json::json;

use super::{Ends, Play, Scenario};

pub(super) static PLAY: Play = Play {
    flow: "member-joined",
    starts: "member.signed_up",
    brings: |person| json!({ "username": person.id, "first_name": person.first_name, "last_name": person.last_name }),
    device: None,
    scenarios: &[
        Scenario::ordinary(),
        Scenario::trap(&didx::traps::EXISTS).about("the account at DIDx exists already"),
        Scenario::trap(&original::traps::ASSET_LOST),
        Scenario::trap(&original::traps::REFUSED)
            .about("the wallet's flow is in review")
            .ends(Ends::Waits("wallet_joined")),
        Scenario::trap(&didx::traps::FAILED)
            .about("the credential's flow is in review")
            .ends(Ends::Waits("identity_joined")),
        Scenario::mail(&mailbox::BOUNCE)
            .about("the mail with the temporary password comes back")
            .ends(Ends::Waits("identity_joined")),
    ],
    provider: None,
};
