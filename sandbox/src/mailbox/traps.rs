//! What a mail to an address can walk into, by how the address begins.

use crate::trap::traps;

traps! {
    BOUNCE = "bounce", "the address is refused for good (550)", "the mail address does not exist";
    LATER = "later", "the address is refused for now (451)", "the mail server never takes the mail";
    CUT = "mailcut", "the mail is taken and the last reply lost, once", "the mail is taken, the last reply lost";
}
