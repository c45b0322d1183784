//! Addresses with user and password in them. Never here: a part of an address in a problem.

/// How to write what an address itself uses.
pub(crate) const ESCAPES: &str =
    "in user name and password write @ as %40, : as %3A, / as %2F, ? as %3F, # as %23, a blank as %20 and % as %25";

/// What shows that a character of user name or password is not escaped: where the host ends is then a guess, and what
/// follows it would be told as host, port or name. None where the address can be read in one way only.
#[must_use]
pub(crate) fn unescaped(text: &str) -> Option<&'static str> {
    let (_, rest) = text.split_once("://")?;
    let (_, behind) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (path, query) = behind.split_once('?').unwrap_or((behind, ""));
    let named = path.len() > 1;
    if behind.contains('#') {
        // No address of a server has a fragment.
        return Some("has a # in it");
    }
    if path.contains('@') || (!named && query.contains('@')) {
        return Some("has an @ behind its host");
    }
    // Whoever reads an address leaves them out without a word.
    rest.chars().any(char::is_control).then_some("has a line break or a tab in it")
}

#[cfg(test)]
mod tests {
    use super::unescaped;

    #[test]
    fn a_character_of_a_password_that_is_not_escaped_is_noticed_and_one_that_does_no_harm_is_not() {
        for bad in ["amqp://u:p#w@h", "smtp://u:p/w@h", "smtp://u:p?w@h", "smtp://u:1#2@h", "amqp://u:p\nw@h/v"] {
            assert!(unescaped(bad).is_some(), "{bad}");
        }
        for good in [
            "amqp://u:p@w@h/v",
            "amqp://u:p w@h/v",
            "smtp://me@example.com:pw@h:587?tls=none",
            "postgres://h/n?user=a@b",
            "sqlite://gangway.sqlite?mode=rwc",
            "amqp://u:p%2Fw@h/%2f",
        ] {
            assert_eq!(unescaped(good), None, "{good}");
        }
    }
}
