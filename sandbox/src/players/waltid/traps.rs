//! What a user of walt.id can walk into: the word, what happens, and that in a few words.

use crate::trap::traps;

traps! {
    EXISTS = "-wexists",
        "the account exists already at the first registration, with another name and password",
        "the account exists already";
    SLOW = "-wslow",
        "the account is made at once, the first registration's reply hangs for slow_reply",
        "made at once, the reply hangs";
    LOST = "-wlost", "the first registration is done, its reply lost", "the account is made, the reply lost";
    UNDONE = "-wundone",
        "the first registration is lost before anything is done",
        "the connection is cut before anything is done";
    ROLE = "-wrole", "the first role assignment is answered 500 and not done", "the role is not given at first";
    FORBIDDEN = "-wforbidden", "every registration is answered 403", "the provider forbids to register them";
    REFUSED = "-wrefused",
        "every registration is answered 400 with the name of an exception",
        "the provider refuses the registration";
    NO_ROLE = "-wnorole",
        "every role assignment is answered 404, with the word exists in its text, and not done",
        "the role does not exist";
    HAS_ROLE = "-whasrole",
        "the role is given already at the first assignment, which is answered 400 with the word already",
        "the role is given already";
    NO_WALLET = "-wnowallet", "every wallet service is answered 400, and not made", "the wallet is refused";
}
