//! E-mail addresses by RFC 5321 (quoted local parts, address literals, lengths), 6531 (UTF-8) and 5890 (domains beyond
//! ASCII). A text enters; an address that a mail can be sent to leaves, or why there is none. Reasons never repeat the
//! text: it is personal data.

use std::net::Ipv4Addr;

use unicode_normalization::UnicodeNormalization as _;

/// Longest local part and domain, in bytes: RFC 5321, 4.5.3.1.
const LOCAL_MOST: usize = 64;
const DOMAIN_MOST: usize = 255;
/// Longest address: a path of 256 bytes without its angle brackets.
const ADDRESS_MOST: usize = 254;

/// An address that a mail can be sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Before the last `@`, in quotes where it needs them.
    pub local: String,
    /// After it, as DNS has it; or an IPv4 address in brackets.
    pub domain: String,
}

impl Address {
    /// Reads an address without a name beside it.
    ///
    /// # Errors
    /// Why it is none that a mail can be sent to.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or("it is no e-mail address: there is no @ in it")?;
        check_local(local)?;
        let domain = domain_of(domain)?;
        let local: String = local.nfc().collect();
        if local.len() + 1 + domain.len() > ADDRESS_MOST {
            return Err("it is no e-mail address: it is longer than 254 bytes");
        }
        Ok(Self { local, domain })
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

/// The form in which two addresses are compared. What is no address is compared as it is written, in lower case.
#[must_use]
pub fn canonical(text: &str) -> String {
    let lower = text.to_lowercase();
    match lower.rsplit_once('@') {
        Some((local, domain)) if !lower.is_ascii() => {
            let domain = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_owned());
            format!("{}@{domain}", local.nfc())
        }
        _ => lower,
    }
}

fn check_local(local: &str) -> Result<(), &'static str> {
    if local.is_empty() {
        return Err("it is no e-mail address: nothing is before the @");
    }
    if local.len() > LOCAL_MOST {
        return Err("it is no e-mail address: more than 64 bytes are before the @");
    }
    match local.strip_prefix('"') {
        None if local.split('.').all(is_atom) => Ok(()),
        None => Err("it is no e-mail address: what is before the @ has a space, a special character or a lone dot"),
        Some(quoted) if is_quoted(quoted) => Ok(()),
        Some(_) => Err("it is no e-mail address: the quotes before the @ do not close, or hold what they cannot"),
    }
}

/// RFC 5322, 3.2.3, and any character beyond ASCII: RFC 6531, 3.3.
fn is_atom(part: &str) -> bool {
    const SPECIAL: &str = "!#$%&'*+-/=?^_`{|}~";
    let plain = |c: char| c.is_ascii_alphanumeric() || SPECIAL.contains(c) || is_beyond(c);
    !part.is_empty() && part.chars().all(plain)
}

/// The rest of a quoted text after its first quote: printable characters, those that need it behind a backslash.
fn is_quoted(rest: &str) -> bool {
    let mut chars = rest.chars();
    let printable = |c: char| c == ' ' || c.is_ascii_graphic() || is_beyond(c);
    loop {
        match chars.next() {
            Some('"') => return chars.as_str().is_empty(),
            Some('\\') if chars.next().is_some_and(|c| c == ' ' || c.is_ascii_graphic()) => {}
            Some(c) if c != '\\' && printable(c) => {}
            _ => return false,
        }
    }
}

fn is_beyond(c: char) -> bool {
    !c.is_ascii() && !c.is_control() && !c.is_whitespace()
}

fn domain_of(domain: &str) -> Result<String, &'static str> {
    if let Some(literal) = domain.strip_prefix('[') {
        let address =
            literal.strip_suffix(']').ok_or("it is no e-mail address: the bracket after the @ does not close")?;
        let told = "it is an e-mail address at a bare address that mails are not sent to; of those, only IPv4 ones are";
        return address.parse::<Ipv4Addr>().map(|address| format!("[{address}]")).map_err(|_| told);
    }
    let domain =
        idna::domain_to_ascii(domain).map_err(|_| "it is no e-mail address: what is after the @ is no domain")?;
    let is_label = |label: &str| {
        let inner = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
        (1..=63).contains(&label.len()) && label.bytes().all(inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    if domain.len() > DOMAIN_MOST {
        return Err("it is no e-mail address: more than 255 bytes are after the @");
    }
    if !domain.split('.').all(is_label) {
        return Err("it is no e-mail address: what is after the @ is no domain");
    }
    Ok(domain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Address, canonical};

    fn written(text: &str) -> Result<String, &'static str> {
        Address::parse(text).map(|address| address.to_string())
    }

    #[test]
    fn every_kind_of_address_is_read_and_its_domain_is_written_as_dns_has_it() {
        for (text, expected) in [
            ("ada@example.org", "ada@example.org"),
            (" Ada.L+tag@Example.ORG ", "Ada.L+tag@example.org"),
            ("o'neil!#$%&*/=?^_`{|}~-@example.org", "o'neil!#$%&*/=?^_`{|}~-@example.org"),
            ("\"ada love\"@example.org", "\"ada love\"@example.org"),
            ("\"a@b\"@example.org", "\"a@b\"@example.org"),
            ("\"a\\\"b\\\\\"@example.org", "\"a\\\"b\\\\\"@example.org"),
            ("ada@bücher.example", "ada@xn--bcher-kva.example"),
            ("ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
            ("ada@例え.テスト", "ada@xn--r8jz45g.xn--zckzah"),
            ("zoë@example.org", "zoë@example.org"),
            ("zoe\u{308}@example.org", "zoë@example.org"),
            ("用户@例え.テスト", "用户@xn--r8jz45g.xn--zckzah"),
            ("ada@[192.0.2.1]", "ada@[192.0.2.1]"),
            ("ada@localhost", "ada@localhost"),
        ] {
            assert_eq!(written(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn every_text_that_is_no_address_is_refused_with_its_own_reason() {
        let long = |n: usize| "x".repeat(n);
        let labels = |n: usize| vec!["x".repeat(50); n].join(".");
        for (text, why) in [
            ("ada".to_owned(), "no @"),
            ("@example.org".to_owned(), "nothing is before"),
            ("ada@".to_owned(), "no domain"),
            ("ada love@example.org".to_owned(), "a space"),
            ("ada@b@example.org".to_owned(), "special character"),
            ("Ada <ada@example.org>".to_owned(), "a space"),
            ("ada..l@example.org".to_owned(), "lone dot"),
            (".ada@example.org".to_owned(), "lone dot"),
            ("\"ada@example.org".to_owned(), "quotes"),
            ("\"a\"b\"@example.org".to_owned(), "quotes"),
            ("ada@exa mple.org".to_owned(), "no domain"),
            ("ada@-x.org".to_owned(), "no domain"),
            ("ada@x..org".to_owned(), "no domain"),
            ("ada@a_b.org".to_owned(), "no domain"),
            ("ada@[192.0.2]".to_owned(), "only IPv4"),
            ("ada@[IPv6:2001:db8::1]".to_owned(), "only IPv4"),
            ("ada@[192.0.2.1".to_owned(), "bracket"),
            (format!("{}@example.org", long(65)), "64 bytes"),
            (format!("ada@{}.org", long(64)), "no domain"),
            (format!("ada@{}", labels(6)), "255 bytes"),
            (format!("{}@{}", long(64), labels(4)), "254 bytes"),
        ] {
            let told = written(&text).unwrap_err();
            assert!(told.contains(why), "{text}: {told}");
        }
        assert!(written(&format!("{}@example.org", long(64))).is_ok());
    }

    #[test]
    fn two_spellings_of_one_address_are_compared_as_one() {
        for (one, other) in [
            ("Ada@Example.org", "ada@example.ORG"),
            ("ada@BÜCHER.example", "ada@xn--bcher-kva.example"),
            ("zoe\u{308}@example.org", "ZOË@example.org"),
        ] {
            assert_eq!(canonical(one), canonical(other));
        }
        assert_ne!(canonical("ada@bucher.example"), canonical("ada@bücher.example"));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic_and_what_it_reads_it_reads_again(text in ".{0,40}") {
            if let Ok(address) = Address::parse(&format!("{text}@example.org")) {
                prop_assert_eq!(Address::parse(&address.to_string()), Ok(address));
            }
            let _ = (Address::parse(&text), canonical(&text));
        }
    }
}
