//! What flows may name: actions with their input and outcomes, and facts. Kept in step with `calls` by a test.

use gangway_core::catalogue::{ActionSpec, Catalogue, FactSpec, Field, OutcomeSpec};
use gangway_core::retry::Policy;

use super::calls::ISSUANCE_ID;
use super::calls::create_user::FIELDS;
use super::calls::get_issuance::{COMPLETED, EXPIRED, FAILED, PARTIALLY_ISSUED};
use crate::providers::parts::{confirm, input, outcome, secret_input, with_secrets, words};

/// Adds everything of this provider.
pub fn describe(catalogue: &mut Catalogue, policy: &Policy) {
    catalogue.providers.insert("didx".to_owned());
    for (name, about, (input, outcomes), (effectful, look_up)) in actions() {
        let spec = ActionSpec { about: about.to_owned(), input, outcomes, effectful, look_up, policy: policy.clone() };
        catalogue.actions.insert(format!("didx.{name}"), spec);
    }
    for (name, about) in [
        (COMPLETED, "The person has the credential."),
        (PARTIALLY_ISSUED, "The person has some of the credentials."),
        (FAILED, "The issuance failed."),
        (EXPIRED, "The offer expired."),
    ] {
        catalogue.facts.insert(
            name.to_owned(),
            FactSpec {
                about: about.to_owned(),
                fields: words(&["issuance_id", "credential_id"]),
                confirm: Some(confirm("didx.get_issuance", "issuance_id", ISSUANCE_ID)),
            },
        );
    }
}

type Shape = (Vec<Field>, Vec<OutcomeSpec>);

/// Name, what it does, input and outcomes, and whether it changes anything and can be looked up.
fn actions() -> [(&'static str, &'static str, Shape, (bool, bool)); 5] {
    let complaint = |name| outcome(name, &["code", "reason"], &[]);
    let account = |name| outcome(name, &[], &["email", "username"]);
    let issuance = |name| outcome(name, &["issuance_id"], &["credential_id"]);
    [
        (
            "create_user",
            "Makes an account, or finds the one that this e-mail address has.",
            (
                input(&FIELDS.map(|(ours, _)| ours), false),
                vec![
                    with_secrets(account("created"), &["temp_password"]),
                    account("exists"),
                    account("exists_after_unknown"),
                    complaint("conflict"),
                    complaint("refused"),
                ],
            ),
            (true, true),
        ),
        (
            "issue_credential",
            "Makes an offer of a credential from a template.",
            (
                [input(&["attributes"], true), input(&["credential_template_id"], false)].concat(),
                vec![with_secrets(issuance("offered"), &["offer_uri"]), complaint("refused")],
            ),
            (true, false),
        ),
        (
            "send_offer",
            "Hands an offer to a person's wallet.",
            (
                [secret_input(&["offer_uri"], true), input(&["recipient"], true), input(&["identifier_type"], false)]
                    .concat(),
                vec![outcome("sent", &[], &[]), complaint("refused")],
            ),
            (true, false),
        ),
        (
            "get_issuance",
            "Reads an issuance: does the person have the credential?",
            (
                input(&["issuance_id"], true),
                vec![
                    issuance("completed"),
                    issuance("partially_issued"),
                    outcome("offered", &["issuance_id", "status"], &["credential_id"]),
                    issuance("failed"),
                    issuance("expired"),
                    outcome("not_found", &[], &[]),
                ],
            ),
            (false, false),
        ),
        (
            "revoke_credential",
            "Takes a credential back.",
            (input(&["credential_id"], true), vec![outcome("revoked", &[], &[]), complaint("refused")]),
            (true, false),
        ),
    ]
}
