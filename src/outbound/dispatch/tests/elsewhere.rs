//! What this process is not set up for.

use std::collections::BTreeMap;

use gangway_core::catalogue::Catalogue;
use gangway_core::effect::{Mode, Request};
use gangway_core::explain::Rest;
use gangway_core::flow::model::Flow;
use gangway_core::time::Timestamp;
use serde_json::Map;

use super::{Scene, effect, key, ran_out};
use crate::engine::Rests;
use crate::store::types::{ExpiredLease, LeasedEffect};

/// A flow of another process's files: a call, a mail and a publication that cannot be performed here.
fn elsewhere() -> Flow {
    let text = "flow: elsewhere\nversion: 1\nstart: { on: y.z, user: { id: data.id } }\nstates:\n  \
                call: { call: acme.create, outcomes: { created: tell } }\n  \
                tell: { publish: told, outcomes: { sent: done } }\n  done: { end: completed }\n";
    gangway_core::flow::load_stored("elsewhere.yaml", text, &Catalogue::default()).unwrap()
}

#[tokio::test]
async fn what_this_process_is_not_set_up_for_is_left_to_others_and_delays_nothing() {
    let mut scene = Scene::new();
    scene.dispatcher.0.flows.add(elsewhere(), false);
    let mail = Request::Mail {
        template: "welcome".to_owned(),
        to: "a@b.example".to_owned(),
        locale: None,
        values: Map::new(),
        secrets: BTreeMap::new(),
    };
    let mail = LeasedEffect { request: mail, ..effect("", 2) };
    scene.due([effect("acme.create", 1), mail, effect("original.create", 3)]);
    scene.wire.gate.add_permits(1);
    let ticked = scene.tick().await;
    assert_eq!((ticked.begun, ticked.next), (1, None), "it is not asked for over and over");
    assert_eq!(scene.taken().await.0, key(3));
    assert!(scene.leases.asked.lock().iter().flatten().all(|(slot, _)| slot != "acme" && slot != "mail"));
    let waiting: Vec<_> = scene.dispatcher.elsewhere(Timestamp(1)).into_iter().map(|(slot, ..)| slot).collect();
    assert_eq!(waiting, ["acme", "mail"], "it is told since when they wait");
    assert!(scene.dispatcher.elsewhere(Timestamp(0)).is_empty());
    // A lease that ran out, too: only a process that is set up for it can look up what its attempt did.
    let ran_out = ExpiredLease { slot: "acme".to_owned(), ..ran_out(effect("", 4).id, 1) };
    scene.leases.expired.lock().push(ran_out);
    scene.clock.advance(scene.dispatcher.0.settings.sweep);
    assert_eq!(scene.swept().await, Vec::<String>::new());
    scene.clock.advance(scene.dispatcher.0.settings.retry.deadline);
    assert_eq!(scene.swept().await, [format!("{}/expired", key(4))], "no process was set up for it in all that time");
    for (slot, told) in [("acme", "providers.acme is not set up in this process"), ("mail", "mail.url")] {
        let rest = Rests::rest(&scene.dispatcher, slot, slot, Mode::Do);
        assert!(matches!(&rest, Some(Rest::Elsewhere { cause }) if cause.contains(told)), "{rest:?}");
    }
}
