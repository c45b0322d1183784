//! What a user of Original can walk into: the word, what happens, and that in a few words.

use crate::trap::traps;

traps! {
    EXISTS = "-exists",
        "the user exists already at the first POST /user, with another e-mail address",
        "the user exists already";
    REFUSED = "-refused", "every POST /user is answered 400 validation_error", "the provider refuses the user";
    FORBIDDEN = "-forbidden",
        "every POST /user is answered 403 client_error, for this user alone",
        "the provider forbids this person, and nobody else";
    DOWN = "-down", "every POST /user is answered 500, 502 or 503", "the provider is down for this user";
    LOST = "-lost", "the first POST /user is done, its reply lost", "the user is made, the reply lost";
    UNDONE = "-undone",
        "the first POST /user is lost before anything is done",
        "the connection is cut before anything is done";
    SLOW = "-slow", "the first POST /user is cut off and lands a moment later", "cut off, and made a moment later";
    ASSET_LOST = "-assetlost",
        "the first POST /asset of the user is done, its reply lost",
        "the asset is made, the reply lost";
    NO_WALLET = "-nowallet",
        "the wallet never comes, so no asset is minted and no webhook sent",
        "the wallet never comes";
    SILENT = "-silent",
        "wallet and asset come, but no webhook is sent: only a poll finds them",
        "no webhook ever comes; the poll finds the wallet";
}
