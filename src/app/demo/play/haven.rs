//! `haven-custody`: a person with a passkey and a wallet at IBM Digital Asset Haven. The demo plays the person's device.

use serde_json::json;

use super::{Device, Ends, Play, Scenario};

pub(super) static PLAY: Play = Play {
    flow: "haven-custody",
    starts: "custody.user_signed_up",
    brings: |_| json!({}),
    device: Some(&Device { waits_in: "credentials", answers: "custody.credentials_created" }),
    scenarios: &[
        Scenario::ordinary(),
        Scenario::trap("-hexists", "registered already when the credentials come").exists(),
        Scenario::trap("-hexpired", "too slow: a new challenge, a new mail"),
        Scenario::trap("-hlost", "registered, the reply lost"),
        Scenario::trap("-hundone", "the connection is cut before anything is done"),
        Scenario::trap("-hlate", "the wallet becomes active later, by webhook"),
        Scenario::trap("-hearly", "the webhook comes before the reply"),
        Scenario::trap("-hagain", "each webhook comes again under a new id"),
        Scenario::trap("-hmissed", "active later, and no webhook arrives"),
        Scenario::trap("-hnever", "the wallet never becomes active").ends(Ends::Waits("wallet")),
        Scenario::trap("-htoken", "our token is refused in the middle of signing"),
        Scenario::trap("-happroval", "somebody at the provider must approve first"),
        Scenario::away("the person makes no passkey").ends(Ends::Waits("credentials")),
        Scenario::mailbox("bounce", "the invitation comes back").ends(Ends::Review("review")),
    ],
};
