//! One SMTP dialogue (RFC 5321). Commands enter; replies leave, and messages go to the mailbox. Pipelining (RFC 2920)
//! works because each line is read and answered in turn. No TLS, no AUTH, no sending on.
//!
//! How the recipient's address begins steers: see `traps`.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

use super::lines::{self, Line};
use super::message::Message;
use super::{Mailbox, traps};

/// The longest command line: 512 in RFC 5321, 4.5.3.1.4, and room for the parameters of extensions.
const COMMAND: usize = 2048;
/// The longest line of a message, with CRLF and one stuffed dot: RFC 5321, 4.5.3.1.6.
const TEXT: usize = 1001;
const RECIPIENTS: usize = 100;
const BAD_COMMANDS: u32 = 20;
const IDLE: Duration = Duration::from_secs(120);

/// What the dialogue stands at.
#[derive(Default)]
struct Session {
    greeted: bool,
    from: Option<String>,
    to: Vec<String>,
    bad: u32,
}

/// What happens after a reply.
enum Next {
    Say(String),
    Data,
    Quit,
}

fn say(text: impl Into<String>) -> Next {
    Next::Say(text.into())
}

/// Holds a dialogue to its end.
pub(crate) async fn hold(stream: impl AsyncRead + AsyncWrite + Unpin, mailbox: &Mailbox) -> io::Result<()> {
    let (reader, mut writer) = tokio::io::split(stream);
    let mut reader = BufReader::new(reader);
    let mut session = Session::default();
    send(&mut writer, "220 sandbox.gangway.example ESMTP, keeps everything, sends nothing").await?;
    loop {
        let Ok(line) = tokio::time::timeout(IDLE, lines::next(&mut reader, COMMAND)).await else {
            return send(&mut writer, "421 4.4.2 Waited too long").await;
        };
        let next = match line? {
            Line::End => return Ok(()),
            Line::TooLong => session.refuse("500 5.5.2 Line too long"),
            Line::Whole(line) => session.command(String::from_utf8_lossy(&line).trim_end(), mailbox),
        };
        match next {
            Next::Say(text) => send(&mut writer, &text).await?,
            Next::Quit => return send(&mut writer, "221 2.0.0 Bye").await,
            Next::Data => {
                send(&mut writer, "354 End data with <CRLF>.<CRLF>").await?;
                let Some(reply) = session.data(&mut reader, mailbox).await? else { return Ok(()) };
                send(&mut writer, &reply).await?;
            }
        }
        if session.bad > BAD_COMMANDS {
            return send(&mut writer, "421 4.7.0 Too many errors").await;
        }
    }
}

async fn send(writer: &mut (impl AsyncWrite + Unpin), text: &str) -> io::Result<()> {
    writer.write_all(format!("{text}\r\n").as_bytes()).await?;
    writer.flush().await
}

impl Session {
    fn refuse(&mut self, text: &str) -> Next {
        self.bad += 1;
        say(text)
    }

    fn reset(&mut self) {
        self.from = None;
        self.to.clear();
    }

    fn command(&mut self, line: &str, mailbox: &Mailbox) -> Next {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" | "HELO" if rest.trim().is_empty() => self.refuse("501 5.5.4 Say who you are"),
            "EHLO" => self.hello(&format!(
                "250-sandbox.gangway.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n\
                 250-ENHANCEDSTATUSCODES\r\n250 SIZE {}",
                mailbox.message_size
            )),
            "HELO" => self.hello("250 sandbox.gangway.example"),
            "MAIL" => self.mail(rest, mailbox),
            "RCPT" => self.rcpt(rest),
            "DATA" if self.to.is_empty() => self.refuse("503 5.5.1 First MAIL, then RCPT"),
            "DATA" if rest.trim().is_empty() => Next::Data,
            "DATA" => self.refuse("501 5.5.4 DATA takes nothing"),
            "RSET" => {
                self.reset();
                say("250 2.0.0 Forgotten")
            }
            "NOOP" => say("250 2.0.0 Fine"),
            "QUIT" => Next::Quit,
            "VRFY" => say("252 2.5.0 Send it and see"),
            "HELP" => say("214 2.0.0 RFC 5321"),
            _ => self.refuse("500 5.5.1 No such command"),
        }
    }

    fn hello(&mut self, text: &str) -> Next {
        self.greeted = true;
        self.reset();
        say(text)
    }

    fn mail(&mut self, rest: &str, mailbox: &Mailbox) -> Next {
        if !self.greeted || self.from.is_some() {
            return self.refuse("503 5.5.1 Not now");
        }
        let Some((from, parameters)) = path(rest, "FROM:") else {
            return self.refuse("501 5.5.4 MAIL FROM:<address>");
        };
        let size = parameters.split(' ').find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.eq_ignore_ascii_case("SIZE").then(|| value.parse::<usize>().unwrap_or(usize::MAX))
        });
        if size.is_some_and(|size| size > mailbox.message_size) {
            return say("552 5.3.4 Message too big");
        }
        self.from = Some(from.to_owned());
        say("250 2.1.0 Sender noted")
    }

    fn rcpt(&mut self, rest: &str) -> Next {
        if self.from.is_none() {
            return self.refuse("503 5.5.1 First MAIL");
        }
        let Some((to, _)) = path(rest, "TO:").filter(|(to, _)| to.contains('@')) else {
            return self.refuse("501 5.1.3 RCPT TO:<local@domain>");
        };
        if starts(to, traps::BOUNCE.word) {
            return say("550 5.1.1 No such mailbox");
        }
        if starts(to, traps::LATER.word) {
            return say("451 4.3.0 Not now, try again later");
        }
        if self.to.len() >= RECIPIENTS {
            return say("452 4.5.3 Too many recipients");
        }
        self.to.push(to.to_owned());
        say("250 2.1.5 Recipient noted")
    }

    /// Takes the message to its end and keeps it. None: the connection ended, or must be cut without a reply.
    async fn data(
        &mut self,
        reader: &mut (impl AsyncBufRead + Unpin),
        mailbox: &Mailbox,
    ) -> io::Result<Option<String>> {
        let received = match tokio::time::timeout(IDLE, receive(reader, mailbox.message_size)).await {
            Err(_) => return Ok(None),
            Ok(received) => received?,
        };
        let (from, to) = (self.from.take().unwrap_or_default(), std::mem::take(&mut self.to));
        Ok(match received {
            Received::End => None,
            Received::Refused(reply) => Some(reply.to_owned()),
            Received::Message(raw) => {
                let cut = to.iter().any(|to| starts(to, traps::CUT.word) && mailbox.cut_first(to));
                let id = mailbox.keep(Message::read(from, to, raw));
                if cut { None } else { Some(format!("250 2.0.0 Kept as {id}")) }
            }
        })
    }
}

/// `<address>` after `FROM:` or `TO:`, and the parameters behind it. The null path `<>` is an address too.
fn path<'a>(rest: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let (head, tail) = rest.trim_start().split_at_checked(word.len())?;
    let tail = tail.trim_start().strip_prefix('<').filter(|_| head.eq_ignore_ascii_case(word))?;
    let (address, parameters) = tail.split_at_checked(length(tail)?)?;
    Some((address, parameters.strip_prefix('>')?.trim()))
}

/// How long the address is up to its closing bracket; `None` when something in it may stand only in quotes.
fn length(tail: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in tail.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if c.is_control() => return None,
            _ if quoted => {}
            '>' => return Some(at),
            '<' => return None,
            _ if c.is_whitespace() => return None,
            _ => {}
        }
    }
    None
}

fn starts(address: &str, word: &str) -> bool {
    address.split_at_checked(word.len()).is_some_and(|(head, _)| head.eq_ignore_ascii_case(word))
}

enum Received {
    Message(Vec<u8>),
    Refused(&'static str),
    End,
}

/// Reads up to `CRLF.CRLF`, with stuffed dots taken out (RFC 5321, 4.5.2). A refused message is read to its end too.
async fn receive(reader: &mut (impl AsyncBufRead + Unpin), cap: usize) -> io::Result<Received> {
    let mut raw = Vec::new();
    let mut refused = None;
    // Only after a CRLF does a dot mean anything: a bare LF is no line ending, or two servers could disagree
    // where a message ends.
    let mut fresh = true;
    loop {
        match lines::next(reader, TEXT).await? {
            Line::End => return Ok(Received::End),
            Line::TooLong => {
                refused = refused.or(Some("500 5.6.0 Line too long: at most 998 octets and CRLF"));
                // Whether the lost line ended with CRLF is not known; that it did is what a mailer does.
                fresh = true;
            }
            Line::Whole(line) if fresh && line == b".\r\n" => break,
            Line::Whole(line) => {
                let text = if fresh { line.strip_prefix(b".").unwrap_or(&line) } else { &line };
                if raw.len() + text.len() > cap {
                    refused = refused.or(Some("552 5.3.4 Message too big"));
                }
                if refused.is_none() {
                    raw.extend_from_slice(text);
                }
                fresh = line.ends_with(b"\r\n");
            }
        }
    }
    Ok(refused.map_or(Received::Message(raw), Received::Refused))
}
