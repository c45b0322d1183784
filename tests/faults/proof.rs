//! The counting at the end: what the far end received against what the journal says.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Duration;

use gangway::settings::{Input, Settings};
use gangway::store::Store;
use gangway::store::search::{Filter, JournalEntry};
use gangway_core::event::{Body, Event};
use gangway_core::flow::model::Flow;
use gangway_core::onboarding::{Onboarding, Status};
use gangway_core::outcome::AttemptResult;
use serde_json::{Value, json};

use crate::wait;
use crate::world::{Client, Outbox, World, open_store};

/// Effects of a call at the far end by which something came to be.
const MADE: [&str; 4] = ["done", "failed_done", "lost_done", "slow_done"];

pub type History = Vec<(JournalEntry, Event)>;

/// Waits until everyone is on board. Meanwhile a person decides every review of a mail with an outcome that stayed
/// unknown (SMTP has no way to ask); any other review fails.
pub async fn decide_reviews(client: &Client, url: &str, count: usize, limit: Duration) {
    let decided = wait::within(limit, async || {
        for one in client.onboardings(url, "review").await? {
            let why = one["why"].to_string();
            let place = format!("{url}/v1/onboardings/{}", one["id"].as_str()?);
            if one["state"] != "welcome" || !why.contains("not known") {
                let journal = client.get(&format!("{place}/events?limit=500")).await;
                panic!("an unexpected review: {one:#}\n{:#}", journal.unwrap_or_default());
            }
            let place = format!("{place}/retry");
            let asked = client.http.post(place).bearer_auth(&client.token);
            asked.json(&json!({ "reason": "the mail may be sent again" })).send().await.ok()?;
        }
        (client.onboardings(url, "completed").await?.len() >= count).then_some(())
    });
    if decided.await.is_none() {
        client.everybody_on_board(url, count, Duration::ZERO).await;
    }
}

/// Waits until the far end has nothing more to send: late copies of webhooks count too.
pub async fn far_end_quiet(world: &World) {
    wait::until("the far end to be quiet", Duration::from_secs(60), async || {
        (world.sandbox.summary().pending == 0).then_some(())
    })
    .await;
}

/// Counts everything by id. gangway must not be running: a SQLite file is read like any other.
pub async fn nothing_lost_and_nothing_doubled(
    world: &World,
    database: &str,
    config: &Path,
    people: usize,
    outbox: &Outbox,
) -> Vec<(Onboarding, History)> {
    let store = open_store(database).await;
    let everybody = everybody(&store).await;
    assert_eq!(everybody.len(), people, "one onboarding each");
    for (onboarding, _) in &everybody {
        assert_eq!(onboarding.status, Status::Completed, "{onboarding:?}");
    }
    far_end_did_all_once(world, &everybody).await;
    mails_are_explained(world, &everybody).await;
    journal_has_what_was_accepted(world, &store, &everybody, outbox).await;
    replay_gives_what_is_stored(config, &everybody);
    everybody
}

/// Every onboarding with its history.
pub async fn everybody(store: &Store) -> Vec<(Onboarding, History)> {
    let all = store.onboardings(&Filter { limit: 10_000, ..Filter::default() }).await.unwrap();
    let mut with_history = Vec::with_capacity(all.len());
    for onboarding in all {
        let onboarding = onboarding.unwrap();
        let history = store.history(onboarding.id).await.unwrap();
        with_history.push((onboarding, history));
    }
    with_history
}

/// Each user and asset was made; for one made twice, an unknown outcome in the journal explains it.
pub async fn far_end_did_all_once(world: &World, everybody: &[(Onboarding, History)]) {
    let mut made: HashMap<(String, String), usize> = HashMap::new();
    for call in world.listed("/_calls").await {
        let text = |key: &str| call[key].as_str().unwrap_or_default().to_owned();
        if MADE.contains(&text("effect").as_str()) {
            *made.entry((text("external_id"), text("action"))).or_default() += 1;
        }
    }
    let mut twice = 0;
    for (onboarding, history) in everybody {
        for (action, state) in [("create_user", "create_user"), ("create_asset", "first_asset")] {
            let person = onboarding.user.external_id.clone();
            let times = made.get(&(person.clone(), action.to_owned())).copied().unwrap_or_default();
            assert!(times >= 1, "{action} was never done for {person}");
            let unknown = unknown_outcomes(history, state);
            assert!(
                times <= 1 + unknown,
                "{action} was done {times} times for {person}, {unknown} unknown: {history:#?}"
            );
            twice += times - 1;
        }
    }
    let summary = world.sandbox.summary();
    eprintln!("{summary:?}; {twice} done again after an unknown outcome");
    assert_eq!(usize::try_from(summary.original.users).unwrap(), everybody.len());
    assert_eq!(usize::try_from(summary.original.assets).unwrap(), everybody.len() + twice);
    // Original can be asked, so nothing has to be done twice at all.
    assert_eq!((summary.original.duplicate_users, summary.original.duplicate_assets), (0, 0));
}

/// Everyone has the mail; a further copy is the same message, and the journal says that its outcome was unknown.
async fn mails_are_explained(world: &World, everybody: &[(Onboarding, History)]) {
    let mut by_person: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for message in world.listed("/mailbox/messages").await {
        by_person.entry(message["to"][0].as_str().unwrap().to_owned()).or_default().push(message);
    }
    let mut further = 0;
    for (onboarding, history) in everybody {
        let address = onboarding.user.email.clone().unwrap();
        let mails = by_person.get(&address).map(Vec::as_slice).unwrap_or_default();
        assert!(!mails.is_empty(), "{address} got no mail: {history:#?}");
        let same = mails.iter().all(|mail| mail["message_id"] == mails[0]["message_id"]);
        assert!(same, "{address} got different mails: {mails:?}");
        let unknown = unknown_outcomes(history, "welcome");
        assert!(mails.len() <= 1 + unknown, "{address} got {} mails, {unknown} unknown: {history:#?}", mails.len());
        further += mails.len() - 1;
    }
    eprintln!("{further} mails sent again after an unknown outcome");
    assert_eq!(by_person.len(), everybody.len());
}

/// How many attempts of this state's effect ended unknown.
pub fn unknown_outcomes(history: &History, state: &str) -> usize {
    let unknown = |event: &Event| matches!(&event.body, Body::Outcome { result: AttemptResult::Unknown { .. }, .. });
    history.iter().filter(|(entry, event)| entry.from.as_deref() == Some(state) && unknown(event)).count()
}

/// What was answered with a 2xx is in the journal exactly once, with every copy counted.
async fn journal_has_what_was_accepted(
    world: &World,
    store: &Store,
    everybody: &[(Onboarding, History)],
    outbox: &Outbox,
) {
    assert!(store.events_by_verdict("held", None, 10).await.unwrap().is_empty(), "somebody's event was left held");
    assert!(store.events_by_verdict("duplicate", None, 10).await.unwrap().is_empty(), "a copy was taken for another");
    let mut journal: HashMap<(&str, &str), u32> = HashMap::new();
    for (entry, event) in everybody.iter().flat_map(|(_, history)| history) {
        let before = journal.insert((&event.source, &event.key), entry.copies);
        assert_eq!(before, None, "{} of {} is in the journal twice", event.key, event.source);
    }
    for ((source, key), sent) in outbox {
        let copies = journal.get(&(source.as_str(), key.as_str())).copied().unwrap_or_default();
        assert!(sent.accepted <= copies && copies <= sent.tries, "{key}: {sent:?}, {copies} copies in the journal");
    }
    for webhook in world.listed("/_webhooks").await {
        let key = webhook["correlation_id"].as_str().unwrap();
        let tries = webhook["tries"].as_array().unwrap();
        let accepted = tries.iter().filter(|one| one["status"] == 200).count();
        let copies = journal.get(&("webhook:original", key)).copied().unwrap_or_default() as usize;
        assert!(accepted <= copies && copies <= tries.len(), "{webhook}: {copies} copies in the journal");
        assert!(accepted > 0, "given up: {webhook}");
    }
}

/// The journal, folded again, gives the same onboarding.
pub fn replay_gives_what_is_stored(config: &Path, everybody: &[(Onboarding, History)]) {
    let flow = flow(config);
    for (stored, history) in everybody {
        let replayed = gangway::engine::replay::replay(&flow, &stored.user, history).unwrap();
        assert_eq!(&replayed, stored, "{history:#?}");
    }
}

fn flow(config: &Path) -> Flow {
    let file = Some((config.display().to_string(), std::fs::read_to_string(config).unwrap()));
    let settings = Settings::read(&Input { file, environment: Vec::new() }).unwrap();
    let (name, text) = gangway::app::SHIPPED[0];
    gangway_core::flow::load(name, text, &gangway::app::catalogue(&settings).unwrap()).unwrap()
}
