//! `haven-custody`: a person with a passkey and a wallet at IBM Digital Asset Haven. The demo plays the person's
//! device.

use gangway_sandbox::HavenOptions;
use gangway_sandbox::haven::traps;
use gangway_sandbox::traps::mailbox;
use serde_json::json;

use super::{DemoProvider, Device, Ends, Play, Scenario, random};

pub(super) static PLAY: Play = Play {
    flow: "haven-custody",
    starts: "custody.user_signed_up",
    brings: |_| json!({}),
    device: Some(&Device { waits_in: "credentials", answers: "custody.credentials_created" }),
    scenarios: &[
        Scenario::ordinary(),
        Scenario::trap(&traps::EXISTS).exists(),
        Scenario::trap(&traps::EXPIRED),
        Scenario::trap(&traps::LOST),
        Scenario::trap(&traps::UNDONE),
        Scenario::trap(&traps::LATE),
        Scenario::trap(&traps::EARLY),
        Scenario::trap(&traps::AGAIN),
        Scenario::trap(&traps::MISSED),
        Scenario::trap(&traps::NEVER).ends(Ends::Waits("wallet")),
        Scenario::trap(&traps::ACTIVATE),
        Scenario::trap(&traps::FORBIDDEN).ends(Ends::Review("review")),
        Scenario::trap(&traps::EMPLOYEE).ends(Ends::Review("review")),
        Scenario::trap(&traps::HALF).ends(Ends::Review("review")),
        Scenario::trap(&traps::TOKEN),
        Scenario::trap(&traps::APPROVAL),
        Scenario::away("the person makes no passkey").ends(Ends::Waits("credentials")),
        Scenario::mail(&mailbox::BOUNCE).about("the invitation comes back").ends(Ends::Review("review_invite")),
    ],
    provider: Some(&PROVIDER),
};

static PROVIDER: DemoProvider = DemoProvider {
    name: "haven",
    plays: |options, chance| {
        options.haven.service_token = random(chance);
        options.haven.webhook_secret = format!("whs-{}", random(chance));
    },
    settings: |far, options, _| {
        vec![
            ("base_url", far.haven_url()),
            ("service_token", options.haven.service_token.clone()),
            ("service_key", HavenOptions::PRIVATE_KEY.to_owned()),
            ("credential_id", options.haven.credential_id.clone()),
            ("origin", "https://app.example.org".to_owned()),
            ("sign_up_url", "https://app.example.org/passkey".to_owned()),
            ("webhook.verify", "dfns".to_owned()),
            ("webhook_secret", options.haven.webhook_secret.clone()),
        ]
    },
    signed: true,
    line: |counted| format!("{} users, {} wallets", counted.haven.registered, counted.haven.wallets),
    value: |counted| json!(counted.haven),
    doubled: |counted| counted.haven.doubled,
};
