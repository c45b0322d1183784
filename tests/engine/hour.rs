//! An hour without the database, with one of everything that can be asked of the world under way: what was done is
//! known here and brought home, nobody is asked to decide anything, and nothing is done twice.

use std::sync::atomic::Ordering;

use gangway::clock::Clock;
use gangway::engine::writer;
use gangway_core::time::Millis;
use url::Url;
use xtask::proxy::Proxy;

use crate::db::TestDb;
use crate::outage::{ASKED, Scene, flows_of};
use crate::wait::until;
use crate::waits::{everything_answers, tight};
use crate::world::World;

const PEOPLE: usize = 3;
const CHILD: [(&str, &str); 2] = [
    ("leaf", "wait: 1s\n    outcomes: { over: done }"),
    ("child", "start: leaf\n    outcomes: { started: done, running: done, ended: done }"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_hour_without_the_database_puts_nobody_into_review_and_does_nothing_twice_whatever_was_asked() {
    let db = TestDb::postgres().await;
    let mut url: Url = db.url.parse().unwrap();
    let proxy = Proxy::to(url.socket_addrs(|| Some(5432)).unwrap()[0]).unwrap();
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(proxy.address().port())).unwrap();
    let options = gangway::store::StoreOptions { url: url.into(), ..tight(&db) };
    let asked: Vec<_> = ASKED.into_iter().chain(CHILD).collect();
    let world = World::over(&options, &db.url, 1, |_| {}).await;
    let (scene, queue) = Scene::without_a_writer(world, flows_of(&asked));
    let say = scene.world.say();
    for (flow, _) in asked.iter().filter(|(flow, _)| *flow != "leaf") {
        let people =
            (0..PEOPLE).map(|n| say.start(&format!("{flow}-{n}"), &format!("user.{flow}"), &format!("{flow}-{n}")));
        scene.world.accept(&people.collect::<Vec<_>>()).await;
    }
    // Everything is born leased and done at once; how it ended, and the children that begin, wait at the door.
    let far = || (scene.far.worked.load(Ordering::SeqCst), scene.far.taken.load(Ordering::SeqCst));
    let done = (2 * PEOPLE, 2 * PEOPLE);
    until("everything is done", async || (far() == done).then_some(())).await;
    until("everything is at the door", async || (scene.door.depth() == 5 * PEOPLE).then_some(())).await;
    proxy.silence_all(true);
    drop(writer::start(&scene.world.engine, &queue, 1));
    for _ in 0..4 {
        scene.world.clock.advance(Millis::secs(900));
        assert!(scene.dispatcher.tick(scene.world.clock.now()).await.is_err(), "the database is away");
    }
    // The hour passed by its own clock too.
    scene.world.run("UPDATE effects SET lease_until = lease_until - 3600000 WHERE lease_until IS NOT NULL").await;
    proxy.silence_all(false);
    everything_answers(scene.world.store(), "after an hour").await;
    scene.pass(60).await;
    assert_eq!(scene.reviews().await, [] as [String; 0]);
    assert_eq!(scene.count("status = 'completed'").await, 7 * PEOPLE as i64, "leaves too");
    assert_eq!(far(), done, "something was done twice");
    let unknown = scene.world.number("SELECT count(*) FROM effects WHERE attempt > 1 AND target LIKE 'far.%'").await;
    assert_eq!(unknown, 0, "an attempt was taken for lost");
}
