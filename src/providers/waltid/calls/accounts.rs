//! The list of accounts, searched by e-mail here because the provider offers no search. How it is paged is not
//! published, so that is a setting.

use serde_json::{Value, json};

use super::Desk;
use crate::providers::parts::text;
use crate::providers::stop::Stop;
use crate::providers::waltid::error::Refusal;
use crate::providers::{Request, Stage, Turn};

/// What a page says of the account that is looked for.
#[derive(Debug)]
pub enum Found {
    /// This is it.
    Account(Value),
    /// It is on no page.
    Nobody,
    /// Not on this page: read the next one.
    Next(Box<Turn>),
}

/// The first page, with an answer that comes back at this stage.
pub fn first(desk: &Desk, email: &str, at: &'static str) -> Turn {
    page(desk, email, at, 0, &Value::Null)
}

fn page(desk: &Desk, email: &str, at: &'static str, n: u32, first_id: &Value) -> Turn {
    Turn::Send(request(desk, email, n), Stage { at, memo: json!({"page": n, "first": first_id}) })
}

fn request(desk: &Desk, email: &str, n: u32) -> Request {
    let accounts = &desk.settings.accounts;
    let number = accounts.first_page.saturating_add(n).to_string();
    let query = [
        (&accounts.email_param, email.to_owned()),
        (&accounts.page_param, number),
        (&accounts.size_param, accounts.size.to_string()),
    ];
    let query = query.into_iter().filter(|(name, _)| !name.is_empty());
    desk.get(&accounts.path, query.map(|(name, value)| (name.clone(), value)).collect())
}

/// Looks through a page.
///
/// # Errors
/// When the answer is no list, or there are more pages than the settings allow.
pub fn search(desk: &Desk, email: &str, stage: &Stage, answer: &Value) -> Result<Found, Refusal> {
    let settings = &desk.settings.accounts;
    let list = answer.pointer(&settings.items).and_then(Value::as_array);
    let list = list.ok_or_else(|| Stop::Broken("the accounts are not a list; check accounts.items".to_owned()))?;
    let wanted = email.trim().to_lowercase();
    let is_wanted = |account: &&Value| {
        let of_profile = account.get("profile").and_then(|profile| text(profile, "email"));
        of_profile.or_else(|| text(account, "email")).is_some_and(|email| email.trim().to_lowercase() == wanted)
    };
    if let Some(account) = list.iter().find(is_wanted) {
        return Ok(Found::Account(account.clone()));
    }
    let first_id = list.first().and_then(super::account_id).map_or(Value::Null, Value::String);
    let full = list.len() >= usize::try_from(settings.size).unwrap_or(usize::MAX);
    // A provider that knows no pages answers the same list for ever.
    let again = stage.memo.get("first").is_some_and(|before| !before.is_null() && *before == first_id);
    if settings.page_param.is_empty() || !full || again {
        return Ok(Found::Nobody);
    }
    let next = stage.memo.get("page").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok()).unwrap_or(0) + 1;
    if next >= settings.pages {
        let cause = "more accounts than one look-up reads; raise providers.waltid.accounts.size or pages";
        return Err(Stop::Broken(cause.to_owned()).into());
    }
    Ok(Found::Next(Box::new(page(desk, email, stage.at, next, &first_id))))
}
