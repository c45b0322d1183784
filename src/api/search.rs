//! Any identifier -> the people it names. One search for API, command line and screens.

use std::collections::BTreeMap;

use gangway_core::event::{Identifier, OnboardingId, UserId};
use gangway_core::matching::spellings;
use uuid::Uuid;

use crate::store::search::SeenUser;
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
        let values = |text| candidates(text, &[]).into_iter().map(|one| one.value).collect::<Vec<_>>();
        assert_eq!(values("ada tag"), ["ada tag", "ada+tag"], "a plus that was not escaped");
        assert_eq!(values(" 49170"), ["49170", "+49170"]);
        assert_eq!(values("Zoe\u{308}"), ["Zoe\u{308}", "Zo\u{eb}"], "composed and not");
        assert_eq!(values("Zo\u{eb}"), ["Zo\u{eb}", "Zoe\u{308}"]);
        assert!(found("  ").is_empty());
        assert!(found(&"x".repeat(2000)).is_empty());
    }
}
