//! The page at `/`, which tells a person what this is and where to look.

use actix_web::{HttpResponse, web};

use crate::world::World;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.route("/", web::get().to(page));
}

async fn page(world: web::Data<World>) -> HttpResponse {
    let traps: String = crate::traps::all().map(|word| format!("<code>{word}</code> ")).collect();
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(format!(
        "<!doctype html><html lang=en><title>gangway sandbox</title>\
         <style>body{{font:16px/1.5 system-ui;max-width:44rem;margin:2rem auto;padding:0 1rem}}</style>\
         <h1>gangway sandbox</h1>\
         <p>The providers Original, DIDx, Guardian, walt.id and Haven and a mailbox, <em>played</em>, for tests and demonstrations. Nothing here is real, \
         and nothing is kept once it stops.</p>\
         <ul><li>Original: <code>/original/v1</code> (API key <code>{key}</code>)\
         <li>DIDx: <code>/didx</code> (client id <code>{client}</code>)\
         <li>Guardian: <code>/guardian/api/v1</code> (registry <code>{registry}</code>)\
         <li>walt.id: <code>/waltid</code>, and <code>/waltid-org</code> for the organisation's host\
         <li>IBM Digital Asset Haven: <code>/haven</code>\
         <li><a href=/mailbox/messages>Mail received</a>\
         <li><a href=/_calls>Calls received</a>, <a href=/_calls/summary>counted</a>\
         <li><a href=/_webhooks>Webhooks sent</a></ul>\
         <p>Seed {seed}. Mischief: <code>{mischief}</code>. Traps in an external id: {traps}</p></html>",
        key = escape(&world.options.original.api_key),
        client = escape(&world.options.didx.client_id),
        registry = escape(&world.options.guardian.registry_username),
        seed = world.options.seed,
        mischief = world.mischief(),
    ))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
