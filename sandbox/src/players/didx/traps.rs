//! What a user of DIDx can walk into: the word, what happens, and that in a few words.

use crate::trap::traps;

traps! {
    EXISTS = "-didxexists",
        "the user exists already at the first POST /users: 201 with an empty tempPassword",
        "the account exists already";
    CONFLICT = "-didxconflict", "every POST /users is answered 409", "the user name is another person's";
    REFUSED = "-didxrefused",
        "every POST /users is answered 400 VALIDATION_ERROR",
        "the provider refuses the account";
    FORBIDDEN = "-didxforbidden", "every POST /users is answered 403", "the provider forbids to make the account";
    LOST = "-didxlost",
        "the first POST /users is done, its reply lost",
        "the account is made, the reply lost with its password";
    UNDONE = "-didxundone",
        "the first POST /users is lost before anything is done",
        "the connection is cut before anything is done";
    HTML = "-didxhtml",
        "the first POST /users is answered 502 with an HTML page, and not done",
        "502 with an HTML page";
    THROTTLED = "-didxthrottled",
        "the first POST /users is answered 429 with Retry-After: 1, and not done",
        "429: try again in a second";
    TOKEN = "-didxtoken",
        "the token that came with the first POST /users, and that with the first offer, is refused with \
         401 for this user, as often as it comes",
        "the token is refused in the middle";
    CREDENTIAL_LOST = "-didxcredlost",
        "the first issuance is done, its reply lost",
        "the credential is issued, the reply lost";
    NO_TEMPLATE = "-didxnotemplate",
        "every issuance is answered 400 VALIDATION_ERROR, and not done",
        "the credential is refused";
    NO_WALLET = "-didxnowallet", "every offer is answered 404, and not sent", "the offer finds no wallet";
    OFFER_LOST = "-didxofferlost", "the first offer is sent, its reply lost", "the offer is sent, the reply lost";
    EARLY = "-didxearly",
        "the user accepts at once, and the webhook is taken before the offer is answered",
        "accepted before the offer is answered";
    LATE = "-didxlate",
        "webhooks come late after the event",
        "the webhook is late";
    SILENT = "-didxsilent",
        "no webhook is sent: only a poll finds the state",
        "no webhook ever comes; a poll finds it";
    TWICE = "-didxtwice", "each webhook comes twice, with the same webhook-id", "each webhook comes twice";
    FAILED = "-didxfailed", "the issuance ends failed", "the issuance fails";
    EXPIRED = "-didxexpired", "the issuance ends expired", "the offer expires";
    PARTLY = "-didxpartly", "the issuance ends partiallyIssued", "a part of the credential is taken";
}
