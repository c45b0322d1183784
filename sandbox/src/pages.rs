//! The sandbox's own pages: what was received and sent, counted and listed, for tests and for people. Requests enter;
//! lists leave. Nothing here belongs to a provider.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::calls::{Call, Wanted};
use crate::mailbox::message::Message;
use crate::players::summary;
use crate::traps;
use crate::world::World;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/", web::get().to(index))
        .route("/_calls", web::get().to(calls))
        .route("/_calls/summary", web::get().to(counted))
        .route("/_webhooks", web::get().to(webhooks))
        .route("/_secrets", web::get().to(secrets))
        .route("/mailbox/messages", web::get().to(messages))
        .route("/mailbox/messages", web::delete().to(clear))
        .route("/mailbox/messages/{id}/raw", web::get().to(raw));
}

async fn calls(world: web::Data<World>, wanted: web::Query<Wanted>) -> HttpResponse {
    let calls = world.stage.calls.list(&wanted);
    HttpResponse::Ok().json(calls.iter().map(AsRef::as_ref).collect::<Vec<&Call>>())
}

async fn counted(world: web::Data<World>) -> HttpResponse {
    HttpResponse::Ok().json(summary(&world))
}

#[derive(Deserialize)]
struct Whose {
    external_id: Option<String>,
    user_uid: Option<String>,
}

async fn webhooks(world: web::Data<World>, whose: web::Query<Whose>) -> HttpResponse {
    let records = &world.stage.webhooks.records;
    HttpResponse::Ok().json(records.list(whose.external_id.as_deref(), whose.user_uid.as_deref()))
}

async fn secrets(world: web::Data<World>) -> HttpResponse {
    HttpResponse::Ok().json(world.stage.secrets.list())
}

#[derive(Deserialize)]
struct Recipient {
    to: Option<String>,
}

async fn messages(world: web::Data<World>, recipient: web::Query<Recipient>) -> HttpResponse {
    let messages = world.mailbox.list(recipient.to.as_deref());
    HttpResponse::Ok().json(messages.iter().map(AsRef::as_ref).collect::<Vec<&Message>>())
}

async fn clear(world: web::Data<World>) -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "deleted": world.mailbox.clear() }))
}

/// The message as it came over the line, to compare two sendings byte by byte.
async fn raw(world: web::Data<World>, id: web::Path<u64>) -> HttpResponse {
    match world.mailbox.find(*id) {
        Some(message) => HttpResponse::Ok().content_type("message/rfc822").body(message.raw.clone()),
        None => HttpResponse::NotFound().json(serde_json::json!({ "error": "no message has this id" })),
    }
}

/// Tells a person what this is and where to look.
async fn index(world: web::Data<World>) -> HttpResponse {
    let traps: String = traps::all().map(|word| format!("<code>{word}</code> ")).collect();
    let mut providers = String::new();
    for player in &world.players {
        let paths: Vec<String> = player.role().at.iter().map(|(_, path)| format!("<code>{path}</code>")).collect();
        let keys: String =
            player.keys().iter().map(|(name, value)| format!("<li>{name} <code>{}</code>", escape(value))).collect();
        providers.push_str(&format!("<li>{}: {}<ul>{keys}</ul>", player.role().title, paths.join(", ")));
    }
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(format!(
        "<!doctype html><html lang=en><title>gangway sandbox</title>\
         <style>body{{font:16px/1.5 system-ui;max-width:44rem;margin:2rem auto;padding:0 1rem}}</style>\
         <h1>gangway sandbox</h1>\
         <p>Providers and a mailbox, <em>played</em>, for tests and demonstrations. Nothing here is real, \
         and nothing is kept once it stops.</p>\
         <ul>{providers}\
         <li><a href=/mailbox/messages>Mail received</a>\
         <li><a href=/_calls>Calls received</a>, <a href=/_calls/summary>counted</a>\
         <li><a href=/_webhooks>Webhooks sent</a></ul>\
         <p>Seed {seed}. Mischief: <code>{mischief}</code>. Traps in an external id: {traps}</p></html>",
        seed = world.stage.seed,
        mischief = world.stage.mischief(),
    ))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
