//! A wallet as the provider shows it, and the pages of a list of them. Unknown values of `status` are kept, never
//! understood; `address` and `name` may be absent; `custodial` is stored and decides nothing.

use gangway_core::event::{FactReport, Identifier, Trust};
use gangway_core::outcome::Answer;
use gangway_core::time::Timestamp;
use serde_json::{Map, Value, json};

use super::users::items;
use super::{Desk, WALLET_ID};
use crate::providers::complaint::Complaint;
use crate::providers::haven::settings::OwnerFilter;
use crate::providers::parts::{given, text};
use crate::providers::{Call, Far, HttpRequest, Stop};

/// Name of the fact that a wallet can be used.
pub const WALLET_ACTIVE: &str = "haven.wallet_active";
/// The status of a wallet that can be used.
pub const ACTIVE: &str = "Active";

/// A wallet.
#[derive(Clone, Debug, PartialEq)]
pub struct Wallet {
    /// `wa-…`.
    pub id: String,
    /// The provider's own word; `unknown` when it says none.
    pub status: String,
    /// What is kept of it: `wallet_id`, `network`, and where told `address`, `name`, `custodial`, `signing_key`,
    /// `date_created`, `date_exported`, `tags`.
    fields: Map<String, Value>,
}

impl Wallet {
    /// Reads one; without an id there is none. What names a wallet beside its own id is another thing: a transaction,
    /// a transfer.
    #[must_use]
    pub fn read(wallet: &Value) -> Option<Self> {
        let id = text(wallet, "id").filter(|_| wallet.get("walletId").is_none())?;
        let network = text(wallet, "network").unwrap_or_else(|| "unknown".to_owned());
        let mut fields = Map::from_iter([("wallet_id".to_owned(), json!(id)), ("network".to_owned(), json!(network))]);
        for name in ["address", "name"] {
            fields.extend(text(wallet, name).map(|value| (name.to_owned(), Value::String(value))));
        }
        let custodial = wallet.get("custodial").and_then(Value::as_bool);
        fields.extend(custodial.map(|custodial| ("custodial".to_owned(), Value::Bool(custodial))));
        for (name, theirs) in [("date_created", "dateCreated"), ("date_exported", "dateExported")] {
            fields.extend(text(wallet, theirs).map(|value| (name.to_owned(), Value::String(value))));
        }
        let key = wallet.get("signingKey").map(signing_key).filter(|key| !key.is_empty());
        fields.extend(key.map(|key| ("signing_key".to_owned(), Value::Object(key))));
        let tags = wallet.get("tags").and_then(Value::as_array).map(|tags| tags.iter().filter(|tag| tag.is_string()));
        fields.extend(tags.map(|tags| ("tags".to_owned(), tags.cloned().collect())));
        Some(Self { id, status: text(wallet, "status").unwrap_or_else(|| "unknown".to_owned()), fields })
    }

    /// All wallets of a list; one alone may stand for it.
    #[must_use]
    pub fn all(list: Option<&Value>) -> Vec<Self> {
        match list {
            Some(Value::Array(list)) => list.iter().filter_map(Self::read).collect(),
            Some(one) => Self::read(one).into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// Whether it can be used.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status.eq_ignore_ascii_case(ACTIVE)
    }

    /// The fact that it can be used.
    #[must_use]
    pub fn fact(&self, time: Option<Timestamp>, trust: Trust) -> FactReport {
        let kept = |name: &&String| FACT.contains(&name.as_str());
        let fields =
            self.fields.iter().filter(|(name, _)| kept(name)).map(|(name, value)| (name.clone(), value.clone()));
        let (name, resource) = (WALLET_ACTIVE.to_owned(), self.id.clone());
        FactReport { name, resource, fields: fields.collect(), time, rank: 0, trust }
    }

    /// What an answer writes of it: all that is kept, `name` as `wallet_name`, and `wallet_status`.
    #[must_use]
    pub fn written(&self) -> Map<String, Value> {
        let name = |name: &str| if name == "name" { "wallet_name".to_owned() } else { name.to_owned() };
        let mut written: Map<_, _> = self.fields.iter().map(|(key, value)| (name(key), value.clone())).collect();
        written.insert("wallet_status".to_owned(), json!(self.status));
        written
    }

    /// As an item of the list `wallets`.
    fn item(&self) -> Value {
        let mut item = self.fields.clone();
        item.insert("status".to_owned(), json!(self.status));
        Value::Object(item)
    }
}

/// Fields that [`put`] always writes, and those that it writes where the provider tells them.
pub const WRITES: [&str; 4] = ["wallet_id", "network", "wallet_status", "wallets"];
/// See [`WRITES`].
pub const MAY_WRITE: [&str; 7] =
    ["address", "wallet_name", "custodial", "signing_key", "date_created", "date_exported", "tags"];
/// Fields of the fact that a wallet can be used, the first two always.
pub const FACT: [&str; 7] = ["wallet_id", "network", "address", "signing_key", "date_created", "date_exported", "tags"];

/// Puts wallets into an answer: the first one's fields (one that can be used before one that cannot), the list, an
/// identifier for each, a fact for each that can be used. Nothing, and `None`, when there is none.
#[must_use]
pub fn put(mut answer: Answer, wallets: &[Wallet], sent_at: Timestamp) -> Option<Answer> {
    let first = wallets.iter().find(|wallet| wallet.is_active()).or(wallets.first())?;
    answer.fields.extend(first.written());
    answer.fields.insert("wallets".to_owned(), wallets.iter().map(Wallet::item).collect());
    answer.identifiers.extend(wallets.iter().map(|wallet| Identifier::new(WALLET_ID, &*wallet.id)));
    let active = wallets.iter().filter(|wallet| wallet.is_active());
    answer.facts.extend(active.map(|wallet| wallet.fact(Some(sent_at), Trust::Fact)));
    Some(answer)
}

/// `signingKey`: which key it is, and its public half.
fn signing_key(key: &Value) -> Map<String, Value> {
    let fields = [("id", "id"), ("scheme", "scheme"), ("curve", "curve"), ("public_key", "publicKey")];
    let field = |(name, theirs): (&str, &str)| Some((name.to_owned(), Value::String(text(key, theirs)?)));
    fields.into_iter().filter_map(field).collect()
}

/// What a list of a user's wallets says.
pub enum Owned {
    /// These, and when the last page was asked for.
    Wallets(Vec<Wallet>, Timestamp),
    /// This user's are not shown.
    Refused(Complaint),
}

/// More pages of wallets than any owner has.
const MOST_PAGES: usize = 10;

impl Desk {
    /// All wallets of the user of this id, or whom the input names. The filter is repeated with each page.
    pub(super) async fn wallets(&self, call: &Call<'_>, id: Option<&str>, far: &dyn Far) -> Result<Owned, Stop> {
        let filter = self.owner(call, id)?;
        let (mut wallets, mut query) = (Vec::new(), vec![filter.clone()]);
        let mut pages = 0;
        loop {
            let reply = far.send(HttpRequest { query, ..self.request("GET", "/wallets") }).await?;
            let said = match self.data(&reply) {
                Ok(said) => said,
                Err(refusal) => return refusal.of_read().map(Owned::Refused),
            };
            let items = items(&said).ok_or_else(|| Stop::unclear("a list of wallets without `items`"))?;
            wallets.extend(items.into_iter().filter_map(Wallet::read));
            pages += 1;
            match text(&said, "nextPageToken").filter(|_| pages < MOST_PAGES) {
                Some(token) => query = vec![filter.clone(), ("paginationToken".to_owned(), token)],
                None => return Ok(Owned::Wallets(wallets, reply.sent_at)),
            }
        }
    }

    /// The filter of a list, and the owner; some installations want the one, some the other.
    fn owner(&self, call: &Call<'_>, user_id: Option<&str>) -> Result<(String, String), Stop> {
        let username = given(call.input, "username");
        let (filter, owner) = match self.settings.wallet_owner {
            OwnerFilter::Owner => ("owner", user_id.or(username)),
            OwnerFilter::OwnerId => ("ownerId", user_id),
            OwnerFilter::OwnerUsername => ("ownerUsername", username),
        };
        let which = "whichever providers.haven.wallet_owner filters by";
        let missing = || Stop::Broken(format!("{} needs user_id or username, {which}", call.action));
        Ok((filter.to_owned(), owner.ok_or_else(missing)?.to_owned()))
    }
}
