//! The mailbox, spoken to by hand and by an independent client.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, also in its helpers"
)]

mod common;

use common::{World, quick, text, world};
use lettre::message::MultiPart;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// A connection to the mailbox; the greeting was read.
struct Line(BufReader<TcpStream>);

impl Line {
    async fn open(world: &World) -> Self {
        let mut line = Self(BufReader::new(TcpStream::connect(world.running.smtp).await.unwrap()));
        assert!(line.hear().await.starts_with("220 "));
        line
    }

    /// The last line of one reply; empty when the other side hung up.
    async fn hear(&mut self) -> String {
        loop {
            let mut text = String::new();
            let read = self.0.read_line(&mut text);
            tokio::time::timeout(common::DEADLINE, read).await.expect("no reply").unwrap();
            if text.as_bytes().get(3) != Some(&b'-') {
                return text.trim_end().to_owned();
            }
        }
    }

    async fn write(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Says a line; the code of the reply.
    async fn say(&mut self, text: &str) -> String {
        self.write(&format!("{text}\r\n")).await;
        self.hear().await.get(..3).unwrap_or_default().to_owned()
    }

    /// Says several lines one by one; the codes.
    async fn says(&mut self, texts: &[&str]) -> Vec<String> {
        let mut codes = Vec::new();
        for text in texts {
            codes.push(self.say(text).await);
        }
        codes
    }

    async fn start_message(&mut self, to: &str) {
        let to = format!("RCPT TO:<{to}>");
        let codes = self.says(&["EHLO test", "MAIL FROM:<a@example.org>", &to, "DATA"]).await;
        assert_eq!(codes, ["250", "250", "250", "354"]);
    }
}

async fn messages(world: &World, to: &str) -> Vec<Value> {
    world.own(&format!("/mailbox/messages?to={to}")).await.as_array().unwrap().clone()
}

#[tokio::test]
async fn a_message_of_an_independent_client_arrives_decoded() {
    let world = world(quick()).await;
    let message = lettre::Message::builder()
        .from("Gängway <no-reply@example.org>".parse().unwrap())
        .to("ada@example.org".parse().unwrap())
        .message_id(Some("<one@example.org>".into()))
        .subject("Willkommen, Jürgen")
        .multipart(MultiPart::alternative_plain_html(
            format!("Grüße\n.\n..\n{}", "lang ".repeat(400)),
            "<p>Grüße</p>".to_owned(),
        ))
        .unwrap();
    let mailer = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
        .port(world.running.smtp.port())
        .timeout(Some(common::DEADLINE))
        .build();
    mailer.send(message).await.unwrap();
    let list = messages(&world, "ADA@example.org").await;
    assert_eq!(list.len(), 1);
    let message = &list[0];
    assert_eq!(message["subject"], "Willkommen, Jürgen");
    assert_eq!(message["message_id"], "<one@example.org>");
    assert_eq!((&message["from"], &message["to"]), (&json!("no-reply@example.org"), &json!(["ada@example.org"])));
    assert!(text(&message["text"]).replace("\r\n", "\n").starts_with("Grüße\n.\n..\nlang "));
    assert_eq!(text(&message["html"]).trim(), "<p>Grüße</p>");
    let raw = world.client.get(format!("http://{}/mailbox/messages/{}/raw", world.running.http, message["id"]));
    let raw = raw.send().await.unwrap().bytes().await.unwrap();
    assert_eq!(message["raw_size"], raw.len());
    assert!(messages(&world, "nobody@example.org").await.is_empty());
}

#[tokio::test]
async fn commands_that_come_in_one_packet_are_answered_one_by_one() {
    let world = world(quick()).await;
    let mut line = Line::open(&world).await;
    line.write("EHLO x\r\nMAIL FROM:<a@b.co> SIZE=40\r\nRCPT TO:<p@b.co>\r\nDATA\r\n").await;
    for code in ["250", "250", "250", "354"] {
        assert!(line.hear().await.starts_with(code));
    }
    line.write("Subject: s\r\n\r\nhi\r\n.\r\nNOOP\r\nQUIT\r\n").await;
    for code in ["250", "250", "221", ""] {
        assert!(line.hear().await.starts_with(code));
    }
    assert_eq!(messages(&world, "p@b.co").await.len(), 1);
}

#[tokio::test]
async fn a_dot_ends_a_message_only_alone_between_two_line_endings() {
    let world = world(quick()).await;
    let mut line = Line::open(&world).await;
    line.start_message("dot@example.org").await;
    line.write("Subject: s\r\n\r\n..one\r\n...\r\n.two\r\nbare\n.\r\nend\r\n.\r\n").await;
    assert!(line.hear().await.starts_with("250"));
    let list = messages(&world, "dot@example.org").await;
    assert_eq!(list[0]["text"], ".one\r\n..\r\ntwo\r\nbare\n.\r\nend\r\n");
}

#[tokio::test]
async fn bounce_is_refused_for_good_and_later_for_now_and_others_of_the_same_mail_are_taken() {
    let world = world(quick()).await;
    let mut line = Line::open(&world).await;
    let codes = line
        .says(&["EHLO x", "MAIL FROM:<>", "RCPT TO:<bounce-1@b.co>", "RCPT TO:<LATER@b.co>", "RCPT TO:<fine@b.co>"])
        .await;
    assert_eq!(codes, ["250", "250", "550", "451", "250"]);
    assert_eq!(line.says(&["DATA", "Subject: x\r\n\r\nx\r\n."]).await, ["354", "250"]);
    assert_eq!(messages(&world, "fine@b.co").await[0]["to"], json!(["fine@b.co"]));
}

#[tokio::test]
async fn commands_out_of_order_or_unreadable_are_refused_and_do_not_end_the_dialogue() {
    let world = world(quick()).await;
    let mut line = Line::open(&world).await;
    let long = format!("NOOP {}", "x".repeat(3000));
    let commands = ["MAIL FROM:<a@b.co>", "HELO x", "RCPT TO:<a@b.co>", "DATA", "MAIL a@b.co", "WHAT", &long];
    assert_eq!(line.says(&commands).await, ["503", "250", "503", "503", "501", "500", "500"]);
    let commands = ["MAIL FROM:<a@b.co>", "RCPT TO:<nobody>", "RSET", "RCPT TO:<a@b.co>", "NOOP", "QUIT"];
    assert_eq!(line.says(&commands).await, ["250", "501", "250", "503", "250", "221"]);
    assert_eq!(line.hear().await, "");
}

#[tokio::test]
async fn a_message_too_big_or_with_a_line_too_long_is_refused_and_not_kept() {
    let mut options = quick();
    options.limits.message_size = 5000;
    let world = world(options).await;
    let mut line = Line::open(&world).await;
    assert_eq!(line.says(&["EHLO x", "MAIL FROM:<a@b.co> SIZE=5001"]).await, ["250", "552"]);
    line.start_message("big@example.org").await;
    line.write(&format!("{}.\r\n", format!("{}\r\n", "y".repeat(70)).repeat(100))).await;
    assert!(line.hear().await.starts_with("552"));
    line.start_message("long@example.org").await;
    line.write(&format!("{}\r\n.\r\n", "z".repeat(1001))).await;
    assert!(line.hear().await.starts_with("500"));
    line.start_message("just@example.org").await;
    line.write(&format!("{}\r\n.\r\n", "z".repeat(998))).await;
    assert!(line.hear().await.starts_with("250"));
    assert_eq!(world.running.summary().messages, 1);
}

#[tokio::test]
async fn a_mail_that_is_cut_is_kept_and_the_second_one_to_that_address_is_answered() {
    let world = world(quick()).await;
    for reply in ["", "250"] {
        let mut line = Line::open(&world).await;
        line.start_message("mailcut@example.org").await;
        line.write("Message-ID: <m@example.org>\r\n\r\nx\r\n.\r\n").await;
        assert_eq!(line.hear().await.get(..3).unwrap_or_default(), reply);
    }
    let ids: Vec<_> =
        messages(&world, "mailcut@example.org").await.iter().map(|one| text(&one["message_id"])).collect();
    assert_eq!(ids, ["<m@example.org>"; 2]);
}

#[tokio::test]
async fn the_oldest_message_goes_when_the_mailbox_is_full_and_all_go_when_asked() {
    let mut options = quick();
    options.limits.messages = 2;
    let world = world(options).await;
    let mut line = Line::open(&world).await;
    for n in 1..=3 {
        line.start_message(&format!("n{n}@example.org")).await;
        assert_eq!(line.say("Subject: n\r\n\r\nn\r\n.").await, "250");
    }
    let all = world.own("/mailbox/messages").await;
    let to: Vec<_> = all.as_array().unwrap().iter().map(|one| one["to"][0].clone()).collect();
    assert_eq!(to, ["n2@example.org", "n3@example.org"]);
    let deleted = world.client.delete(world.running.mailbox_url()).send().await.unwrap();
    assert_eq!(deleted.json::<Value>().await.unwrap(), json!({ "deleted": 2 }));
    assert_eq!(world.own("/mailbox/messages").await, json!([]));
}

#[tokio::test]
async fn a_stopped_sandbox_answers_nobody_any_more() {
    let world = world(quick()).await;
    let (http, smtp, client) = (world.running.http, world.running.smtp, world.client.clone());
    let mut line = Line::open(&world).await;
    world.running.stop().await;
    assert_eq!(line.hear().await, "");
    assert!(client.get(format!("http://{http}/")).send().await.is_err());
    common::until("the mail port to close", async || TcpStream::connect(smtp).await.err()).await;
}
