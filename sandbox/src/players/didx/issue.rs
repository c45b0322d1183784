//! `POST /me-creds/api/credentials/issuance` and `GET /me-creds/api/credentials/{id}`.
//! Source: docs/providers/didx.md. Read back is with the outer id; the inner one is another resource.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

use super::people::Person;
use super::{Didx, body, reply, tell, token, traps};
use crate::door::pass::pass;
use crate::door::{About, Answer, Body};
use crate::mischief::Mishap;

/// Makes a credential that waits to be offered. A repetition makes another one.
pub(super) async fn issue(didx: web::Data<Didx>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let object = body::object(&body);
    let owner = object.as_ref().and_then(|object| owner(&didx, object));
    let words = object.as_ref().and_then(|object| object.get("attributes")).map(Value::to_string).unwrap_or_default();
    let words = format!("{words} {}", owner.as_ref().map(|owner| owner.words.as_str()).unwrap_or_default());
    let mut about = About::new("issue_credential");
    about.email = owner.as_ref().and_then(|owner| owner.email.clone());
    about.external_id = owner.as_ref().map(|owner| owner.name.clone());
    // Without a person the contents tell one occasion from another.
    about.user_uid =
        object.as_ref().map(|object| format!("{:016x}", didx.stage.dice.number(&[&json!(object).to_string()])));
    about.trap = words.contains(traps::CREDENTIAL_LOST.word).then_some((Mishap::LostDone, false));
    let refused = words.contains(traps::NO_TEMPLATE.word);
    let admitted = token::check(&didx, &request, "issue_credential", None);
    pass(didx, about, admitted, move |didx| {
        if refused {
            return reply::invalid(didx, &[("credentialTemplateId", "must be a template of this partner")]);
        }
        make(didx, object, owner)
    })
    .await
}

/// The person that the attributes name, if they do.
fn owner(didx: &Didx, object: &Map<String, Value>) -> Option<Person> {
    let people = &didx.people;
    let mut texts = object.get("attributes")?.as_object()?.values().filter_map(Value::as_str);
    texts.find_map(|text| {
        people.by_external_id(text).or_else(|| people.by_email(text)).or_else(|| people.by_username(text))
    })
}

fn make(didx: &Arc<Didx>, object: Option<Map<String, Value>>, owner: Option<Person>) -> Answer {
    let Some(object) = object else { return reply::invalid(didx, &[("body", "must be a JSON object")]) };
    let attributes = object.get("attributes").filter(|attributes| attributes.is_object());
    let (Some(template), Some(attributes)) = (body::text(&object, "credentialTemplateId"), attributes) else {
        let mut wrong = Vec::new();
        if body::text(&object, "credentialTemplateId").is_none() {
            wrong.push(("credentialTemplateId", "must be a string that is not empty"));
        }
        if attributes.is_none() {
            wrong.push(("attributes", "must be an object"));
        }
        return reply::invalid(didx, &wrong);
    };
    let Some(issuance) = didx.issuances.add(template, attributes, owner) else {
        return reply::error(didx, StatusCode::SERVICE_UNAVAILABLE, "The sandbox is full.");
    };
    didx.stage.secrets.note("didx_offer_uri", &issuance.offer_uri);
    didx.stage.secrets.note("didx_offer_qr_uri", &issuance.offer_qr_uri);
    tell::tell(didx, &issuance, issuance.status);
    let mut data = issuance.shape();
    data.insert("offerUri".to_owned(), json!(issuance.offer_uri));
    data.insert("offerQrUri".to_owned(), json!(issuance.offer_qr_uri));
    let status = if didx.options.older_issuance_status { StatusCode::CREATED } else { StatusCode::OK };
    Answer::made(status, Body::Json(json!({ "data": data }))).about_user(&issuance.id)
}

/// Reads the state of an issuance by its outer id.
pub(super) async fn get(didx: web::Data<Didx>, request: HttpRequest, id: web::Path<String>) -> HttpResponse {
    let id = id.into_inner();
    let mut about = About::new("get_credential");
    about.external_id = didx.issuances.get(&id).and_then(|issuance| issuance.owner).map(|owner| owner.name);
    about.user_uid = Some(id.clone());
    let admitted = token::check(&didx, &request, "get_credential", None);
    pass(didx, about, admitted, move |didx| match didx.issuances.get(&id) {
        Some(issuance) => Answer::found(json!({ "data": issuance.shape() })).about_user(&id),
        None => reply::error(didx, StatusCode::NOT_FOUND, "No issuance has this id."),
    })
    .await
}
