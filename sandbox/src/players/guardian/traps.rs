//! What a user of Guardian can walk into: the word, what happens, and that in a few words.

use crate::trap::traps;

traps! {
    TAKEN = "-guardtaken",
        "the user name is somebody else's: 409, and the password does not log in",
        "the user name is somebody else's";
    TAKEN_500 = "-guardexists",
        "the user name is somebody else's: 500 with already exists in its text",
        "the user name is somebody else's, said with 500";
    FORBIDDEN = "-guardforbidden", "every onboarding is answered 403", "the provider forbids to onboard them";
    NO_PARENT = "-guardnoparent", "every onboarding is answered 400: no such parent", "the parent is not found";
    FAILED = "-guardfailed", "the task fails before anything is made", "the task fails before anything is made";
    ORPHAN = "-guardorphan",
        "the task fails after the Hedera account was made: the user name is free, a repetition pays for \
         a second account",
        "it fails after the ledger account was paid for";
    RACE = "-guardrace",
        "somebody else registers the name meanwhile: the task fails with already taken",
        "somebody else takes the name meanwhile";
    HALF = "-guardhalf",
        "the task fails after the user was registered: no DID, and a repetition is 409",
        "it fails after the user was registered";
    LOST_DONE = "-guardlostdone",
        "the task is lost; the user is registered and gets its DID",
        "the task is lost, its work done";
    LOST_HALF = "-guardlosthalf",
        "the task is lost; the user is registered, but never gets a DID",
        "the task is lost, its work half done";
    LOST_UNDONE = "-guardlostundone",
        "the task is lost before anything is made",
        "the task is lost before anything is made";
    REPLY_LOST = "-guardreplylost",
        "the first onboarding is started, its reply lost",
        "the task is begun, the reply lost";
    REPLY_UNDONE = "-guardreplyundone",
        "the first onboarding is lost before anything is done",
        "the connection is cut before anything is done";
    SLOW = "-guardslow", "the task takes slow_task", "the task takes long";
    EMPTY = "-guardempty",
        "the whole task is empty for its owner the first three times",
        "the finished task has no owner for a moment";
    TOKEN = "-guardtoken",
        "the token that came with the first onboarding, and that with the first read of the whole task, \
         is refused with 401 for this user, as often as it comes",
        "the token is refused in the middle";
    PASSWORD = "-guardpassword",
        "the user is registered with another password: the final login is 401",
        "registered with another password";
}
