//! A mail as bytes. The same effect makes the same bytes at every attempt: message id, date and boundary come from
//! the effect, so that a second copy can be recognised as one.

use std::str::FromStr as _;
use std::time::{Duration, UNIX_EPOCH};

use gangway_core::address::Address as Receiver;
use gangway_core::effect::EffectId;
use gangway_core::time::Timestamp;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use lettre::{Address, address::Envelope};

use super::templates::Rendered;

/// Sender, answer address and domain, read once.
#[derive(Clone, Debug)]
pub struct Letterhead {
    /// Sender.
    pub from: Mailbox,
    /// Where answers go.
    pub reply_to: Option<Mailbox>,
    /// Right side of message ids.
    pub domain: String,
}

/// A mail ready to be sent.
#[derive(Debug)]
pub struct Letter {
    /// Sender and receiver for the server.
    pub envelope: Envelope,
    /// Headers and body.
    pub bytes: Vec<u8>,
}

/// Why a mail cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unwritable {
    /// The receiver's address is not one.
    Address,
    /// The mail itself cannot be put together.
    Content,
}

/// Writes the mail.
///
/// # Errors
/// [`Unwritable`].
pub fn write(
    head: &Letterhead,
    id: EffectId,
    asked_at: Timestamp,
    to: &str,
    words: Rendered,
) -> Result<Letter, Unwritable> {
    let to = Receiver::parse(to).map_err(|_| Unwritable::Address)?.to_string();
    let receiver = Address::from_str(&to).map_err(|_| Unwritable::Address)?;
    let envelope = Envelope::new(Some(head.from.email.clone()), vec![receiver]).map_err(|_| Unwritable::Content)?;
    let name = format!("{}.{}", id.onboarding, id.n);
    let asked = Duration::from_millis(u64::try_from(asked_at.0).unwrap_or(0));
    let mut builder = Message::builder()
        .from(head.from.clone())
        .envelope(envelope)
        // As it is: the builder knows no quoted names, and would encode what RFC 6532 wants bare.
        .raw_header(HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str("To"), to.clone(), to))
        .subject(words.subject)
        .date(UNIX_EPOCH + asked)
        .message_id(Some(format!("<{name}@{}>", head.domain)))
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()));
    if let Some(reply_to) = &head.reply_to {
        builder = builder.reply_to(reply_to.clone());
    }
    let part = |kind, body: String| SinglePart::builder().header(kind).body(body);
    let parts = MultiPart::alternative()
        .boundary(format!("gangway-{name}"))
        .singlepart(part(ContentType::TEXT_PLAIN, words.text))
        .singlepart(part(ContentType::TEXT_HTML, words.html));
    let message = builder.multipart(parts).map_err(|_| Unwritable::Content)?;
    Ok(Letter { envelope: message.envelope().clone(), bytes: message.formatted() })
}

#[cfg(test)]
mod tests {
    use super::{Letterhead, Unwritable, write};
    use crate::outbound::mail::templates::Rendered;
    use gangway_core::effect::EffectId;
    use gangway_core::event::OnboardingId;
    use gangway_core::time::Timestamp;

    fn letter(to: &str, subject: &str) -> Result<String, Unwritable> {
        let head = Letterhead {
            from: "Example <hello@example.com>".parse().unwrap(),
            reply_to: Some("help@example.com".parse().unwrap()),
            domain: "example.com".to_owned(),
        };
        let words =
            Rendered { subject: subject.to_owned(), text: "Grüße".to_owned(), html: "<p>Grüße</p>".to_owned() };
        let id = EffectId { onboarding: OnboardingId(uuid::Uuid::nil()), n: 3 };
        write(&head, id, Timestamp(1_700_000_000_000), to, words).map(|letter| String::from_utf8(letter.bytes).unwrap())
    }

    #[test]
    fn the_same_effect_makes_the_same_bytes_every_time() {
        let first = letter("ada@example.com", "Hello").unwrap();
        assert_eq!(first, letter("ada@example.com", "Hello").unwrap());
        for line in [
            "Message-ID: <00000000-0000-0000-0000-000000000000.3@example.com>",
            "Date: Tue, 14 Nov 2023 22:13:20 +0000",
            "Auto-Submitted: auto-generated",
            "Reply-To: help@example.com",
            "To: ada@example.com",
        ] {
            assert!(first.contains(line), "{line} is not in\n{first}");
        }
        assert!(first.is_ascii(), "every server takes it");
    }

    #[test]
    fn every_kind_of_address_that_a_sign_up_takes_is_written() {
        for (to, line) in [
            ("\"ada love\"@example.org", "To: \"ada love\"@example.org"),
            ("\"a@b\"@example.org", "To: \"a@b\"@example.org"),
            ("\"a\\\"b\"@example.org", "To: \"a\\\"b\"@example.org"),
            ("o'neil+tag!#$%&*/=?^_`{|}~-@example.org", "To: o'neil+tag!#$%&*/=?^_`{|}~-@example.org"),
            ("ada@bücher.example", "To: ada@xn--bcher-kva.example"),
            ("zoë@example.org", "To: zoë@example.org"),
            ("用户@例え.テスト", "To: 用户@xn--r8jz45g.xn--zckzah"),
            ("ada@[192.0.2.1]", "To: ada@[192.0.2.1]"),
            ("ada@localhost", "To: ada@localhost"),
        ] {
            let mail = letter(to, "Hello").unwrap();
            assert!(mail.lines().any(|written| written == line), "{line} is not in\n{mail}");
        }
    }

    #[test]
    fn no_address_and_no_subject_can_add_a_header() {
        for to in ["", "ada", "ada@example.com\r\nBcc: eve@example.com", "ada@example.com, eve@example.com", "a b@c"] {
            assert_eq!(letter(to, "x").unwrap_err(), Unwritable::Address, "{to:?}");
        }
        let mail = letter("ada@example.com", "x\r\nBcc: eve@example.com").unwrap();
        assert!(!mail.to_lowercase().contains("\r\nbcc:"), "{mail}");
    }
}
