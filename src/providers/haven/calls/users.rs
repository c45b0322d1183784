//! How a user stands: registered, begun and not finished, or not there. `GET /auth/users` tells it without a session of
//! that person; where the list is too long, not allowed or not there, a delegated login does.

use gangway_core::event::Identifier;
use serde_json::Value;

use super::Desk;
use crate::providers::complaint::Complaint;
use crate::providers::haven::error::Refusal;
use crate::providers::haven::settings::LookUp;
use crate::providers::parts::text;
use crate::providers::{Far, HttpRequest, Stop};

/// How a user stands.
pub(super) enum Standing {
    /// Registered; with the id where the list told it.
    Registered(Option<String>),
    /// There, and not registered.
    Unfinished,
    /// Not there; or, by a login, not registered.
    Unknown,
    /// It is no end user, is switched off, or must not be asked for.
    Refused(Complaint),
    /// A policy caught the question.
    Approval,
}

/// Pages that are read before a login is quicker.
const MOST_PAGES: usize = 50;
/// Users of a page.
const PAGE: &str = "100";
/// The only kind of users that is ours.
const KIND: &str = "EndUser";

impl Desk {
    /// How the user of this id, or of this name, stands. Changes nothing.
    pub(super) async fn standing(&self, far: &dyn Far, id: Option<&str>, name: &str) -> Result<Standing, Stop> {
        if self.settings.look_up == LookUp::Users {
            match self.listed(far, id, name).await? {
                Listed::User(user) => match read(&user) {
                    Some(standing) => return Ok(standing),
                    None => return self.login(far, name).await,
                },
                Listed::Nobody => return Ok(Standing::Unknown),
                Listed::Untold => {}
            }
        }
        self.login(far, name).await
    }

    /// The user in the list of all users.
    async fn listed(&self, far: &dyn Far, id: Option<&str>, name: &str) -> Result<Listed, Stop> {
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let query = [("limit", Some(PAGE.to_owned())), ("paginationToken", token)];
            let query = query.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
            let reply = far.send(HttpRequest { query, ..self.request("GET", "/auth/users") }).await?;
            let said = match self.data(&reply) {
                Ok(said) => said,
                // Forbidden to this account, or not there in this installation: no word about anybody.
                Err(_) if matches!(reply.status, 400 | 403 | 404 | 405 | 501) => return Ok(Listed::Untold),
                Err(Refusal::Approval) => return Ok(Listed::Untold),
                Err(refusal) => return Err(refusal.into()),
            };
            let items = items(&said).ok_or_else(|| Stop::unclear("a list of users without `items`"))?;
            if let Some(user) = items.iter().find(|user| is(user, id, name)) {
                return Ok(Listed::User((*user).clone()));
            }
            token = text(&said, "nextPageToken");
            if token.is_none() {
                return Ok(Listed::Nobody);
            }
        }
        Ok(Listed::Untold)
    }
}

/// What the list says of a user.
enum Listed {
    User(Value),
    Nobody,
    Untold,
}

/// The items of a list: below `items`, or the list itself, or the one that stands for it.
pub(super) fn items(said: &Value) -> Option<Vec<&Value>> {
    match (said.get("items"), said) {
        (Some(Value::Array(items)), _) | (None, Value::Array(items)) => Some(items.iter().collect()),
        (Some(one @ Value::Object(_)), _) => Some(vec![one]),
        (None, Value::Object(one)) if one.contains_key("id") || one.contains_key("userId") => Some(vec![said]),
        _ => None,
    }
}

/// Names are e-mail addresses, so case does not count.
fn is(user: &Value, id: Option<&str>, name: &str) -> bool {
    let its_id = text(user, "userId").or_else(|| text(user, "id"));
    let its_name = text(user, "username").or_else(|| text(user, "email"));
    let named = its_name.is_some_and(|its| its.to_lowercase() == name.to_lowercase());
    named || (id.is_some() && its_id.as_deref() == id)
}

/// `None`: it does not say whether the user is registered.
fn read(user: &Value) -> Option<Standing> {
    if let Some(kind) = text(user, "kind").filter(|kind| !kind.eq_ignore_ascii_case(KIND)) {
        let reason = format!("the user of this name is a {kind} at the provider, not an end user");
        return Some(Standing::Refused(Complaint { code: "not_an_end_user".to_owned(), reason }));
    }
    let flag = |name: &str| match user.get(name) {
        Some(Value::Bool(is)) => Some(*is),
        Some(Value::String(word)) => word.to_ascii_lowercase().parse().ok(),
        _ => None,
    };
    match (flag("isRegistered")?, flag("isActive")) {
        (false, _) => Some(Standing::Unfinished),
        (true, Some(false)) => {
            let reason = "the user is registered and was deactivated at the provider".to_owned();
            Some(Standing::Refused(Complaint { code: "deactivated".to_owned(), reason }))
        }
        (true, _) => Some(Standing::Registered(text(user, "userId").or_else(|| text(user, "id")))),
    }
}

/// The identifier of an id.
pub(super) fn identified(id: &str) -> Identifier {
    Identifier::new(super::USER_ID, id)
}
