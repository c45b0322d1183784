//! `POST /v1/{org}.{tenant}/resource-api/services/init` on the organisation's host, or as the settings write it: a
//! fresh account has no wallet. Safe to repeat with `createIfNotFound`.

use gangway_core::outcome::Answer;

use super::{Desk, refused, step};
use crate::providers::parts::object;
use crate::providers::waltid::error::{Refusal, Tells};
use crate::providers::{Call, Far, Stop};

/// Carries out this action.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let (names, wallet) = (step::names(desk, call), &desk.settings.wallet);
    // As the vendor's own tools have it for services.
    let tells = Tells { statuses: &[409], texts: &wallet.there };
    match step::ask(desk, &names, (wallet.host, &wallet.path, &wallet.body), tells, far).await {
        Ok(()) | Err(Refusal::Duplicate(_)) => {
            let mut answer = Answer::named("ready");
            answer.fields = object(step::field("wallet", names.get("wallet")));
            Ok(answer)
        }
        Err(Refusal::Refused(complaint)) => Ok(refused(&complaint)),
        Err(Refusal::Stop(stop)) => Err(stop),
    }
}
