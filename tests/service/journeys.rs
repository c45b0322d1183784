//! Whole journeys, from the sign-up to the end: every trap of the far side, each user on a way of its own.

use serde_json::json;

use crate::db::TestDb;
use crate::on_both_databases;
use crate::world::{Setup, World, quick_flow};

on_both_databases!(
    everybody_ends_where_they_should_and_the_provider_did_everything_once,
    an_asset_that_is_minted_moves_whoever_waits_for_the_wallet,
);

/// External id, local part of the address, language.
const PEOPLE: [(&str, &str, &str); 9] = [
    ("ann", "ann", "en"),
    ("ben-exists", "ben", "en"),
    ("cid-lost", "cid", "en"),
    ("dan-undone", "dan", "en"),
    ("eve-slow", "eve", "en"),
    ("fay-assetlost", "fay", "en"),
    ("gus-silent", "gus", "en"),
    ("hal", "bounce-hal", "en"),
    ("ida", "ida", "de"),
];

async fn everybody_ends_where_they_should_and_the_provider_did_everything_once(db: &TestDb) {
    let world = Setup::default().start(db).await;
    let mut all = Vec::new();
    for (user, mailbox, locale) in PEOPLE {
        let id = world.sign_up(user, &format!("{mailbox}@example.com"), locale).await;
        all.push((user, mailbox, id));
    }
    for (user, mailbox, id) in &all {
        let ended = world.comes_to(id, "completed").await;
        assert_eq!((&ended["state"], &ended["next"]), (&json!("done"), &json!(null)), "{user}");
        assert!(ended["why"].as_str().unwrap().starts_with("completed in done since 20"), "{user}: {ended}");
        let made = made(&world, user).await;
        // A user who exists already was made by somebody else.
        let users = usize::from(!user.ends_with("-exists"));
        assert_eq!(made, [users, 1], "users and assets that were made for {user}");
        let mails = world.mails(&format!("{mailbox}@example.com")).await;
        assert_eq!(mails.len(), usize::from(!mailbox.starts_with("bounce")), "{user}: {mails:?}");
    }
    let summary = world.far.summary().original;
    assert_eq!((summary.users, summary.duplicate_users, summary.duplicate_assets), (9, 0, 0));
    let german = world.mails("ida@example.com").await;
    assert_eq!(german[0]["subject"], "Ihr Wallet ist bereit");
    world.stop().await;
}

async fn an_asset_that_is_minted_moves_whoever_waits_for_the_wallet(db: &TestDb) {
    // No event of a wallet is known, and no poll comes in time.
    let flow = quick_flow().replace("after: 400ms", "after: 1h").replace("every: 200ms..2s", "every: 1h");
    let setup = Setup::default().flow(&flow);
    let world = setup.sandbox(|options| options.original.wallet_event = "something.else".to_owned()).start(db).await;
    let id = world.sign_up("ann", "ann@example.com", "en").await;
    world.comes_to(&id, "completed").await;
    world.stop().await;
}

/// How many users and assets the calls for this user made.
async fn made(world: &World, user: &str) -> [usize; 2] {
    let calls = world.calls(&format!("external_id={user}")).await;
    let of = |action: &str| {
        let mine = calls.iter().filter(|call| call["action"] == action);
        mine.filter(|call| {
            ["done", "lost_done", "slow_done", "failed_done"].contains(&call["effect"].as_str().unwrap())
        })
        .count()
    };
    [of("create_user"), of("create_asset")]
}
