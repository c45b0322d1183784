//! `didx-credential`: a young person with a credential at DIDx.

use std::time::Duration;

use gangway_sandbox::didx::traps;
use gangway_sandbox::traps::mailbox;
use serde_json::json;

use super::{DemoProvider, Ends, Play, Scenario, random};

const REVIEW: Ends = Ends::Review("review");
const OFFER: Ends = Ends::Review("review_offer");

pub(super) static PLAY: Play = Play {
    flow: "didx-credential",
    starts: "youth.signed_up",
    brings: |person| json!({ "username": person.id, "first_name": person.first_name, "last_name": person.last_name }),
    device: None,
    scenarios: &[
        Scenario::ordinary(),
        Scenario::trap(&traps::EXISTS).exists(),
        Scenario::trap(&traps::CONFLICT).ends(REVIEW),
        Scenario::trap(&traps::REFUSED).ends(REVIEW),
        Scenario::trap(&traps::FORBIDDEN).ends(Ends::Waits("create_user")),
        Scenario::trap(&traps::LOST).ends(Ends::Review("no_password")),
        Scenario::trap(&traps::UNDONE),
        Scenario::trap(&traps::HTML),
        Scenario::trap(&traps::THROTTLED),
        Scenario::trap(&traps::TOKEN),
        Scenario::trap(&traps::CREDENTIAL_LOST).ends(Ends::Review("issue")),
        Scenario::trap(&traps::NO_TEMPLATE).ends(Ends::Review("review_issue")),
        Scenario::trap(&traps::NO_WALLET).ends(Ends::Review("review_send")),
        Scenario::trap(&traps::OFFER_LOST).ends(Ends::Review("send")),
        Scenario::trap(&traps::EARLY),
        Scenario::trap(&traps::LATE),
        Scenario::trap(&traps::SILENT),
        Scenario::trap(&traps::TWICE),
        Scenario::trap(&traps::FAILED).ends(OFFER),
        Scenario::trap(&traps::EXPIRED).ends(OFFER),
        Scenario::trap(&traps::PARTLY).ends(Ends::Waits("accept")),
        Scenario::mail(&mailbox::BOUNCE)
            .about("the mail with the temporary password comes back")
            .ends(Ends::Review("undelivered")),
    ],
    provider: Some(&PROVIDER),
};

static PROVIDER: DemoProvider = DemoProvider {
    name: "didx",
    plays: |options, chance| {
        options.didx.client_secret = random(chance);
        options.didx.accept_delay = Duration::from_millis(100);
        options.didx.late = Duration::from_secs(1);
    },
    settings: |far, options, hook| {
        vec![
            ("base_url", far.didx_url()),
            ("client_id", options.didx.client_id.clone()),
            ("client_secret", options.didx.client_secret.clone()),
            ("credential_template_id", "tpl_demo".to_owned()),
            ("webhook_secret", hook.to_owned()),
        ]
    },
    signed: false,
    line: |counted| format!("{} users, {} credentials", counted.didx.users, counted.didx.credentials),
    value: |counted| json!(counted.didx),
    doubled: |counted| {
        let didx = &counted.didx;
        didx.duplicate_users + didx.duplicate_credentials + didx.duplicate_offers + didx.duplicate_endpoints
    },
};
