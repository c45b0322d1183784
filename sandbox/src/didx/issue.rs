//! `POST /me-creds/api/credentials/issuance` and `GET /me-creds/api/credentials/{id}`.
//! Source: docs/providers/didx.md. Read back is with the outer id; the inner one is another resource.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

use super::people::Person;
use super::{body, reply, tell, token};
use crate::door::pass::pass;
use crate::door::{About, Answer, Body};
use crate::mischief::Kind;
use crate::traps::didx as traps;
use crate::world::World;

/// Makes a credential that waits to be offered. A repetition makes another one.
pub(super) async fn issue(world: web::Data<World>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let object = body::object(&body);
    let owner = object.as_ref().and_then(|object| owner(&world, object));
    let words = object.as_ref().and_then(|object| object.get("attributes")).map(Value::to_string).unwrap_or_default();
    let words = format!("{words} {}", owner.as_ref().map(|owner| owner.words.as_str()).unwrap_or_default());
    let mut about = About::new(reply::provider(&world), "issue_credential");
    about.email = owner.as_ref().and_then(|owner| owner.email.clone());
    about.external_id = owner.as_ref().map(|owner| owner.name.clone());
    // Without a person the contents tell one occasion from another.
    about.user_uid = object.as_ref().map(|object| format!("{:016x}", world.dice.number(&[&json!(object).to_string()])));
    about.trap = words.contains(traps::CREDENTIAL_LOST).then_some((Kind::LostDone, false));
    let admitted = token::check(&world, &request, "issue_credential", None);
    pass(world, about, admitted, move |world| make(world, object, owner)).await
}

/// The person that the attributes name, if they do.
fn owner(world: &World, object: &Map<String, Value>) -> Option<Person> {
    let people = &world.didx.people;
    let mut texts = object.get("attributes")?.as_object()?.values().filter_map(Value::as_str);
    texts.find_map(|text| {
        people.by_external_id(text).or_else(|| people.by_email(text)).or_else(|| people.by_username(text))
    })
}

fn make(world: &Arc<World>, object: Option<Map<String, Value>>, owner: Option<Person>) -> Answer {
    let Some(object) = object else { return reply::invalid(world, &[("body", "must be a JSON object")]) };
    let attributes = object.get("attributes").filter(|attributes| attributes.is_object());
    let (Some(template), Some(attributes)) = (body::text(&object, "credentialTemplateId"), attributes) else {
        let mut wrong = Vec::new();
        if body::text(&object, "credentialTemplateId").is_none() {
            wrong.push(("credentialTemplateId", "must be a string that is not empty"));
        }
        if attributes.is_none() {
            wrong.push(("attributes", "must be an object"));
        }
        return reply::invalid(world, &wrong);
    };
    let Some(issuance) = world.didx.issuances.add(template, attributes, owner) else {
        return reply::error(world, StatusCode::SERVICE_UNAVAILABLE, "The sandbox is full.");
    };
    world.secrets.note("didx_offer_uri", &issuance.offer_uri);
    world.secrets.note("didx_offer_qr_uri", &issuance.offer_qr_uri);
    tell::tell(world, &issuance, issuance.status);
    let mut data = issuance.shape();
    data.insert("offerUri".to_owned(), json!(issuance.offer_uri));
    data.insert("offerQrUri".to_owned(), json!(issuance.offer_qr_uri));
    let status = if world.options.didx.older_issuance_status { StatusCode::CREATED } else { StatusCode::OK };
    Answer::made(status, Body::Json(json!({ "data": data }))).about_user(&issuance.id)
}

/// Reads the state of an issuance by its outer id.
pub(super) async fn get(world: web::Data<World>, request: HttpRequest, id: web::Path<String>) -> HttpResponse {
    let id = id.into_inner();
    let mut about = About::new(reply::provider(&world), "get_credential");
    about.external_id = world.didx.issuances.get(&id).and_then(|issuance| issuance.owner).map(|owner| owner.name);
    about.user_uid = Some(id.clone());
    let admitted = token::check(&world, &request, "get_credential", None);
    pass(world, about, admitted, move |world| match world.didx.issuances.get(&id) {
        Some(issuance) => Answer::found(json!({ "data": issuance.shape() })).about_user(&id),
        None => reply::error(world, StatusCode::NOT_FOUND, "No issuance has this id."),
    })
    .await
}
