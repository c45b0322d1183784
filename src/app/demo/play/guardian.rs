//! `guardian-account`: an account with a DID at Hedera Guardian.

use std::time::Duration;

use gangway_sandbox::guardian::traps;
use gangway_sandbox::traps::mailbox;
use serde_json::json;

use super::{DemoProvider, Ends, Play, Scenario, random};

const REVIEW: Ends = Ends::Review("review");
const HALF_DONE: Ends = Ends::Review("half_done");

pub(super) static PLAY: Play = Play {
    flow: "guardian-account",
    starts: "registry.user_signed_up",
    brings: |person| json!({ "username": person.id }),
    device: None,
    scenarios: &[
        Scenario::ordinary(),
        Scenario::trap(&traps::TAKEN).ends(REVIEW),
        Scenario::trap(&traps::TAKEN_500).ends(REVIEW),
        Scenario::trap(&traps::FORBIDDEN).ends(Ends::Waits("onboard")),
        Scenario::trap(&traps::NO_PARENT).ends(REVIEW),
        Scenario::trap(&traps::FAILED).ends(REVIEW),
        Scenario::trap(&traps::ORPHAN).ends(REVIEW),
        Scenario::trap(&traps::RACE).ends(REVIEW),
        Scenario::trap(&traps::HALF).ends(HALF_DONE),
        Scenario::trap(&traps::LOST_DONE),
        Scenario::trap(&traps::LOST_HALF).ends(HALF_DONE),
        Scenario::trap(&traps::LOST_UNDONE).ends(REVIEW),
        Scenario::trap(&traps::REPLY_LOST),
        Scenario::trap(&traps::REPLY_UNDONE),
        Scenario::trap(&traps::SLOW),
        Scenario::trap(&traps::EMPTY),
        Scenario::trap(&traps::TOKEN),
        Scenario::trap(&traps::PASSWORD).ends(REVIEW),
        Scenario::mail(&mailbox::BOUNCE)
            .about("the mail with the password comes back")
            .ends(Ends::Review("undelivered")),
    ],
    provider: Some(&PROVIDER),
};

static PROVIDER: DemoProvider = DemoProvider {
    name: "guardian",
    plays: |options, chance| {
        options.guardian.registry_password = format!("Aa1-{}", random(chance));
        options.guardian.slow_task = Duration::from_secs(2);
    },
    settings: |far, options, _| {
        vec![
            ("base_url", far.guardian_url()),
            ("retry.settle", "300ms".to_owned()),
            ("username", options.guardian.registry_username.clone()),
            ("registry_password", options.guardian.registry_password.clone()),
            ("parent", options.guardian.registry_username.clone()),
        ]
    },
    signed: false,
    line: |counted| format!("{} accounts", counted.guardian.accounts),
    value: |counted| json!(counted.guardian),
    doubled: |counted| counted.guardian.duplicate_accounts,
};
