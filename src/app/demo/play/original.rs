//! `original-wallet`: a user at Original with a first asset.

use std::time::Duration;

use gangway_sandbox::original::traps;
use gangway_sandbox::traps::mailbox;
use serde_json::json;

use super::{DemoProvider, Ends, Play, Scenario, random};

pub(super) static PLAY: Play = Play {
    flow: "original-wallet",
    starts: "user.signed_up",
    brings: |_| json!({}),
    device: None,
    scenarios: &[
        Scenario::ordinary(),
        Scenario::trap(&traps::EXISTS).exists(),
        Scenario::trap(&traps::LOST),
        Scenario::trap(&traps::UNDONE),
        Scenario::trap(&traps::SLOW),
        Scenario::trap(&traps::ASSET_LOST),
        Scenario::trap(&traps::SILENT),
        Scenario::trap(&traps::REFUSED).ends(Ends::Review("review")),
        Scenario::trap(&traps::FORBIDDEN).ends(Ends::Review("review")),
        Scenario::trap(&traps::DOWN).ends(Ends::Review("create_user")),
        Scenario::trap(&traps::NO_WALLET).ends(Ends::Waits("wallet")),
        Scenario::mail(&mailbox::BOUNCE),
        Scenario::mail(&mailbox::LATER).ends(Ends::Review("welcome")),
        Scenario::mail(&mailbox::CUT),
    ],
    provider: Some(&PROVIDER),
};

static PROVIDER: DemoProvider = DemoProvider {
    name: "original",
    plays: |options, chance| {
        options.original.api_key = random(chance);
        options.original.api_secret = random(chance);
        options.original.wallet_delay = Duration::from_millis(100);
    },
    settings: |far, options, hook| {
        vec![
            ("base_url", far.original_url()),
            ("api_key", options.original.api_key.clone()),
            ("api_secret", options.original.api_secret.clone()),
            ("collection_uid", "221137489875".to_owned()),
            ("webhook_secret", hook.to_owned()),
        ]
    },
    signed: false,
    line: |counted| format!("{} users, {} assets", counted.original.users, counted.original.assets),
    value: |counted| json!({ "users": counted.original.users, "assets": counted.original.assets, "wallets": counted.original.wallets }),
    doubled: |counted| counted.original.duplicate_users + counted.original.duplicate_assets,
};
