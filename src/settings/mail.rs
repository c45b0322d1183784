//! `[mail]`: how mails are sent and what they look like from outside.

use std::borrow::Cow;
use std::path::PathBuf;

use gangway_core::retry::Policy;
use gangway_core::time::Millis;
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Fault, duration, load, secret};

/// `[mail]`. Without `url` no mail is sent, and a flow that mails does not load.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// `smtp://user:pass@host:port?tls=required|opportunistic|none` or `smtps://…`. Default of `tls` is `required`
    /// with a password in the address, else `opportunistic`.
    #[serde(default, with = "secret::option")]
    pub url: Option<SecretString>,
    /// Sender, such as `Example <hello@example.com>`.
    pub from: String,
    /// Where answers go, when not to the sender.
    pub reply_to: Option<String>,
    /// Right side of the message ids and the name given in the greeting.
    pub domain: String,
    /// Language of the templates for people whose language is unknown or has no template.
    pub default_locale: String,
    /// Mails in flight at once, at most.
    pub concurrency: u32,
    /// Longest time for one mail, from the connection to the answer after the final dot.
    #[serde(with = "duration")]
    pub timeout: Millis,
    /// What follows when the answer after the final dot is lost: `resend` the same bytes once, or `review`.
    pub on_unknown: OnUnknown,
    /// A folder of further templates; one with the name of a compiled-in one replaces it.
    pub templates: Option<PathBuf>,
}

/// What follows when it is unknown whether a mail was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnUnknown {
    /// The same bytes with the same message id, once.
    Resend,
    /// A person decides.
    Review,
}

impl Default for MailSettings {
    fn default() -> Self {
        load::usual("mail")
    }
}

impl MailSettings {
    /// How mails are retried: as other effects, with the rule for an unknown outcome.
    #[must_use]
    pub fn policy(&self, general: &Policy) -> Policy {
        Policy { resend_unknown: self.on_unknown == OnUnknown::Resend, ..general.clone() }
    }

    /// Everything that is wrong, at once; `at` is the key of the table.
    #[must_use]
    pub fn faults(&self, at: &str) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut wrong = |key: &str, what: String, hint: &str| {
            faults.push(Fault::new(format!("{at}.{key}"), what, hint));
        };
        if let Some(url) = &self.url
            && let Err(what) = Server::parse(url.expose_secret())
        {
            let hint =
                format!("write it like `smtp://user:password@mail.example.com:587`; {}", super::address::ESCAPES);
            wrong("url", what, &hint);
        }
        let addresses = [("from", Some(&self.from)), ("reply_to", self.reply_to.as_ref())];
        for (key, address) in addresses {
            if address.is_some_and(|address| address.parse::<lettre::message::Mailbox>().is_err()) {
                wrong(key, "is not a mail address".to_owned(), "write it like `Example <hello@example.com>`");
            }
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        if self.domain.is_empty() || !self.domain.chars().all(plain) {
            wrong("domain", "is not a host name".to_owned(), "such as `example.com`");
        }
        if self.concurrency == 0 {
            wrong("concurrency", "lets no mail through".to_owned(), "at least 1");
        }
        faults
    }
}

/// A mail server, read from its address.
#[derive(Clone, Debug)]
pub struct Server {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
    /// Name and password, when the server wants them.
    pub login: Option<(String, SecretString)>,
}

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// From the first byte (`smtps`).
    Wrapped,
    /// `STARTTLS`, or no mail.
    Required,
    /// `STARTTLS` when the server offers it.
    Opportunistic,
    /// Never.
    None,
}

impl Server {
    /// Reads `smtp://user:pass@host:port?tls=…` or `smtps://…`.
    ///
    /// # Errors
    /// What is wrong, without the address itself.
    pub fn parse(address: &str) -> Result<Self, String> {
        if let Some(what) = super::address::unescaped(address) {
            return Err(what.to_owned());
        }
        let url = Url::parse(address).map_err(|error| format!("is not an address: {error}"))?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or("names no host")?.to_owned();
        let login = match (url.username(), url.password()) {
            ("", None) => None,
            (user, Some(password)) => Some((decode(user)?, SecretString::from(decode(password)?))),
            _ => return Err("names a user without a password".to_owned()),
        };
        let wish = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value.into_owned());
        let tls = match (url.scheme(), wish.as_deref()) {
            ("smtps", None) => Tls::Wrapped,
            ("smtps", Some(_)) => return Err("says `tls` twice: smtps is encrypted from the first byte".to_owned()),
            ("smtp", Some("required")) => Tls::Required,
            ("smtp", None) if login.is_some() => Tls::Required,
            ("smtp", None | Some("opportunistic")) => Tls::Opportunistic,
            ("smtp", Some("none")) => Tls::None,
            ("smtp", Some(_)) => return Err("`tls` is one of required, opportunistic, none".to_owned()),
            _ => return Err("does not begin with smtp:// or smtps://".to_owned()),
        };
        let port = url.port().unwrap_or(match (tls, login.is_some()) {
            (Tls::Wrapped, _) => 465,
            (_, true) => 587,
            (_, false) => 25,
        });
        Ok(Self { host, port, tls, login })
    }
}

/// Undoes percent-encoding: a password may hold `@` and `/`.
fn decode(text: &str) -> Result<String, String> {
    let escape = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    if !text.split('%').skip(1).all(escape) {
        return Err("holds a `%` that is not followed by two hexadecimal digits".to_owned());
    }
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(Cow::into_owned).map_err(|_| "holds a user or password that is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{MailSettings, Server, Tls};
    use crate::settings::load;
    use secrecy::ExposeSecret;

    #[test]
    fn a_password_is_never_sent_in_clear_unless_the_address_says_so() {
        let rows = [
            ("smtp://mail.example.com", 25, Tls::Opportunistic),
            ("smtp://u:p@mail.example.com", 587, Tls::Required),
            ("smtp://u:p@mail.example.com:2525?tls=none", 2525, Tls::None),
            ("smtp://mail.example.com?tls=required", 25, Tls::Required),
            ("smtps://u:p@mail.example.com", 465, Tls::Wrapped),
        ];
        for (address, port, tls) in rows {
            let server = Server::parse(address).unwrap();
            assert_eq!((server.port, server.tls), (port, tls), "{address}");
        }
        for bad in ["mail.example.com", "http://x", "smtp://", "smtp://u@x", "smtp://x?tls=maybe", "smtps://x?tls=none"]
        {
            assert!(Server::parse(bad).is_err(), "{bad} was taken");
        }
    }

    #[test]
    fn a_password_may_hold_any_character_when_it_is_percent_encoded() {
        let server = Server::parse("smtp://me%40example.com:a%2Fb%25@mail.example.com").unwrap();
        let (user, password) = server.login.unwrap();
        assert_eq!((user.as_str(), password.expose_secret()), ("me@example.com", "a/b%"));
    }

    #[test]
    fn all_that_is_wrong_with_the_mail_settings_is_told_at_once() {
        let text = "url = \"http://secret-host\"\nfrom = \"nobody\"\ndomain = \"a b\"\nconcurrency = 0";
        let settings: MailSettings = load::read("mail", text).unwrap();
        let faults = settings.faults("mail");
        assert_eq!(faults.len(), 4, "{faults:?}");
        assert!(!format!("{faults:?}").contains("secret-host"));
        assert_eq!(MailSettings::default().faults("mail"), []);
    }
}
