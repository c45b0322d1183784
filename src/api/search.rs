//! Any identifier -> the people it names. One search for API, command line and screens.

use std::collections::BTreeMap;

use gangway_core::event::{Identifier, OnboardingId, UserId};
use uuid::Uuid;

use crate::store::search::SeenUser;
use crate::store::{Store, StoreError};

/// Longest identifier that is looked for.
pub const LONGEST: usize = 1024;

/// Everything that a text may be an identifier of: the external id, an e-mail address, and every kind that the
/// providers' adapters write.
#[must_use]
pub fn candidates(text: &str, kinds: &[String]) -> Vec<Identifier> {
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST {
        return Vec::new();
    }
    let mut found = vec![Identifier::new(Identifier::EXTERNAL_ID, text)];
    if text.contains('@') {
        found.push(Identifier::new(Identifier::EMAIL, text));
    }
    found.extend(kinds.iter().map(|kind| Identifier::new(kind, text)));
    found
}

/// The users that this text names, in order of id: by identifier, by gangway's own id, or by an onboarding's.
///
/// # Errors
/// When the database cannot answer.
pub async fn find(store: &Store, text: &str, kinds: &[String]) -> Result<Vec<SeenUser>, StoreError> {
    let candidates = candidates(text, kinds);
    if candidates.is_empty() {
        return Ok(Vec::new());
    }
    let id = |user: &SeenUser| user.as_ref().map_or_else(|shut| shut.id, |user| user.id);
    let mut found: BTreeMap<UserId, SeenUser> = BTreeMap::new();
    for user in store.users_by(&candidates).await? {
        found.insert(id(&user), user);
    }
    if let Ok(named) = Uuid::parse_str(text.trim()) {
        let through = match store.seen(OnboardingId(named)).await? {
            Some(Ok(onboarding)) => Some(Ok(onboarding.user)),
            Some(Err(shut)) => store.user(shut.user).await?,
            None => None,
        };
        for user in store.user(UserId(named)).await?.into_iter().chain(through) {
            found.insert(id(&user), user);
        }
    }
    Ok(found.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::candidates;

    #[test]
    fn one_text_is_looked_for_under_every_kind_that_it_could_be() {
        let kinds = ["original.user_uid".to_owned(), "original.wallet".to_owned()];
        let found = |text| candidates(text, &kinds).into_iter().map(|one| one.kind).collect::<Vec<_>>();
        assert_eq!(found("144323"), ["user.external_id", "original.user_uid", "original.wallet"]);
        assert_eq!(
            found(" ada@example.com "),
            ["user.external_id", "user.email", "original.user_uid", "original.wallet"]
        );
        assert!(found("  ").is_empty());
        assert!(found(&"x".repeat(2000)).is_empty());
    }
}
