//! One mail over one connection, command by command, so that it is known how far it came. Up to the final dot nothing
//! was accepted and all may be repeated; after it, without an answer, the outcome is unknown. Server texts are never
//! kept: they quote addresses.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use secrecy::ExposeSecret;

use crate::settings::mail::{Server, Tls};

/// How a mail ended at the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    /// The server took it.
    Sent,
    /// The server will never take it for this receiver.
    Refused(String),
    /// Not taken, and it may be tried again. Whether the server as a whole is at fault.
    Again(String, Fault),
    /// All was sent and no answer came.
    Unknown(String),
}

/// What is at fault when a mail is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// This receiver's: full mailbox, greylisting.
    Receiver,
    /// The server's: others would meet it too.
    Server,
    /// Ours: password, sender address, encryption; the settings must be mended.
    Settings,
}

/// Sends one mail within the limit.
pub async fn post(
    server: &Server,
    hello: &str,
    limits: (Duration, Duration),
    envelope: &Envelope,
    bytes: &[u8],
) -> Posted {
    let (connect, whole) = limits;
    let dot = AtomicBool::new(false);
    let result = tokio::time::timeout(whole, talk(server, hello, connect, envelope, bytes, &dot)).await;
    let over = |what: &str| format!("the mail server {what}");
    match result {
        Ok(Ok(())) => Posted::Sent,
        Ok(Err(ended)) => ended,
        Err(_) if dot.load(Ordering::SeqCst) => Posted::Unknown(over("did not answer after the final dot")),
        Err(_) => Posted::Again(over("did not answer in time"), Fault::Server),
    }
}

async fn talk(
    server: &Server,
    hello: &str,
    connect: Duration,
    envelope: &Envelope,
    bytes: &[u8],
    dot: &AtomicBool,
) -> Result<(), Posted> {
    let mut connection = open(server, hello, connect).await?;
    let options = options(&connection, envelope)?;
    let sender = Mail::new(envelope.from().cloned(), options);
    connection.command(sender).await.map_err(|error| match error.is_permanent() {
        true => settings(&error, "refuses our sender address; check mail.from"),
        false => again(&error, "at MAIL", Fault::Server),
    })?;
    for to in envelope.to() {
        let receiver = Rcpt::new(to.clone(), Vec::new());
        connection.command(receiver).await.map_err(|error| for_the_receiver(&error, "at RCPT"))?;
    }
    connection.command(Data).await.map_err(|error| for_the_receiver(&error, "at DATA"))?;
    // The iterator's end is asked for when the whole body is written and only the dot remains.
    let mut body = Some(bytes);
    let parts = std::iter::from_fn(|| {
        let part = body.take();
        dot.fetch_or(part.is_none(), Ordering::SeqCst);
        part
    });
    let answer = Box::pin(connection.message_iter(parts)).await;
    let result = answer.map(|_| ()).map_err(|error| match (error.status(), dot.load(Ordering::SeqCst)) {
        (None, true) => Posted::Unknown("the connection ended after the final dot, before an answer".to_owned()),
        _ => for_the_receiver(&error, "at the end of the mail"),
    });
    // A polite end, not waited for long: the answer above is what counts.
    let _ = tokio::time::timeout(Duration::from_millis(200), connection.quit()).await;
    result
}

async fn open(server: &Server, hello: &str, connect: Duration) -> Result<AsyncSmtpConnection, Posted> {
    let hello = ClientId::Domain(hello.to_owned());
    let tls =
        || TlsParameters::new(server.host.clone()).map_err(|error| settings(&error, "has an unusable name for TLS"));
    let wrapped = (server.tls == Tls::Wrapped).then(tls).transpose()?;
    let address = (server.host.as_str(), server.port);
    let opening = AsyncSmtpConnection::connect_tokio1(address, Some(connect), &hello, wrapped, None);
    let mut connection = boxed(opening).await.map_err(|error| again(&error, "at the connection", Fault::Server))?;
    match server.tls {
        Tls::Required if !connection.can_starttls() => {
            let cause = "the mail server offers no STARTTLS; check mail.url, or add ?tls=none for a trusted network";
            return Err(Posted::Again(cause.to_owned(), Fault::Settings));
        }
        Tls::Required | Tls::Opportunistic if connection.can_starttls() => {
            let encrypting = connection.starttls(tls()?, &hello);
            boxed(encrypting).await.map_err(|error| again(&error, "at STARTTLS", Fault::Server))?;
        }
        _ => {}
    }
    if let Some((user, password)) = &server.login {
        let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
        let login = connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await;
        login.map_err(|error| match error.is_permanent() || error.is_client() {
            true => settings(&error, "refuses our user and password; check mail.url"),
            false => again(&error, "at the login", Fault::Server),
        })?;
    }
    Ok(connection)
}

/// Large futures of the library are kept off the stack.
fn boxed<'a, T>(future: impl Future<Output = T> + Send + 'a) -> std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>> {
    Box::pin(future)
}

/// What the server must be told before: our bytes are always ASCII, an address may not be.
fn options(connection: &AsyncSmtpConnection, envelope: &Envelope) -> Result<Vec<MailParameter>, Posted> {
    let info = connection.server_info();
    let mut options = Vec::new();
    let addresses = envelope.to().iter().chain(envelope.from());
    if addresses.into_iter().any(|address| !AsRef::<str>::as_ref(address).is_ascii()) {
        if !info.supports_feature(Extension::SmtpUtfEight) {
            return Err(Posted::Refused("the mail server takes only ASCII addresses".to_owned()));
        }
        options.push(MailParameter::SmtpUtfEight);
    }
    if info.supports_feature(Extension::EightBitMime) {
        options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    Ok(options)
}

/// 421 is the server's word about itself, RFC 5321, 3.8; other 4xx and 5xx here are about this mail.
fn for_the_receiver(error: &Error, at: &str) -> Posted {
    let code = error.status().map(u16::from);
    match code {
        Some(500..=599) => Posted::Refused(format!("{} {at}", said(error))),
        Some(400..=499) if code != Some(421) => again(error, at, Fault::Receiver),
        _ => again(error, at, Fault::Server),
    }
}

fn again(error: &Error, at: &str, fault: Fault) -> Posted {
    Posted::Again(format!("the mail server: {} {at}", said(error)), fault)
}

fn settings(error: &Error, what: &str) -> Posted {
    Posted::Again(format!("the mail server {what} ({})", said(error)), Fault::Settings)
}

/// The code, or the kind of failure; never the server's own text.
fn said(error: &Error) -> String {
    match error.status() {
        Some(code) => code.to_string(),
        None if error.is_timeout() => "no connection in time".to_owned(),
        None if error.is_tls() => "TLS failed".to_owned(),
        None if error.is_response() => "an answer that is not SMTP".to_owned(),
        None if error.is_client() => "something that it does not offer".to_owned(),
        None => "connection refused or ended".to_owned(),
    }
}
