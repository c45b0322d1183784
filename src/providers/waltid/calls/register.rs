//! `POST /v1/admin/account/register`, or its unprotected twin. No idempotency is promised, and the server may go on
//! with a request that we no longer wait for: an uncertain registration is looked up by e-mail before any repeat.
//! Whether an account found then is ours, only its password can tell.

use gangway_core::effect::Mode;
use gangway_core::outcome::Answer;
use serde_json::{Map, Value, json};

use super::{Desk, account_id, named, read, refused};
use crate::providers::parts::{given, need};
use crate::providers::said::is_page;
use crate::providers::waltid::error::Refusal;
use crate::providers::waltid::token::{login, token_of};
use crate::providers::{Call, Far, HttpRequest, Stop};

/// Carries out this action.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let email = need(call, "email")?;
    if call.mode == Mode::LookUp {
        let account = desk.find(far, email).await?.ok_or(Stop::NotDone)?;
        return found(desk, call, far, email, &account).await;
    }
    let (Some(name), Some(password)) = (given(call.input, "name"), given(call.input, "password")) else {
        return Err(Stop::broken("register needs name and password; check the flow's mapping and its secrets"));
    };
    let open = call.input.get("open").and_then(Value::as_bool).unwrap_or(desk.settings.open);
    let reply = far.send(request(desk, open, &body(desk, call.input, name, email, password))).await?;
    match desk.registered(&reply) {
        Ok(account) => {
            let id = account_id(&account).ok_or_else(|| Stop::unclear("a good answer without `_id`"))?;
            Ok(named("registered", &id, &account))
        }
        Err(Refusal::Duplicate(_)) => {
            let missing = "walt.id says that the account is there already, and does not list it";
            let account = desk.find(far, email).await?.ok_or_else(|| Stop::away(missing))?;
            found(desk, call, far, email, &account).await
        }
        Err(Refusal::Refused(complaint)) if complaint.status == 404 => Err(missing_route(open)),
        // Nothing of ours went along that could be refused.
        Err(Refusal::Stop(_)) if open && matches!(reply.status, 401 | 403) => Err(missing_route(open)),
        Err(Refusal::Refused(complaint)) => Ok(refused(&complaint)),
        Err(refusal) => Err(refusal.into()),
    }
}

/// Somebody has this e-mail. After an uncertain attempt of ours that may be our own work: if the password that only we
/// know logs in, it is the account that we made.
async fn found(desk: &Desk, call: &Call<'_>, far: &dyn Far, email: &str, account: &Value) -> Result<Answer, Stop> {
    let id = account_id(account).ok_or_else(|| Stop::unclear("an account without `_id`"))?;
    if call.uncertain_since.is_none() {
        return Ok(named("exists", &id, account));
    }
    let Some(password) = given(call.input, "password").filter(|_| desk.settings.prove_by_login) else {
        return Ok(named("registered", &id, account));
    };
    let reply = far.send(login(desk, email, password)).await?;
    match reply.status {
        400 | 401 | 422 if !is_page(&reply.body) => return Ok(named("exists", &id, account)),
        // Of an account that may not log in nobody can say whose password it has.
        403 => {
            return Err(Stop::Denied(
                "walt.id forbids the person to log in (403); look the account up there".to_owned(),
            ));
        }
        404 if !is_page(&reply.body) => {
            let cause = "there is no login at this address, so whose account it is cannot be tried; check \
                         providers.waltid.login_path, or set prove_by_login = false";
            return Err(Stop::broken(cause));
        }
        _ => {}
    }
    let said = read(&reply)?;
    let next = said.get("status").and_then(Value::as_str).unwrap_or_default();
    // A second factor is asked for only after the password was right.
    if token_of(&said).is_some() || next.starts_with("CONTINUE") {
        return Ok(named("registered", &id, account));
    }
    Err(Stop::unclear("a login without a token and without a next step"))
}

/// It may be this one request that is not let through: only if several people meet it, the route is not there.
fn missing_route(open: bool) -> Stop {
    let what = match open {
        true => "the unprotected route is closed; switch the feature account-registration on, or set open = false",
        false => "there is no registration at this address; check providers.waltid.base_url and register_path",
    };
    Stop::Denied(what.to_owned())
}

/// On the unprotected route nothing of ours goes along.
fn request(desk: &Desk, open: bool, body: &Value) -> HttpRequest {
    if open {
        let request = desk.post(desk.base(&desk.settings.open_register_path), Some(body));
        return HttpRequest { token: None, ..request };
    }
    desk.post(desk.base(&desk.settings.register_path), Some(body))
}

/// It holds the e-mail twice; what the flow does not give is left out.
fn body(desk: &Desk, input: &Map<String, Value>, name: &str, email: &str, password: &str) -> Value {
    let mut profile = Map::from_iter([("name".to_owned(), json!(name)), ("email".to_owned(), json!(email))]);
    for field in ["addressCountry", "address"] {
        profile.extend(given(input, field).map(|text| (field.to_owned(), json!(text))));
    }
    let time_zone = given(input, "timeZone").unwrap_or(&desk.settings.time_zone);
    let language = given(input, "languagePreference").unwrap_or(&desk.settings.language);
    json!({
        "profile": profile,
        "preferences": {"timeZone": time_zone, "languagePreference": language_code(language)},
        "initialAuth": {
            "type": "email",
            "identifier": {"type": "email", "email": email},
            "data": {"type": "email", "password": password},
        },
    })
}

/// The language alone, in capitals as the provider writes it: `de-AT` is `DE`.
fn language_code(locale: &str) -> String {
    let language = locale.split(['-', '_']).next().unwrap_or(locale);
    let is_code = (2..=3).contains(&language.len()) && language.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_code { language.to_ascii_uppercase() } else { locale.to_owned() }
}
