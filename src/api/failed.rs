//! What the inside could not do, as told to the outside. The cause goes to the log, never to the caller.

use gangway_core::time::Millis;

use crate::engine::NotAccepted;
use crate::problem::{Problem, ProblemType};
use crate::store::StoreError;

/// When to try again while the database is away or this process stops.
const SOON: Millis = Millis::secs(2);

/// The problem of a read that failed.
pub(crate) fn failed(error: &StoreError) -> Problem {
    if let StoreError::Setup(_) = error {
        // A password that was changed, rights that are missing: mended without the caller's doing.
        tracing::error!(%error, "the database refuses every request");
        Problem::new(ProblemType::Unavailable, "the database takes no requests").come_again(SOON)
    } else if error.passing() {
        tracing::warn!(%error, "the database cannot answer a request");
        Problem::new(ProblemType::Unavailable, "the database is busy or away").come_again(SOON)
    } else {
        tracing::error!(%error, "the database refuses a request");
        Problem::new(ProblemType::Internal, "")
    }
}

impl From<NotAccepted> for Problem {
    fn from(why: NotAccepted) -> Self {
        match why {
            NotAccepted::Full(after) => {
                Self::new(ProblemType::Busy, "the intake queue is full; nothing was kept").come_again(after)
            }
            NotAccepted::Away(after) => {
                Self::new(ProblemType::Unavailable, "the database cannot take it; nothing was kept").come_again(after)
            }
            NotAccepted::Later(after) => Self::new(
                ProblemType::Unavailable,
                "its rows are in use, or the database fails at it; nothing was kept",
            )
            .come_again(after),
            NotAccepted::Stopping => Self::new(ProblemType::Unavailable, "stopping; nothing was kept").come_again(SOON),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::failed;
    use crate::problem::ProblemType;
    use crate::store::StoreError;

    #[test]
    fn the_caller_never_reads_what_the_database_said_and_is_told_to_come_again_unless_its_request_is_at_fault() {
        let said = || "password authentication failed for user gangway".to_owned();
        let errors = [
            (StoreError::Passing(said()), true),
            (StoreError::Unreachable(said()), true),
            (StoreError::Setup(said()), true),
            (StoreError::Poison(said()), false),
        ];
        for (error, come_again) in errors {
            let problem = failed(&error);
            assert!(!problem.to_string().contains("password"), "{problem}");
            assert_eq!(problem.kind == ProblemType::Unavailable, come_again, "{error}");
            assert_eq!(problem.retry_after.is_some(), come_again, "{error}");
        }
    }
}
