//! What flows may name: actions with their input and outcomes, and facts. Kept in step with `calls` by a test.

use gangway_core::catalogue::{ActionSpec, Catalogue, FactSpec};
use gangway_core::retry::Policy;

use super::calls::get_asset::{BURNED, KEPT, MINTED};
use super::calls::user::WALLET_CREATED;
use super::calls::{ASSET_UID, USER_UID};
use crate::providers::parts::{action, confirm, input, outcome, words};

/// Adds everything of this provider.
pub fn describe(catalogue: &mut Catalogue, policy: &Policy) {
    catalogue.providers.insert("original".to_owned());
    for (name, spec) in actions(policy) {
        catalogue.actions.insert(format!("original.{name}"), spec);
    }
    catalogue.facts.insert(
        WALLET_CREATED.to_owned(),
        FactSpec {
            about: "The user has a wallet.".to_owned(),
            fields: words(&["user_uid", "address", "network", "chain_id", "explorer_url"]),
            confirm: Some(confirm("original.get_user", "user_uid", USER_UID)),
        },
    );
    for (name, about) in [(MINTED, "The asset is minted."), (BURNED, "The asset is burned.")] {
        catalogue.facts.insert(
            name.to_owned(),
            FactSpec {
                about: about.to_owned(),
                fields: words(&["asset_uid"]).into_iter().chain(words(&KEPT)).collect(),
                confirm: Some(confirm("original.get_asset", "asset_uid", ASSET_UID)),
            },
        );
    }
}

fn actions(policy: &Policy) -> [(&'static str, ActionSpec); 4] {
    let spec = |about: &str, input, outcomes, effectful| action(about, input, outcomes, effectful, policy);
    let refused = || outcome("refused", &["code", "reason"], &[]);
    let uid = |name| outcome(name, &["uid"], &[]);
    let nothing = |name| outcome(name, &[], &[]);
    let wallet = outcome("has_wallet", &["uid", "address", "network", "wallets"], &["chain_id", "explorer_url"]);
    let asset_input = [
        input(&["user_uid", "asset_external_id", "name", "unique_name", "image_url", "store_image_on_ipfs"], true),
        input(&["collection_uid", "description", "external_url", "sale_price_in_usd", "attributes"], false),
    ];
    [
        (
            "create_user",
            spec(
                "Makes a user, or finds the one that has this external id or e-mail.",
                input(&["user_external_id", "email"], false),
                vec![uid("created"), uid("exists"), refused()],
                true,
            ),
        ),
        (
            "get_user",
            spec(
                "Reads a user: does it have a wallet?",
                input(&["user_uid", "user_external_id", "email"], false),
                vec![wallet, uid("no_wallet"), nothing("not_found")],
                false,
            ),
        ),
        (
            "create_asset",
            spec(
                "Makes an asset for a user; the first one makes the user's wallet too.",
                asset_input.concat(),
                vec![uid("created"), uid("exists"), refused()],
                true,
            ),
        ),
        (
            "get_asset",
            spec(
                "Reads an asset: is it minted?",
                input(&["asset_uid"], true),
                vec![outcome("minted", &["uid"], &KEPT), uid("not_minted"), nothing("not_found")],
                false,
            ),
        ),
    ]
}
