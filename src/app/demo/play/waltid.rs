//! `waltid-enterprise`: an account with a wallet at walt.id Enterprise.

use serde_json::json;

use super::{Ends, Play, Scenario};

pub(super) static PLAY: Play = Play {
    flow: "waltid-enterprise",
    starts: "enterprise.user_signed_up",
    brings: |person| json!({ "name": person.name(), "country": "ZA", "address": person.address }),
    device: None,
    scenarios: &[
        Scenario::ordinary(),
        Scenario::trap("-wexists", "the account exists already").exists(),
        Scenario::trap("-wslow", "made at once, the reply hangs"),
        Scenario::trap("-wlost", "the account is made, the reply lost"),
        Scenario::trap("-wundone", "the connection is cut before anything is done"),
        Scenario::trap("-wrole", "the role is not given at first"),
        Scenario::trap("-wforbidden", "the provider forbids us to register").ends(Ends::Waits("register")),
        Scenario::mailbox("bounce", "the mail address does not exist"),
    ],
};
