//! What a user of Haven can walk into: the word, what happens, and that in a few words.

use crate::trap::traps;

traps! {
    EXISTS = "-hexists",
        "the user is registered already, with wallets, when the registration is completed: 401",
        "registered already when the credentials come";
    EXPIRED = "-hexpired",
        "the first temporary token has run out when it is given; that of the next start is good",
        "too slow: a new challenge, a new mail";
    LOST = "-hlost", "the first completion is done, its reply lost", "registered, the reply lost";
    UNDONE = "-hundone",
        "the first completion is lost before anything is done",
        "the connection is cut before anything is done";
    LATE = "-hlate",
        "wallets are Inactive in the reply, and become Active later, with a webhook",
        "the wallet becomes active later, by webhook";
    EARLY = "-hearly", "the webhooks are delivered before the reply goes out", "the webhook comes before the reply";
    AGAIN = "-hagain",
        "the first delivery of each webhook counts as failed though it was accepted: it is sent again, with a new id",
        "each webhook is sent again under a new id";
    MISSED = "-hmissed",
        "as -hlate, but no webhook ever arrives: the events are there to be read back, as failed",
        "active later, and no webhook arrives";
    NEVER = "-hnever",
        "wallets are Inactive and stay so, even after a call to activate them",
        "the wallet never becomes active";
    TOKEN = "-htoken",
        "the service account's token is refused once, in the middle of the first signing",
        "our token is refused in the middle of signing";
    APPROVAL = "-happroval",
        "the completion is answered 202 and done a moment later",
        "somebody at the provider must approve first";
}
