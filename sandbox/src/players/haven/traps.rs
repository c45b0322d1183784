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
        "wallets are Inactive and stay so: the transaction of a call to activate them is never confirmed",
        "the wallet never becomes active";
    ACTIVATE = "-hactivate",
        "wallets have no address and are Inactive until a call activates them",
        "the wallet wants to be activated first";
    FORBIDDEN = "-hforbidden",
        "every start of a registration is answered 403, for this user alone",
        "the provider forbids this person, and nobody else";
    EMPLOYEE = "-hemployee",
        "the user is an employee of the organisation: a start says 401 \"exists\", a delegated login 403",
        "an employee of ours, not an end user";
    HALF = "-hhalf",
        "the user was begun before and not finished: every start says 401 \"exists\", and nothing begins it anew",
        "begun before, never finished, and not to be begun anew";
    TOKEN = "-htoken",
        "the service account's token is refused once, in the middle of the first signing",
        "our token is refused in the middle of signing";
    APPROVAL = "-happroval",
        "the completion is answered 202 and done a moment later",
        "somebody at the provider must approve first";
}
