//! The list of accounts, searched here because the provider offers no search. How it is paged is not published, so that
//! is a setting.

use serde_json::Value;

use super::{Desk, account_id, read};
use crate::providers::parts::text;
use crate::providers::{Far, HttpRequest, Stop};

impl Desk {
    /// The account with this e-mail, if there is one.
    pub(super) async fn find(&self, far: &dyn Far, email: &str) -> Result<Option<Value>, Stop> {
        let wanted = email.trim().to_lowercase();
        let is_wanted = |account: &Value| {
            let of_profile = account.get("profile").and_then(|profile| text(profile, "email"));
            of_profile.or_else(|| text(account, "email")).is_some_and(|email| email.trim().to_lowercase() == wanted)
        };
        self.search(far, email, &is_wanted).await
    }

    /// The account with this id, if there is one.
    pub(super) async fn find_id(&self, far: &dyn Far, id: &str, email: &str) -> Result<Option<Value>, Stop> {
        self.search(far, email, &|account| account_id(account).as_deref() == Some(id)).await
    }

    async fn search(
        &self,
        far: &dyn Far,
        email: &str,
        is_wanted: &(dyn Fn(&Value) -> bool + Sync),
    ) -> Result<Option<Value>, Stop> {
        let settings = &self.settings.accounts;
        let mut before = None;
        for page in 0..settings.pages {
            let said = read(&far.send(self.page(email, page)).await?)?;
            let list = said.pointer(&settings.items).and_then(Value::as_array);
            let list = list.ok_or_else(|| Stop::broken("the accounts are not a list; check accounts.items"))?;
            if let Some(account) = list.iter().find(|&account| is_wanted(account)) {
                return Ok(Some(account.clone()));
            }
            let first = list.first().and_then(account_id);
            let full = list.len() >= usize::try_from(settings.size).unwrap_or(usize::MAX);
            // A provider without pages answers the same list for ever.
            if settings.page_param.is_empty() || !full || (first.is_some() && first == before) {
                return Ok(None);
            }
            before = first;
        }
        Err(Stop::broken("more accounts than one look-up reads; raise providers.waltid.accounts.size or pages"))
    }

    fn page(&self, email: &str, page: u32) -> HttpRequest {
        let (accounts, no_name) = (&self.settings.accounts, String::new());
        let query = [
            (if email.is_empty() { &no_name } else { &accounts.email_param }, email.to_owned()),
            (&accounts.page_param, accounts.first_page.saturating_add(page).to_string()),
            (&accounts.size_param, accounts.size.to_string()),
        ];
        let query = query.into_iter().filter(|(name, _)| !name.is_empty());
        self.get(&accounts.path, query.map(|(name, value)| (name.clone(), value)).collect())
    }
}
