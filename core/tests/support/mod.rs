//! A catalogue like Original's, for tests of flow files.

use std::collections::BTreeMap;

use gangway_core::catalogue::{ActionSpec, Catalogue, Confirm, FactSpec, Field, OutcomeSpec, TemplateSpec};
use gangway_core::secret::PasswordRule;

/// The shipped flow.
#[allow(dead_code, reason = "not every test that shares this file needs it")]
pub const ORIGINAL_WALLET: &str = include_str!("../../../flows/original-wallet.yaml");

/// Input fields: a `?` at the end makes one optional, a `!` at the front makes one secret.
fn input(fields: &[&str]) -> Vec<Field> {
    let field = |text: &&str| Field {
        name: text.trim_start_matches('!').trim_end_matches('?').to_owned(),
        required: !text.ends_with('?'),
        secret: text.starts_with('!'),
    };
    fields.iter().map(field).collect()
}

/// Outcomes, each with the fields that it writes: a `?` at the end says sometimes, a `!` in front
/// says secret.
fn outcomes(all: &[(&str, &[&str])]) -> Vec<OutcomeSpec> {
    let outcome = |(name, fields): &(&str, &[&str])| OutcomeSpec {
        name: (*name).to_owned(),
        writes: fields
            .iter()
            .filter(|field| !field.ends_with('?') && !field.starts_with('!'))
            .map(|field| (*field).to_owned())
            .collect(),
        may_write: fields.iter().filter_map(|field| field.strip_suffix('?')).map(str::to_owned).collect(),
        secrets: fields.iter().filter_map(|field| field.strip_prefix('!')).map(str::to_owned).collect(),
    };
    all.iter().map(outcome).collect()
}

fn effectful(fields: &[&str], all: &[(&str, &[&str])]) -> ActionSpec {
    ActionSpec { input: input(fields), outcomes: outcomes(all), effectful: true, look_up: true, ..Default::default() }
}

fn read(fields: &[&str], all: &[(&str, &[&str])]) -> ActionSpec {
    ActionSpec { input: input(fields), outcomes: outcomes(all), ..Default::default() }
}

/// Actions, facts and templates for tests.
pub fn catalogue() -> Catalogue {
    let made: &[(&str, &[&str])] = &[("created", &["uid"]), ("exists", &["uid"]), ("refused", &["reason?"])];
    let asset = [
        "user_uid",
        "collection_uid?",
        "asset_external_id",
        "name",
        "unique_name",
        "image_url",
        "store_image_on_ipfs",
        "description?",
        "external_url?",
        "sale_price_in_usd?",
        "attributes?",
    ];
    let found: &[(&str, &[&str])] = &[("has_wallet", &["address", "network?"]), ("no_wallet", &[]), ("not_found", &[])];
    let actions = [
        ("original.create_user", effectful(&["user_external_id", "email?"], made)),
        ("original.create_asset", effectful(&asset, made)),
        ("original.get_user", read(&["user_uid"], found)),
        (
            "guardian.onboard",
            effectful(&["username", "!password"], &[("started", &["task_id", "!recovery_key"]), ("taken", &[])]),
        ),
    ];
    let confirm = Confirm {
        action: "original.get_user".to_owned(),
        input: BTreeMap::from([("user_uid".to_owned(), "original.user_uid".to_owned())]),
    };
    let wallet = FactSpec { fields: vec!["address".to_owned()], confirm: Some(confirm), ..Default::default() };
    let minted = FactSpec { fields: vec!["asset_uid".to_owned()], ..Default::default() };
    let welcome = TemplateSpec { values: vec!["wallet_address".to_owned()], locales: vec!["en".to_owned()] };
    let with_key = TemplateSpec { values: vec!["key".to_owned()], locales: vec!["en".to_owned()] };
    let rule = PasswordRule { min_length: 8, length: 20, upper: true, lower: true, digit: true, symbol: false };
    Catalogue {
        passwords: BTreeMap::from([("guardian".to_owned(), rule)]),
        providers: ["original", "guardian"].map(str::to_owned).into(),
        actions: actions.map(|(name, action)| (name.to_owned(), action)).into(),
        facts: [("original.wallet_created", wallet), ("original.asset_minted", minted)]
            .map(|(name, fact)| (name.to_owned(), fact))
            .into(),
        templates: [("welcome", welcome), ("sorry", TemplateSpec::default()), ("password", with_key)]
            .map(|(name, template)| (name.to_owned(), template))
            .into(),
        ..Default::default()
    }
}
