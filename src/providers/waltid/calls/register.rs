//! `POST /v1/admin/account/register`, or its unprotected twin. No idempotency is promised, and the server may go on
//! with a request that we no longer wait for: an uncertain registration is looked up by e-mail before any repeat.
//! Whether an account found then is ours, only its password can tell.

use gangway_core::effect::Mode;
use gangway_core::outcome::AttemptResult;
use serde_json::{Map, Value, json};

use super::accounts::{Found, first, search};
use super::{Desk, account_id, named, refused};
use crate::providers::parts::{broken, given};
use crate::providers::stop::Stop;
use crate::providers::waltid::error::Refusal;
use crate::providers::waltid::token::login;
use crate::providers::{Call, Reply, Request, Stage, Turn};

const REGISTER: &str = "register";
const LOOK_UP: &str = "look_up";
const EXISTS: &str = "exists";
const PROVE: &str = "prove";

/// The first request.
pub fn begin(desk: &Desk, call: &Call<'_>) -> Turn {
    let Some(email) = given(call.input, "email") else {
        return broken("register needs email; check the flow's mapping");
    };
    if call.mode == Mode::LookUp {
        return first(desk, email, LOOK_UP);
    }
    let (Some(name), Some(password)) = (given(call.input, "name"), given(call.input, "password")) else {
        return broken("register needs name and password; check the flow's mapping and its secrets");
    };
    let body = body(desk, call.input, name, email, password);
    Turn::Send(request(desk, call.input, &body), Stage { at: REGISTER, memo: Value::Null })
}

/// On the unprotected route nothing of ours goes along.
fn request(desk: &Desk, input: &Map<String, Value>, body: &Value) -> Request {
    if is_open(desk, input) {
        let request = desk.post(desk.base(&desk.settings.open_register_path), Some(body));
        return Request { token: None, ..request };
    }
    desk.post(desk.base(&desk.settings.register_path), Some(body))
}

fn is_open(desk: &Desk, input: &Map<String, Value>) -> bool {
    input.get("open").and_then(Value::as_bool).unwrap_or(desk.settings.open)
}

/// The e-mail stands in it twice, and is the same; what the flow does not give is left out.
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

/// What follows from the answer.
pub fn resume(desk: &Desk, call: &Call<'_>, stage: &Stage, reply: &Reply) -> Turn {
    let email = given(call.input, "email").unwrap_or_default();
    match stage.at {
        REGISTER => registered(desk, call, email, reply),
        PROVE => proved(desk, call, stage, reply),
        _ => match desk.answer(reply, call.now).and_then(|answer| search(desk, email, stage, &answer)) {
            Ok(Found::Account(account)) => found(desk, call, email, account),
            Ok(Found::Next(turn)) => *turn,
            Ok(Found::Nobody) if stage.at == LOOK_UP => Turn::Ended(AttemptResult::NotDone),
            Ok(Found::Nobody) => {
                let cause = "walt.id says that the account is there already, and does not list it".to_owned();
                Turn::Ended(AttemptResult::Again { cause, retry_after: None, spent: true })
            }
            Err(refusal) => refusal.of_a_read(),
        },
    }
}

fn registered(desk: &Desk, call: &Call<'_>, email: &str, reply: &Reply) -> Turn {
    let open = is_open(desk, call.input);
    match desk.answer(reply, call.now) {
        Ok(account) => match account_id(&account) {
            Some(id) => named("registered", &id, &account),
            None => Stop::Unclear("a good answer without `_id`".to_owned()).of_a_change(),
        },
        Err(Refusal::Duplicate(_)) => first(desk, email, EXISTS),
        Err(Refusal::Refused(complaint)) if complaint.status == 404 => Turn::Barred(missing_route(open)),
        Err(Refusal::Stop(Stop::Barred(_))) if open && matches!(reply.status, 401 | 403) => {
            Turn::Barred(missing_route(open))
        }
        Err(Refusal::Refused(complaint)) => refused(&complaint),
        Err(refusal) => Stop::from(refusal).of_a_change(),
    }
}

fn missing_route(open: bool) -> String {
    let what = match open {
        true => "the unprotected route is closed; switch the feature account-registration on, or set open = false",
        false => "there is no registration at this address; check providers.waltid.base_url and register_path",
    };
    what.to_owned()
}

/// Somebody has this e-mail. After an uncertain attempt of ours that may be our own work: the password tells.
fn found(desk: &Desk, call: &Call<'_>, email: &str, account: Value) -> Turn {
    let Some(id) = account_id(&account) else {
        return Stop::Unclear("an account without `_id`".to_owned()).of_a_read();
    };
    if call.uncertain_since.is_none() {
        return named("exists", &id, &account);
    }
    match given(call.input, "password").filter(|_| desk.settings.prove_by_login) {
        Some(password) => {
            let kept = super::KEPT.iter().filter_map(|name| Some(((*name).to_owned(), account.get(*name)?.clone())));
            let memo = json!({"id": id, "account": kept.collect::<Map<_, _>>()});
            Turn::Send(login(desk, email, password), Stage { at: PROVE, memo })
        }
        None => named("registered", &id, &account),
    }
}

/// Who logs in with the password that only we know is the account that we made.
fn proved(desk: &Desk, call: &Call<'_>, stage: &Stage, reply: &Reply) -> Turn {
    let id = stage.memo.get("id").and_then(Value::as_str).unwrap_or_default();
    let account = stage.memo.get("account").unwrap_or(&Value::Null);
    if matches!(reply.status, 400 | 401 | 403 | 404 | 422) {
        return named("exists", id, account);
    }
    let answer = match desk.answer(reply, call.now) {
        Ok(answer) => answer,
        Err(refusal) => return refusal.of_a_read(),
    };
    let text = |name| answer.get(name).and_then(Value::as_str).unwrap_or_default();
    // A second factor is asked for only after the password was right.
    if !text("token").is_empty() || text("status").starts_with("CONTINUE") {
        return named("registered", id, account);
    }
    Stop::Unclear("a login without a token and without a next step".to_owned()).of_a_read()
}
