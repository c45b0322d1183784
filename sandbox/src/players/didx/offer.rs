//! `POST /me-wallet/api/orgs/credentials`: an offer goes to somebody's wallet, and is accepted there a moment later.
//! Source: docs/providers/didx.md. The answer is 201 without a byte.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value};

use super::issuances::{COMPLETED, Issuance};
use super::people::Person;
use super::{Didx, body, reply, tell, token, traps};
use crate::door::pass::pass;
use crate::door::{About, Answer, Body};
use crate::mischief::Mishap;

const ACTION: &str = "send_offer";

/// Sends an offer. Sent again, it is taken again, and counted.
pub(super) async fn send(didx: web::Data<Didx>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let object = body::object(&body);
    let person = object.as_ref().and_then(|object| recipient(&didx, object).ok().flatten());
    let issuance = object.as_ref().and_then(|object| issuance(&didx, object));
    let has = |word: &str| person.as_ref().is_some_and(|person| person.words.contains(word));
    let mut about = About::new(ACTION);
    about.email = person.as_ref().and_then(|person| person.email.clone());
    about.external_id = person.as_ref().map(|person| person.name.clone());
    about.user_uid = issuance.map(|issuance| issuance.id);
    about.trap = has(traps::OFFER_LOST.word).then_some((Mishap::LostDone, false));
    let name = about.external_id.clone();
    let admitted = token::check(&didx, &request, ACTION, name.as_deref().filter(|_| has(traps::TOKEN.word)));
    pass(didx, about, admitted, move |didx| make(didx, object)).await
}

fn issuance(didx: &Didx, object: &Map<String, Value>) -> Option<Issuance> {
    body::text(object, "credentialOffer").and_then(|uri| didx.issuances.of_offer(uri))
}

/// The person whom the offer is for: `None` if there is no such person, an error if the kind of identifier is not
/// known.
fn recipient(didx: &Didx, object: &Map<String, Value>) -> Result<Option<Person>, ()> {
    let Some(recipient) = body::text(object, "recipient") else { return Ok(None) };
    let people = &didx.people;
    match object.get("identifierType").map(|kind| kind.as_str().unwrap_or_default()) {
        None | Some("email") => Ok(people.by_email(recipient)),
        Some("username") => Ok(people.by_username(recipient)),
        Some("externalIdentifier") => Ok(people.by_external_id(recipient)),
        Some(_) => Err(()),
    }
}

fn make(didx: &Arc<Didx>, object: Option<Map<String, Value>>) -> Answer {
    let Some(object) = object else { return reply::invalid(didx, &[("body", "must be a JSON object")]) };
    didx.stage.secrets.note("didx_offer_uri", body::text(&object, "credentialOffer").unwrap_or_default());
    let Some(issuance) = issuance(didx, &object) else {
        return reply::invalid(didx, &[("credentialOffer", "must be the offer of an issuance")]);
    };
    if body::text(&object, "recipient").is_none() {
        return reply::invalid(didx, &[("recipient", "must be a string that is not empty")]);
    }
    let person = match recipient(didx, &object) {
        Ok(Some(person)) => person,
        Ok(None) => return reply::error(didx, StatusCode::NOT_FOUND, "No user has this identifier."),
        Err(()) => {
            return reply::invalid(didx, &[("identifierType", "must be email, username or externalIdentifier")]);
        }
    };
    if person.words.contains(traps::NO_WALLET.word) {
        return reply::error(didx, StatusCode::NOT_FOUND, "This user has no wallet.");
    }
    let first = didx.issuances.offer(&issuance.id, person.clone());
    if issuance.owner.is_none() {
        didx.stage.calls.adopt(&issuance.id, &person.name);
    }
    let answer = || Answer::made(StatusCode::CREATED, Body::Empty).about_user(&issuance.id);
    if !first {
        return answer();
    }
    if !person.words.contains(traps::EARLY.word) {
        let (later, id) = (Arc::clone(didx), issuance.id.clone());
        didx.stage.background(async move {
            tokio::time::sleep(later.options.accept_delay).await;
            // A listener to the webhook does so by itself.
            drop(accept(&later, &id, &person));
        });
        return answer();
    }
    let (told, patience, last) = (accept(didx, &issuance.id, &person), didx.options.early, answer());
    answer().later(async move {
        let _ = tokio::time::timeout(patience, told).await;
        last
    })
}

/// The wallet's owner decides; resolves when the webhook is through.
fn accept(didx: &Arc<Didx>, id: &str, person: &Person) -> impl Future<Output = ()> + Send + use<> {
    let ends =
        [(traps::FAILED.word, "failed"), (traps::EXPIRED.word, "expired"), (traps::PARTLY.word, "partiallyIssued")];
    let status = ends.iter().find(|(word, _)| person.words.contains(word)).map_or(COMPLETED, |(_, status)| status);
    let issuances = &didx.issuances;
    let ended = if issuances.end(id, status) { issuances.get(id) } else { None };
    let told = ended.map(|issuance| tell::tell(didx, &issuance, status));
    async move {
        for told in told.into_iter().flatten() {
            // The sender ends with the sandbox.
            let _ = told.await;
        }
    }
}
