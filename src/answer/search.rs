//! Any identifier -> the people it names, and the held events that carry it. One search for API, command line and screens.

use std::collections::{BTreeMap, BTreeSet};

use gangway_core::event::{Identifier, OnboardingId, UserId};
use gangway_core::matching::spellings;
use uuid::Uuid;

use crate::store::search::{JournalEntry, SeenUser};
use crate::store::{Store, StoreError};

/// Longest identifier that is looked for.
pub const LONGEST: usize = 1024;

/// Everything that a text may be an identifier of: the external id, an e-mail address, and every kind that the
/// providers' adapters write. In every spelling that looks the same: with `é` as one character or as two; and with a
/// `+` where there is a space, since a `+` that is not escaped in an address arrives as one.
#[must_use]
pub fn candidates(text: &str, kinds: &[String]) -> Vec<Identifier> {
    if text.trim().is_empty() || text.len() > LONGEST {
        return Vec::new();
    }
    let mut found = Vec::new();
    let trimmed = text.trim();
    // A phone number begins with one.
    let begins = text.starts_with(' ') && trimmed.starts_with(|c: char| c.is_ascii_digit());
    let plus = format!("{}{}", if begins { "+" } else { "" }, trimmed.replace(' ', "+"));
    for text in [trimmed].into_iter().chain(Some(plus.as_str()).filter(|plus| *plus != trimmed)) {
        for text in spellings(text) {
            found.push(Identifier::new(Identifier::EXTERNAL_ID, &text));
            if text.contains('@') {
                found.push(Identifier::new(Identifier::EMAIL, &text));
            }
            found.extend(kinds.iter().map(|kind| Identifier::new(kind, &text)));
        }
    }
    found
}

/// What a search found.
#[derive(Debug, Default)]
pub struct Found {
    /// The people whom the text names, in order of id.
    pub people: Vec<SeenUser>,
    /// Held events that carry it, the newest first.
    pub held: Vec<JournalEntry>,
}

/// Held events that are told.
const HELD: u32 = 10;

/// The people whom this text names: by identifier, by gangway's own id, or by an onboarding's. If there is nobody, by
/// what people copy from a log or a mail: an event's number, a delivery's id, a mail's Message-ID.
///
/// # Errors
/// When the database cannot answer.
pub async fn find(store: &Store, text: &str, kinds: &[String]) -> Result<Found, StoreError> {
    let candidates = candidates(text, kinds);
    if candidates.is_empty() {
        return Ok(Found::default());
    }
    let mut found: BTreeMap<UserId, SeenUser> = BTreeMap::new();
    let mut add = |user: SeenUser| drop(found.insert(id(&user), user));
    store.users_by(&candidates).await?.into_iter().for_each(&mut add);
    if let Ok(named) = Uuid::parse_str(text.trim()) {
        store.user(UserId(named)).await?.into_iter().for_each(&mut add);
        owner(store, OnboardingId(named)).await?.into_iter().for_each(&mut add);
    }
    if found.is_empty()
        && let Some(user) = copied(store, text.trim(), kinds).await?
    {
        found.insert(id(&user), user);
    }
    let held = store.held_naming(&candidates, HELD).await?.into_iter().map(|told| told.entry).collect();
    Ok(Found { people: found.into_values().collect(), held })
}

fn id(user: &SeenUser) -> UserId {
    user.as_ref().map_or_else(|shut| shut.id, |user| user.id)
}

async fn owner(store: &Store, onboarding: OnboardingId) -> Result<Option<SeenUser>, StoreError> {
    match store.seen(onboarding).await? {
        Some(Ok(onboarding)) => Ok(Some(Ok(onboarding.user))),
        Some(Err(shut)) => store.user(shut.user).await,
        None => Ok(None),
    }
}

/// Whose a text is that was copied from a log, a provider's screen or a mail.
async fn copied(store: &Store, text: &str, kinds: &[String]) -> Result<Option<SeenUser>, StoreError> {
    if let Some(onboarding) = of_message_id(text) {
        return owner(store, onboarding).await;
    }
    let mut event = match text.strip_prefix('#').unwrap_or(text).parse::<i64>() {
        Ok(seq) => store.event(seq).await?,
        Err(_) => None,
    };
    let providers: BTreeSet<&str> = kinds.iter().filter_map(|kind| Some(kind.split_once('.')?.0)).collect();
    for provider in providers {
        if event.is_none() {
            event = store.event_by_key(&format!("webhook:{provider}"), text).await?;
        }
    }
    match event.and_then(|told| told.user) {
        Some(user) => store.user(user).await,
        None => Ok(None),
    }
}

/// The onboarding in the `Message-ID` of a mail of ours: `<ID.n@host>`, with or without its brackets.
fn of_message_id(text: &str) -> Option<OnboardingId> {
    let (local, _) = text.trim_start_matches('<').split_once('@')?;
    let (id, n) = local.split_once('.')?;
    n.parse::<i64>().ok()?;
    Uuid::parse_str(id).ok().map(OnboardingId)
}

#[cfg(test)]
mod tests {
    use super::{candidates, of_message_id};

    #[test]
    fn the_message_id_of_a_mail_names_its_onboarding() {
        let id = "019ad1c2-0000-7000-8000-000000000001";
        let of = |text: &str| of_message_id(text).map(|id| id.to_string());
        assert_eq!(of(&format!("<{id}.3@mail.example>")).as_deref(), Some(id));
        assert_eq!(of(&format!("{id}.3@mail.example")).as_deref(), Some(id));
        assert_eq!((of("ada@example.org"), of(&format!("{id}@x")), of("x.3@y")), (None, None, None));
    }

    #[test]
    fn one_text_is_looked_for_under_every_kind_that_it_could_be() {
        let kinds = ["original.user_uid".to_owned(), "original.wallet".to_owned()];
        let found = |text| candidates(text, &kinds).into_iter().map(|one| one.kind).collect::<Vec<_>>();
        assert_eq!(found("144323"), ["user.external_id", "original.user_uid", "original.wallet"]);
        assert_eq!(
            found(" ada@example.com "),
            ["user.external_id", "user.email", "original.user_uid", "original.wallet"]
        );
        let values = |text| candidates(text, &[]).into_iter().map(|one| one.value).collect::<Vec<_>>();
        assert_eq!(values("ada tag"), ["ada tag", "ada+tag"], "a plus that was not escaped");
        assert_eq!(values(" 49170"), ["49170", "+49170"]);
        assert_eq!(values("Zoe\u{308}"), ["Zoe\u{308}", "Zo\u{eb}"], "composed and not");
        assert_eq!(values("Zo\u{eb}"), ["Zo\u{eb}", "Zoe\u{308}"]);
        assert!(found("  ").is_empty());
        assert!(found(&"x".repeat(2000)).is_empty());
    }
}
