//! What flows may name: actions with their input and outcomes, and facts. Kept in step with `calls` by a test.
//! `register_webhook` and `missed_deliveries` are left out: no flow asks for them.

use gangway_core::catalogue::{Catalogue, FactSpec, Field, OutcomeSpec};
use gangway_core::retry::Policy;

use super::calls::WALLET_ID;
use super::calls::challenge::{self, TEMPORARY_TOKEN};
use super::calls::wallet::{self, WALLET_ACTIVE};
use crate::providers::parts::{action, confirm, input, outcome, secret_input, with_secrets, words};

/// Adds everything of this provider.
pub fn describe(catalogue: &mut Catalogue, policy: &Policy) {
    catalogue.providers.insert("haven".to_owned());
    for (name, about, input, outcomes, effectful) in actions() {
        let spec = action(about, input, outcomes, effectful, policy);
        catalogue.actions.insert(format!("haven.{name}"), spec);
    }
    catalogue.facts.insert(
        WALLET_ACTIVE.to_owned(),
        FactSpec {
            about: "A wallet of the user can be used.".to_owned(),
            fields: words(&["wallet_id", "network", "address"]),
            confirm: Some(confirm("haven.get_wallet", "wallet_id", WALLET_ID)),
        },
    );
}

type Action = (&'static str, &'static str, Vec<Field>, Vec<OutcomeSpec>, bool);

fn actions() -> Vec<Action> {
    let started = || with_secrets(outcome("started", &challenge::WRITES, &challenge::MAY_WRITE), &[TEMPORARY_TOKEN]);
    vec![
        (
            "start_registration",
            "Begins the registration of an end user, by the service account.",
            [input(&["email"], true), input(&["external_id"], false)].concat(),
            vec![started(), nothing("exists"), refused(), nothing("awaiting_approval")],
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
            vec![completed(), nothing("exists"), nothing("token_expired"), refused(), nothing("awaiting_approval")],
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
        (
            "get_wallet",
            "Reads a wallet: can it be used?",
            input(&["wallet_id"], true),
            vec![one("active"), one("not_active"), nothing("not_found")],
            false,
        ),
        (
            "list_wallets",
            "Reads the wallets of a user.",
            input(&["user_id", "username"], false),
            vec![with_wallets("found", &[], &[]), nothing("none")],
            false,
        ),
        (
            "activate_wallet",
            "Deploys a wallet's account where its network wants that first.",
            input(&["wallet_id"], true),
            vec![one("activated"), one("not_active"), nothing("not_found"), refused(), nothing("awaiting_approval")],
            true,
        ),
    ]
}

fn nothing(name: &str) -> OutcomeSpec {
    outcome(name, &[], &[])
}

fn refused() -> OutcomeSpec {
    outcome("refused", &["code", "reason"], &[])
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
