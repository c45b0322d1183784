//! `waltid-enterprise`: an account with a wallet at walt.id Enterprise.

use std::time::Duration;

use gangway_sandbox::traps::mailbox;
use gangway_sandbox::waltid::traps;
use serde_json::json;

use super::{DemoProvider, Ends, Play, Scenario, random};

pub(super) static PLAY: Play = Play {
    flow: "waltid-enterprise",
    starts: "enterprise.user_signed_up",
    brings: |person| json!({ "name": person.name(), "country": "ZA", "address": person.address }),
    device: None,
    scenarios: &[
        Scenario::ordinary(),
        Scenario::trap(&traps::EXISTS).exists(),
        Scenario::trap(&traps::SLOW),
        Scenario::trap(&traps::LOST),
        Scenario::trap(&traps::UNDONE),
        Scenario::trap(&traps::ROLE),
        Scenario::trap(&traps::FORBIDDEN).ends(Ends::Waits("register")),
        Scenario::trap(&traps::REFUSED).ends(Ends::Review("review")),
        Scenario::trap(&traps::NO_ROLE).ends(Ends::Review("review_role")),
        Scenario::trap(&traps::HAS_ROLE),
        Scenario::trap(&traps::NO_WALLET).ends(Ends::Review("review_wallet")),
        Scenario::mail(&mailbox::BOUNCE)
            .about("the mail with the password comes back")
            .ends(Ends::Review("undelivered")),
    ],
    provider: Some(&PROVIDER),
};

static PROVIDER: DemoProvider = DemoProvider {
    name: "waltid",
    plays: |options, chance| {
        options.waltid.admin_password = random(chance);
        // Longer than a request may take.
        options.waltid.slow_reply = Duration::from_secs(8);
    },
    settings: |far, options, _| {
        vec![
            ("base_url", far.waltid_url()),
            ("org_url", far.waltid_org_url()),
            ("organization", options.waltid.organisation.clone()),
            ("tenant", "people".to_owned()),
            ("email", options.waltid.admin_email.clone()),
            ("password", options.waltid.admin_password.clone()),
            ("role.role", format!("{}.member", options.waltid.organisation)),
        ]
    },
    signed: false,
    line: |counted| format!("{} accounts", counted.waltid.accounts),
    value: |counted| json!(counted.waltid),
    doubled: |_| 0,
};
