//! What flows may name: actions with their input and outcomes. Kept in step with `calls` by a test.

use gangway_core::catalogue::{ActionSpec, Catalogue};
use gangway_core::retry::Policy;
use gangway_core::secret::PasswordRule;

use super::calls::KEPT;
use crate::providers::parts::{action, input, outcome, secret_input};

/// Adds everything of this provider, with its usual password rule.
pub fn describe(catalogue: &mut Catalogue, policy: &Policy) {
    catalogue.providers.insert("waltid".to_owned());
    catalogue.passwords.insert("waltid".to_owned(), super::ROW.form().usual::<PasswordRule>("password_rule"));
    for (name, spec) in actions(policy) {
        catalogue.actions.insert(format!("waltid.{name}"), spec);
    }
}

fn actions(policy: &Policy) -> [(&'static str, ActionSpec); 4] {
    let spec = |about: &str, input, outcomes, effectful| action(about, input, outcomes, effectful, policy);
    let refused = || outcome("refused", &["status", "code", "reason"], &[]);
    let account = |name| outcome(name, &["account_id"], &KEPT);
    let profile = ["addressCountry", "address", "timeZone", "languagePreference", "open"];
    let place = ["account_id", "email", "organization", "tenant"];
    [
        (
            "register",
            spec(
                "Registers an account that logs in with its e-mail and password, or finds the one that has this e-mail.",
                [input(&["name", "email"], true), input(&profile, false), secret_input(&["password"], true)].concat(),
                vec![account("registered"), account("exists"), refused()],
                true,
            ),
        ),
        (
            "find_account",
            spec(
                "Looks an account up by its e-mail.",
                input(&["email"], true),
                vec![account("found"), outcome("not_found", &[], &[])],
                false,
            ),
        ),
        (
            "assign_role",
            spec(
                "Gives an account a role in an organisation: it starts with none.",
                [input(&place, false), input(&["role"], false)].concat(),
                vec![outcome("assigned", &[], &["role"]), refused()],
                true,
            ),
        ),
        (
            "init_wallet_service",
            spec(
                "Makes the wallet service of an account, or finds it: an account starts without a wallet.",
                [input(&place, false), input(&["wallet"], false)].concat(),
                vec![outcome("ready", &[], &["wallet"]), refused()],
                true,
            ),
        ),
    ]
}
