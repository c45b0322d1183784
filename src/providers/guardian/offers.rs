//! What flows may name: actions with their input and outcomes, and how passwords are made. Kept in step with `calls`
//! by a test.

use gangway_core::catalogue::{Catalogue, Field, OutcomeSpec};
use gangway_core::retry::Policy;
use gangway_core::secret::PasswordRule;

use super::calls::onboard::{NEEDED, OPTIONAL, OPTIONAL_SECRETS};
use crate::providers::parts::{action, input, outcome, secret_input};

/// Adds everything of this provider; `onboard` is how a task is started.
pub fn describe(catalogue: &mut Catalogue, policy: &Policy, onboard: &Policy, rule: PasswordRule) {
    catalogue.providers.insert("guardian".to_owned());
    catalogue.passwords.insert("guardian".to_owned(), rule);
    for (name, about, (input, outcomes), effectful) in actions() {
        let policy = if effectful { onboard } else { policy };
        let spec = action(about, input, outcomes, effectful, policy);
        catalogue.actions.insert(format!("guardian.{name}"), spec);
    }
}

type Shape = (Vec<Field>, Vec<OutcomeSpec>);

/// Name, what it does, input and outcomes, and whether it changes anything.
fn actions() -> [(&'static str, &'static str, Shape, bool); 4] {
    let complaint = |name| outcome(name, &["code", "reason"], &[]);
    let nothing = |name| outcome(name, &[], &[]);
    let credentials = || [input(&["username"], true), secret_input(&["password"], true)].concat();
    [
        (
            "onboard",
            "Starts a task that makes an account with a DID.",
            (
                [
                    input(&NEEDED, true),
                    secret_input(&["password"], true),
                    input(&OPTIONAL, false),
                    secret_input(&OPTIONAL_SECRETS, false),
                ]
                .concat(),
                vec![
                    outcome("accepted", &["task_id"], &[]),
                    outcome("registered", &[], &["did"]),
                    complaint("exists"),
                    complaint("refused"),
                    outcome("weak_password", &["lacks", "code", "reason"], &[]),
                ],
            ),
            true,
        ),
        (
            "get_task",
            "Reads a task: is it done?",
            (
                input(&["task_id"], true),
                vec![nothing("running"), nothing("completed"), complaint("failed"), nothing("empty")],
            ),
            false,
        ),
        (
            "login_user",
            "Logs in as the user: is there an account, and does it have a DID?",
            (credentials(), vec![outcome("with_did", &["did"], &[]), nothing("without_did"), complaint("refused")]),
            false,
        ),
        (
            "read_account",
            "Reads what a finished task made, as the user who owns it.",
            (
                [credentials(), input(&["task_id"], false)].concat(),
                vec![
                    outcome("ready", &["did"], &["hedera_account_id", "public_key"]),
                    nothing("not_yet"),
                    complaint("refused"),
                ],
            ),
            false,
        ),
    ]
}
