//! `didx-credential`: a young person with a credential at DIDx.

use serde_json::json;

use super::{Ends, Play, Scenario};

const OFFER: Ends = Ends::Review("review_offer");

pub(super) static PLAY: Play = Play {
    flow: "didx-credential",
    starts: "youth.signed_up",
    brings: |person| json!({ "username": person.id, "first_name": person.first_name, "last_name": person.last_name }),
    device: None,
    scenarios: &[
        Scenario::ordinary(),
        Scenario::trap("-didxexists", "the account exists already").exists(),
        Scenario::trap("-didxconflict", "the user name is another person's").ends(Ends::Review("review")),
        Scenario::trap("-didxrefused", "the provider refuses the account").ends(Ends::Review("review")),
        Scenario::trap("-didxlost", "the account is made, the reply lost with its password").exists(),
        Scenario::trap("-didxundone", "the connection is cut before anything is done"),
        Scenario::trap("-didxhtml", "502 with an HTML page"),
        Scenario::trap("-didxthrottled", "429: come again in a second"),
        Scenario::trap("-didxtoken", "the token is refused in the middle"),
        Scenario::trap("-didxcredlost", "the credential is issued, the reply lost").ends(Ends::Review("issue")),
        Scenario::trap("-didxofferlost", "the offer is sent, the reply lost").ends(Ends::Review("send")),
        Scenario::trap("-didxearly", "accepted before the offer is answered"),
        Scenario::trap("-didxlate", "the webhook is late; a poll is quicker"),
        Scenario::trap("-didxsilent", "no webhook ever comes; a poll finds it"),
        Scenario::trap("-didxtwice", "each webhook comes twice"),
        Scenario::trap("-didxfailed", "the issuance fails").ends(OFFER),
        Scenario::trap("-didxexpired", "the offer expires").ends(OFFER),
        Scenario::trap("-didxpartly", "a part of the credential is taken").ends(Ends::Waits("accept")),
        Scenario::mailbox("bounce", "the mail address does not exist"),
    ],
};
