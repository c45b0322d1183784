//! What flows may name: actions with their input and outcomes, and facts. Kept in step with `calls` by a test.
//! `register_webhook` and `missed_deliveries` are left out: no flow asks for them.

use gangway_core::catalogue::{Catalogue, FactSpec, Field, OutcomeSpec};
use gangway_core::retry::Policy;

use super::calls::WALLET_ID;
use super::calls::challenge::{self, TEMPORARY_TOKEN};
use super::calls::wallet::{self, FACT, WALLET_ACTIVE};
use crate::providers::parts::{action, confirm, input, outcome, secret_input, with_secrets, words};

/// Adds everything of this provider.
pub fn describe(catalogue: &mut Catalogue, policy: &Policy) {
    catalogue.providers.insert("haven".to_owned());
    for (name, about, input, outcomes, effectful) in of_users().into_iter().chain(of_wallets()) {
        let spec = action(about, input, outcomes, effectful, policy);
        catalogue.actions.insert(format!("haven.{name}"), spec);
    }
    catalogue.facts.insert(
        WALLET_ACTIVE.to_owned(),
        FactSpec {
            about: "A wallet of the user can be used.".to_owned(),
            fields: words(&FACT),
            confirm: Some(confirm("haven.get_wallet", "wallet_id", WALLET_ID)),
        },
    );
}

type Action = (&'static str, &'static str, Vec<Field>, Vec<OutcomeSpec>, bool);

fn of_users() -> Vec<Action> {
    let started = || with_secrets(outcome("started", &challenge::WRITES, &challenge::MAY_WRITE), &[TEMPORARY_TOKEN]);
    vec![
        (
            "create_user",
            "Makes an end user, whose registration begins later.",
            [input(&["email"], true), input(&["external_id"], false)].concat(),
            vec![
                outcome("created", &["user_id", "username"], &[]),
                outcome("exists", &["username"], &[]),
                refused(),
                nothing("awaiting_approval"),
            ],
            true,
        ),
        (
            "start_registration",
            "Begins the registration of an end user, by the service account.",
            [input(&["email"], true), input(&["external_id"], false)].concat(),
            vec![started(), nothing("exists"), told("unfinished"), refused(), nothing("awaiting_approval")],
            true,
        ),
        (
            "start_with_code",
            "Begins the registration of an end user who has a registration code.",
            [input(&["username"], true), secret_input(&["registration_code"], true), input(&["org_id"], false)]
                .concat(),
            vec![started(), nothing("exists"), refused()],
            false,
        ),
        (
            "complete_enduser",
            "Registers the credentials that the person's device made, and makes the first wallets.",
            [
                input(&["user_id", "username"], true),
                secret_input(&[TEMPORARY_TOKEN, "first_factor"], true),
                secret_input(&["second_factor", "recovery"], false),
                input(&["wallets"], false),
            ]
            .concat(),
            vec![completed(), nothing("exists"), told("token_expired"), refused(), nothing("awaiting_approval")],
            true,
        ),
        (
            "recover",
            "Finds the wallets of a user who is registered already.",
            [input(&["username"], true), input(&["user_id"], false)].concat(),
            vec![
                with_wallets("recovered", &["username"], &["user_id"]),
                nothing("no_wallet"),
                nothing("not_registered"),
                refused(),
                nothing("awaiting_approval"),
            ],
            false,
        ),
    ]
}

fn of_wallets() -> Vec<Action> {
    vec![
        (
            "get_wallet",
            "Reads a wallet: can it be used?",
            input(&["wallet_id"], true),
            vec![one("active"), one("not_active"), nothing("not_found"), refused()],
            false,
        ),
        (
            "list_wallets",
            "Reads the wallets of a user.",
            input(&["user_id", "username"], false),
            vec![with_wallets("found", &[], &[]), nothing("none"), refused()],
            false,
        ),
        (
            "activate_wallet",
            "Asks for the account of a wallet whose network wants that first; it is active some time later.",
            [input(&["wallet_id"], true), input(&["body"], false)].concat(),
            vec![
                outcome("requested", &["wallet_id"], &["transaction_id", "transaction_status"]),
                one("activated"),
                nothing("not_found"),
                refused(),
                nothing("awaiting_approval"),
            ],
            true,
        ),
    ]
}

fn nothing(name: &str) -> OutcomeSpec {
    outcome(name, &[], &[])
}

fn refused() -> OutcomeSpec {
    told("refused")
}

/// An outcome with what the provider says of it.
fn told(name: &str) -> OutcomeSpec {
    outcome(name, &["code", "reason"], &[])
}

fn completed() -> OutcomeSpec {
    let may = ["org_id", "credential_uuid", "credential_kind", "credential_name"];
    with_wallets("completed", &["user_id", "username"], &may)
}

fn with_wallets(name: &str, writes: &[&str], may_write: &[&str]) -> OutcomeSpec {
    outcome(name, &[writes, &wallet::WRITES].concat(), &[may_write, &wallet::MAY_WRITE].concat())
}

fn one(name: &str) -> OutcomeSpec {
    outcome(name, &["wallet_id", "network", "wallet_status", "status"], &wallet::MAY_WRITE)
}
