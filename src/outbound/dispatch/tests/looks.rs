//! When it looks: for what is due, when woken, and rarely for what it was not told of.

use gangway_core::time::Timestamp;

use super::{Scene, effect, key};
use crate::engine::Performer;

#[tokio::test]
async fn the_loop_wakes_for_what_is_due_and_asks_nothing_meanwhile() {
    let mut scene = Scene::new();
    let running = {
        let dispatcher = scene.dispatcher.clone();
        tokio::spawn(async move { dispatcher.run().await })
    };
    tokio::task::yield_now().await;
    scene.due([effect("original.create_user", 1)]);
    scene.dispatcher.wake(Timestamp(1_000));
    assert_eq!(scene.taken().await.0, key(1));
    let asked = scene.leases.asked.lock().len();
    scene.dispatcher.wake(Timestamp(900_000));
    tokio::task::yield_now().await;
    assert_eq!(scene.leases.asked.lock().len(), asked, "what is due later is not asked for now");
    scene.dispatcher.stop().await;
    running.await.unwrap();
}

#[tokio::test]
async fn a_look_with_nothing_due_asks_for_no_lease() {
    let scene = Scene::new();
    scene.dispatcher.tick(Timestamp(1_000)).await.unwrap();
    let asked = scene.leases.asked.lock().len();
    let ticked = scene.dispatcher.tick(Timestamp(900_000)).await.unwrap();
    assert_eq!((ticked.begun, ticked.next), (0, None));
    assert_eq!(scene.leases.asked.lock().len(), asked);
}

#[tokio::test]
async fn what_another_process_left_due_is_found_by_a_look_that_nobody_asked_for() {
    let mut scene = Scene::new();
    scene.dispatcher.tick(Timestamp(1_000)).await.unwrap();
    scene.due([effect("original.create_user", 1)]);
    assert_eq!(scene.dispatcher.tick(Timestamp(900_000)).await.unwrap().begun, 1);
    assert_eq!(scene.taken().await.0, key(1));
}
