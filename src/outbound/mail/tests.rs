//! Against a played mail server that misbehaves at one stage of the conversation.

use std::collections::BTreeMap;
use std::sync::Arc;

use gangway_core::effect::{EffectId, Mode, Request};
use gangway_core::event::OnboardingId;
use gangway_core::outcome::AttemptResult;
use gangway_core::time::{Millis, Timestamp};
use parking_lot::Mutex;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket};
use uuid::Uuid;

use super::Mailer;
use super::templates::Templates;
use crate::clock::SystemClock;
use crate::outbound::{Attempted, Health, Performs};
use crate::settings::mail::MailSettings;
use crate::settings::outbound::OutboundSettings;
use crate::store::types::LeasedEffect;

/// What the server says at a stage: a line, or `""` to hang up, or `hang` to say nothing.
type Script = BTreeMap<&'static str, &'static str>;

async fn server(script: Script) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mails = Arc::new(Mutex::new(Vec::new()));
    let taken = Arc::clone(&mails);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = serve(stream, &script, &taken).await;
        }
    });
    (address, mails)
}

async fn serve(stream: tokio::net::TcpStream, script: &Script, mails: &Mutex<Vec<String>>) -> Option<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let (mut stage, mut mail, mut inside) = ("greeting".to_owned(), String::new(), false);
    loop {
        if !inside {
            let usual = match stage.as_str() {
                "greeting" => "220 played",
                "ehlo" => "250-played\r\n250 AUTH PLAIN",
                "data" => "354 go on",
                "auth" => "235 welcome",
                "quit" => "221 bye",
                _ => "250 ok",
            };
            match script.get(stage.as_str()).copied().unwrap_or(usual) {
                "" => return None,
                "hang" => std::future::pending().await,
                line => write.write_all(format!("{line}\r\n").as_bytes()).await.ok()?,
            }
            inside = stage == "data" && !script.contains_key("data");
        }
        let line = lines.next_line().await.ok()??;
        match (inside, line.as_str()) {
            (true, ".") => {
                (inside, stage) = (false, "dot".to_owned());
                mails.lock().push(std::mem::take(&mut mail));
            }
            (true, _) if script.contains_key("body") => return None,
            (true, line) => mail.push_str(&format!("{line}\r\n")),
            (false, line) => stage = line.split([' ', ':']).next().unwrap_or_default().to_lowercase(),
        }
    }
}

fn mail(to: &str, values: serde_json::Value) -> LeasedEffect {
    let request = Request::Mail {
        template: "welcome".to_owned(),
        to: to.to_owned(),
        locale: Some("de-AT".to_owned()),
        values: values.as_object().unwrap().clone(),
        secrets: BTreeMap::new(),
    };
    LeasedEffect {
        id: EffectId { onboarding: OnboardingId(Uuid::nil()), n: 5 },
        request,
        attempt: 1,
        mode: Mode::Do,
        uncertain_since: None,
        asked_at: Timestamp(1_700_000_000_000),
        token: Uuid::nil(),
    }
}

fn mailer(url: &str) -> Mailer {
    patient(url, MailSettings::default().timeout)
}

fn patient(url: &str, timeout: Millis) -> Mailer {
    let settings = MailSettings { url: Some(url.to_owned().into()), timeout, ..MailSettings::default() };
    let templates = Arc::new(Templates::load(None, "en").unwrap());
    Mailer::new(&settings, &OutboundSettings::default(), templates, Arc::new(SystemClock)).unwrap().unwrap()
}

async fn send(url: &str) -> Attempted {
    mailer(url).perform(&mail("ada@example.com", json!({"wallet_address": "0xA1"}))).await
}

/// In two words: how it ended, and what the breaker hears.
fn words(attempted: &Attempted) -> String {
    let ended = match &attempted.result {
        AttemptResult::Done(answer) => answer.outcome.as_str(),
        AttemptResult::Again { spent: true, .. } => "again",
        AttemptResult::Again { .. } => "free",
        AttemptResult::Unknown { .. } => "unknown",
        AttemptResult::Broken { .. } => "broken",
        AttemptResult::NotDone => "not_done",
    };
    let health = match attempted.health {
        Health::Well => "well",
        Health::Failing(_) => "failing",
        Health::Barred(_) => "barred",
        Health::Denied(_) => "denied",
        Health::Unsaid => "unsaid",
    };
    format!("{ended} {health}")
}

#[tokio::test]
async fn every_stage_at_which_a_server_can_fail_has_its_one_end() {
    let rows: &[(&str, &str, &str)] = &[
        ("none", "", "sent well"),
        ("greeting", "", "again failing"),
        ("greeting", "554 go away", "again failing"),
        ("greeting", "not smtp", "again failing"),
        ("greeting", "hang", "again failing"),
        ("mail", "550 not this sender", "free barred"),
        ("mail", "451 later", "again failing"),
        ("rcpt", "550 nobody here", "refused well"),
        ("rcpt", "450 greylisted", "again well"),
        ("rcpt", "421 closing", "again failing"),
        ("rcpt", "", "again failing"),
        ("data", "554 no", "refused well"),
        ("data", "hang", "again failing"),
        ("body", "", "again failing or unknown"),
        ("dot", "250 taken", "sent well"),
        ("dot", "452 full", "again well"),
        ("dot", "554 spam", "refused well"),
        ("dot", "", "unknown failing"),
        ("dot", "hang", "unknown failing"),
        ("dot", "gibberish", "unknown failing"),
        ("quit", "", "sent well"),
        ("quit", "hang", "sent well"),
    ];
    for (stage, line, ends) in rows {
        let (address, _) = server(Script::from([(*stage, *line)])).await;
        let url = format!("smtp://{address}?tls=none");
        // Given up soon where it never ends, and not so soon that a slow machine does not come to that stage.
        let mailer = if *line == "hang" { patient(&url, Millis::secs(5)) } else { mailer(&url) };
        let attempted = mailer.perform(&mail("ada@example.com", json!({"wallet_address": "0xA1"}))).await;
        let ended = words(&attempted);
        // A server that hangs up inside a short body: the dot may already be on the wire.
        let fits =
            if *stage == "body" { ["again failing", "unknown failing"].contains(&&*ended) } else { ended == *ends };
        assert!(fits, "{stage} {line:?}: {ended}, not {ends} ({:?})", attempted.result);
        assert!(!format!("{:?}", attempted.result).contains("ada@"), "an address in {:?}", attempted.result);
    }
}

#[tokio::test]
async fn the_mail_arrives_in_the_best_language_with_both_parts_and_its_own_id() {
    let (address, mails) = server(Script::new()).await;
    send(&format!("smtp://{address}")).await;
    send(&format!("smtp://{address}")).await;
    let mails = mails.lock();
    assert!(mails[0].contains("Subject: Ihr Wallet ist bereit"), "{}", mails[0]);
    assert!(mails[0].contains("text/plain") && mails[0].contains("text/html"));
    assert!(mails[0].contains(&format!("Message-ID: <{}.5@localhost>", Uuid::nil())));
    assert_eq!(mails[0], mails[1], "a second copy is the same bytes");
}

#[tokio::test]
async fn nobody_listening_a_bad_password_and_missing_encryption_are_told_apart() {
    // Bound and not listening: it refuses, and nothing else gets the port meanwhile.
    let nobody = TcpSocket::new_v4().unwrap();
    nobody.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let free = nobody.local_addr().unwrap();
    assert_eq!(words(&send(&format!("smtp://{free}")).await), "again failing");
    let (address, _) = server(Script::from([("auth", "535 no")])).await;
    assert_eq!(words(&send(&format!("smtp://u:p@{address}?tls=none")).await), "free barred");
    let (address, mails) = server(Script::new()).await;
    assert_eq!(words(&send(&format!("smtp://u:p@{address}")).await), "free barred", "no STARTTLS: no password is sent");
    assert_eq!(words(&send(&format!("smtp://u:p@{address}?tls=none")).await), "sent well");
    assert_eq!(mails.lock().len(), 1);
}

#[tokio::test]
async fn a_bad_address_is_refused_and_a_missing_value_is_broken_without_asking_the_server() {
    let mailer = mailer("smtp://127.0.0.1:1");
    let bad = mailer.perform(&mail("not an address", json!({"wallet_address": "0xA1"}))).await;
    assert_eq!(words(&bad), "refused unsaid");
    assert_eq!(words(&mailer.perform(&mail("ada@example.com", json!({}))).await), "broken unsaid");
}
