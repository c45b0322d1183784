//! What walt.id does not publish, or lets its operators choose: the list of accounts, what a duplicate looks like, and
//! the requests that follow a registration.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::WaltidSettings;
use crate::providers::common::Checks;
use crate::providers::password;

/// `[providers.waltid.accounts]`: how the list is paged is not published.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AccountsSettings {
    /// Where it is.
    pub path: String,
    /// JSON pointer to the list in the answer; empty: the answer is the list.
    pub items: String,
    /// Name of the parameter that filters by e-mail; empty: there is none.
    pub email_param: String,
    /// Name of the parameter with the page; empty: one answer holds them all.
    pub page_param: String,
    /// Number of the first page.
    pub first_page: u32,
    /// Name of the parameter with the size of a page; empty: it is not sent.
    pub size_param: String,
    /// Accounts on a page.
    pub size: u32,
    /// Most pages that one look-up reads.
    pub pages: u32,
}

/// `[providers.waltid.duplicate]`: how "the account is there already" is told to a registration is not published.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DuplicateSettings {
    /// Statuses that say so, whatever the text.
    pub statuses: Vec<u16>,
    /// Texts in an error's body that say so, whatever the status (but 401, 403, 404 and 429).
    pub texts: Vec<String>,
}

/// Which host a request goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Host {
    /// `base_url`.
    Base,
    /// `org_url`.
    Org,
}

/// `[providers.waltid.role]`: names in braces are filled in, in path and body.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RoleSettings {
    /// The role when a flow names none: `{role}`.
    #[serde(default)]
    pub role: Option<String>,
    /// Which host.
    pub host: Host,
    /// `POST` to this path.
    pub path: String,
    /// With this body; empty: without one.
    pub body: Map<String, Value>,
    /// Texts in an error's body that say that the account has the role already.
    pub given: Vec<String>,
}

/// `[providers.waltid.wallet]`: names in braces are filled in, in name, path and body.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WalletSettings {
    /// Name of the wallet service when a flow gives none: `{wallet}`. One service is one wallet.
    pub name: String,
    /// Which host.
    pub host: Host,
    /// `POST` to this path.
    pub path: String,
    /// With this body; empty: without one.
    pub body: Map<String, Value>,
    /// Texts in an error's body that say that the service is there already, in addition to status 409.
    pub there: Vec<String>,
}

/// Names that a template may have in braces.
const NAMES: [&str; 6] = ["id", "email", "org", "tenant", "role", "wallet"];

impl WaltidSettings {
    /// What is wrong with the parts of this file.
    pub(super) fn check_steps(&self, checks: &mut Checks<'_>) {
        let pages = self.accounts.pages;
        checks.wrong(
            pages == 0 || pages > 20,
            "accounts.pages",
            "is not between 1 and 20",
            "raise accounts.size instead",
        );
        checks.wrong(self.accounts.size == 0, "accounts.size", "is 0", "such as 100");
        let pointer = &self.accounts.items;
        checks.wrong(
            !pointer.is_empty() && !pointer.starts_with('/'),
            "accounts.items",
            "is not a JSON pointer",
            "such as /items",
        );
        for (key, texts) in [
            ("duplicate.texts", &self.duplicate.texts),
            ("role.given", &self.role.given),
            ("wallet.there", &self.wallet.there),
        ] {
            checks.wrong(texts.iter().any(String::is_empty), key, "holds an empty text", "remove it");
        }
        let hint = "known are {id}, {email}, {org}, {tenant}, {role} and {wallet}";
        let templates = [
            ("role.path", Value::String(self.role.path.clone())),
            ("role.body", Value::Object(self.role.body.clone())),
            ("wallet.name", Value::String(self.wallet.name.clone())),
            ("wallet.path", Value::String(self.wallet.path.clone())),
            ("wallet.body", Value::Object(self.wallet.body.clone())),
        ];
        for (key, template) in templates {
            let unknown = names(&template).iter().any(|name| !NAMES.contains(&name.as_str()));
            checks.wrong(unknown, key, "has a name in braces that nothing fills", hint);
        }
        password::check(&self.password_rule, checks, "password_rule");
    }
}

/// The names in braces in all texts of a value.
fn names(template: &Value) -> Vec<String> {
    match template {
        Value::String(text) => {
            let opened = text.split('{').skip(1);
            opened.filter_map(|rest| Some(rest.split_once('}')?.0.to_owned())).collect()
        }
        Value::Array(list) => list.iter().flat_map(names).collect(),
        Value::Object(map) => map.values().flat_map(names).collect(),
        _ => Vec::new(),
    }
}
