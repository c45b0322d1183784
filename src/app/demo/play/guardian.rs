//! `guardian-account`: an account with a DID at Hedera Guardian.

use serde_json::json;

use super::{Ends, Play, Scenario};

const REVIEW: Ends = Ends::Review("review");
const HALF_DONE: Ends = Ends::Review("half_done");

pub(super) static PLAY: Play = Play {
    flow: "guardian-account",
    starts: "registry.user_signed_up",
    brings: |person| json!({ "username": person.id }),
    device: None,
    scenarios: &[
        Scenario::ordinary(),
        Scenario::trap("-guardtaken", "the user name is somebody else's").ends(REVIEW),
        Scenario::trap("-guardfailed", "the task fails before anything is made").ends(REVIEW),
        Scenario::trap("-guardorphan", "it fails after the ledger account was paid for").ends(REVIEW),
        Scenario::trap("-guardrace", "somebody else takes the name meanwhile").ends(REVIEW),
        Scenario::trap("-guardhalf", "it fails after the user was registered").ends(HALF_DONE),
        Scenario::trap("-guardlostdone", "the task is lost, its work done"),
        Scenario::trap("-guardlosthalf", "the task is lost, its work half done").ends(HALF_DONE),
        Scenario::trap("-guardlostundone", "the task is lost before anything is made").ends(REVIEW),
        Scenario::trap("-guardreplylost", "the task is begun, the reply lost"),
        Scenario::trap("-guardreplyundone", "the connection is cut before anything is done"),
        Scenario::trap("-guardslow", "the task takes long"),
        Scenario::trap("-guardempty", "the finished task is nobody's for a moment"),
        Scenario::trap("-guardtoken", "the token is refused in the middle"),
        Scenario::trap("-guardpassword", "registered with another password").ends(REVIEW),
        Scenario::mailbox("bounce", "the mail with the password comes back").ends(Ends::Review("undelivered")),
    ],
};
