//! What a message says. Bytes enter; subject, text and HTML leave, decoded. A message that cannot be read is kept
//! all the same, with what could be read of it.

use actix_web::web::Bytes;
use mailparse::{DispositionType, MailHeaderMap, ParsedMail};
use serde::Serialize;

use crate::clock;

/// Parts nested deeper are not looked into: the parser calls itself for each level.
const DEPTH: usize = 50;

/// One message, as listed. `from` and `to` are the envelope's; the header's From is `header_from`.
#[derive(Debug, Serialize)]
pub(crate) struct Message {
    pub(crate) id: u64,
    pub(crate) at: String,
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) header_from: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) message_id: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) html: Option<String>,
    pub(crate) raw_size: usize,
    #[serde(skip)]
    pub(crate) raw: Bytes,
}

impl Message {
    /// Reads a message; its id is given by the mailbox.
    pub(crate) fn read(from: String, to: Vec<String>, raw: Vec<u8>) -> Self {
        let mut message = Self {
            id: 0,
            at: clock::print(clock::now()),
            from,
            to,
            header_from: None,
            subject: None,
            message_id: None,
            text: None,
            html: None,
            raw_size: raw.len(),
            raw: Bytes::new(),
        };
        if let Ok((headers, _)) = mailparse::parse_headers(&raw) {
            message.header_from = headers.get_first_value("From");
            message.subject = headers.get_first_value("Subject");
            message.message_id = headers.get_first_value("Message-ID").map(|id| id.trim().to_owned());
        }
        if levels(&raw) <= DEPTH
            && let Ok(mail) = mailparse::parse_mail(&raw)
        {
            message.text = body(&mail, "text/plain");
            message.html = body(&mail, "text/html");
        }
        message.raw = Bytes::from(raw);
        message
    }
}

/// At most how many levels of parts there can be: each needs a boundary of its own.
fn levels(raw: &[u8]) -> usize {
    raw.windows(9).filter(|window| window.eq_ignore_ascii_case(b"boundary=")).count()
}

/// The first part of a kind that is not an attachment.
fn body(mail: &ParsedMail<'_>, kind: &str) -> Option<String> {
    let is = |part: &&ParsedMail<'_>| {
        part.ctype.mimetype == kind && part.get_content_disposition().disposition != DispositionType::Attachment
    };
    mail.parts().find(is).and_then(|part| part.get_body().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> Message {
        Message::read("a@example.org".into(), vec!["b@example.org".into()], raw.replace('\n', "\r\n").into_bytes())
    }

    #[test]
    fn an_alternative_message_gives_its_text_and_its_html_decoded() {
        let message = read(
            "From: =?utf-8?B?R8OkbmdlcmlzY2g=?= <a@example.org>\n\
             Subject: =?utf-8?Q?Willkommen,_J=C3=BCrgen?=\nMessage-ID: <1@example.org>\nMIME-Version: 1.0\n\
             Content-Type: multipart/alternative; boundary=\"xx\"\n\n\
             --xx\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n\
             Gr=C3=BC=\n=C3=9Fe\n--xx\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n\
             PGI+SGk8L2I+\n--xx--\n",
        );
        assert_eq!(message.subject.as_deref(), Some("Willkommen, Jürgen"));
        assert_eq!(message.message_id.as_deref(), Some("<1@example.org>"));
        assert!(message.header_from.unwrap().starts_with("Gängerisch"));
        assert_eq!(message.text.unwrap().trim_end(), "Grüße");
        assert_eq!(message.html.as_deref(), Some("<b>Hi</b>"));
    }

    #[test]
    fn a_plain_message_has_no_html_and_an_attachment_is_no_text() {
        assert_eq!(read("Subject: x\n\nhello\n").html, None);
        let attached = read(
            "Content-Type: multipart/mixed; boundary=y\n\n--y\nContent-Type: text/plain\n\
             Content-Disposition: attachment\n\nfile\n--y\nContent-Type: text/plain\n\nbody\n--y--\n",
        );
        assert_eq!(attached.text.unwrap().trim_end(), "body");
    }

    #[test]
    fn a_message_of_endless_levels_is_kept_without_looking_into_it() {
        let level = "Content-Type: multipart/mixed; boundary=z\n\n--z\n";
        let message = read(&format!("Subject: deep\n{}", level.repeat(20_000)));
        assert_eq!(message.subject.as_deref(), Some("deep"));
        assert_eq!(message.text, None);
    }
}
