//! What `assign_role` and `init_wallet_service` share: one `POST` as the settings write it, which may be repeated. So
//! an uncertain one is settled by sending it again.

use serde_json::{Map, Value, json};

use super::Desk;
use crate::providers::parts::given;
use crate::providers::waltid::error::{Refusal, Tells, answer};
use crate::providers::waltid::settings::Host;
use crate::providers::waltid::template::{self, Names};
use crate::providers::{Call, Far, HttpRequest, Stop};

/// What an input and the settings say of the names in braces.
pub fn names(desk: &Desk, call: &Call<'_>) -> Names {
    let settings = &desk.settings;
    let text = |name| given(call.input, name).map(str::to_owned);
    let mut names = Names::new();
    let known = [
        ("id", text("account_id")),
        ("email", text("email")),
        ("org", text("organization").or_else(|| settings.organization.clone())),
        ("tenant", text("tenant").or_else(|| settings.tenant.clone())),
        ("role", text("role").or_else(|| settings.role.role.clone())),
    ];
    names.extend(known.into_iter().filter_map(|(name, value)| Some((name, value?))));
    let wallet = text("wallet").or_else(|| template::text(&settings.wallet.name, &names).ok());
    names.extend(wallet.map(|wallet| ("wallet", wallet)));
    names
}

/// The step that the settings write: where it is sent, and what with.
pub type Written<'a> = (Host, &'a str, &'a Map<String, Value>);

/// Sends it. `tells` says what means that it was done before.
pub async fn ask(
    desk: &Desk,
    names: &Names,
    written: Written<'_>,
    tells: Tells<'_>,
    far: &dyn Far,
) -> Result<(), Refusal> {
    let reply = far.send(request(desk, names, written)?).await?;
    answer(&reply, tells).map(|_| ())
}

/// The names are those that path and body may have.
fn request(desk: &Desk, names: &Names, (host, path, body): Written<'_>) -> Result<HttpRequest, Stop> {
    let missing = |name: String| {
        Stop::Broken(format!(
            "`{{{name}}}` is not given, neither by the flow nor by providers.waltid; see docs/providers/waltid.md"
        ))
    };
    let unfit = || Stop::broken("an id that cannot be part of a path; only letters, digits, and - _ . @ +");
    let url = template::url(desk.host(host), path, names).map_err(missing)?.ok_or_else(unfit)?;
    let filled = template::value(&Value::Object(body.clone()), names).map_err(missing)?;
    Ok(desk.post(url, (!body.is_empty()).then_some(&filled)))
}

/// The field of an outcome that says what was given, where it was.
pub fn field(name: &str, value: Option<&String>) -> Value {
    value.map_or_else(|| json!({}), |value| json!({ name: value }))
}
