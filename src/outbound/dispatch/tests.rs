//! The dispatcher with leases, door and transport played: no database, no network, no real time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use gangway_core::catalogue::Catalogue;
use gangway_core::decision::Verdict;
use gangway_core::effect::{EffectId, Mode, Request};
use gangway_core::event::{Body, OnboardingId};
use gangway_core::flow::model::Flow;
use gangway_core::onboarding::FlowRef;
use gangway_core::outcome::{Answer, AttemptResult};
use gangway_core::secret::Secrets;
use gangway_core::time::{Millis, Timestamp};
use serde_json::Map;
use tokio::sync::{Semaphore, mpsc};
use uuid::Uuid;

use super::{Dispatcher, Parts};
use crate::clock::{Clock, Doubt, HandClock, SeededChance};
use crate::engine::door::Waiting;
use crate::engine::{Door, Flows, NotAccepted, Performer, Receipt};
use crate::outbound::lease::Leases;
use crate::outbound::secrets::SecretSource;
use crate::outbound::{Attempted, Limits, Performers, Performs, SendError, Transport};
use crate::providers::{Adapter, Call, Delivery, Rate, Reading, Reply, Stage, Turn, Unreadable};
use crate::settings::outbound::OutboundSettings;
use crate::store::effects::Leased;
use crate::store::types::{ExpiredLease, Lease, LeasedEffect, StoreError};

/// Leases, played: what is due is handed out once.
#[derive(Debug, Default)]
struct Played {
    due: Mutex<VecDeque<LeasedEffect>>,
    expired: Mutex<Vec<ExpiredLease>>,
    asked: Mutex<Vec<Vec<(String, u32)>>>,
    released: Mutex<Vec<EffectId>>,
    /// Numbers of effects whose flow is not loaded here, and the flows that were left out when leases were asked for.
    strange: Mutex<BTreeSet<i64>>,
    but: Mutex<Vec<FlowRef>>,
}

#[async_trait]
impl Leases for Played {
    async fn lease(
        &self,
        _: Timestamp,
        slots: &[(String, u32)],
        but: &[FlowRef],
        _: Lease,
    ) -> Result<Leased, StoreError> {
        self.asked.lock().unwrap().push(slots.to_vec());
        but.clone_into(&mut self.but.lock().unwrap());
        let mut left: BTreeMap<String, u32> = slots.iter().cloned().collect();
        let mut due = self.due.lock().unwrap();
        let (mut taken, mut kept) = (Vec::new(), VecDeque::new());
        for effect in due.drain(..) {
            match left.get_mut(crate::engine::slots::of(&effect.request)) {
                Some(count) if *count > 0 => {
                    *count -= 1;
                    taken.push(effect);
                }
                _ => kept.push_back(effect),
            }
        }
        *due = kept;
        let strange = self.strange.lock().unwrap();
        let flow = |effect: &LeasedEffect| if strange.contains(&effect.id.n) { strange_flow() } else { known().id };
        let effects = taken.into_iter().map(|effect| (flow(&effect), effect)).collect();
        Ok(Leased { effects, ..Leased::default() })
    }

    async fn release(&self, effects: &[EffectId], _: Lease) -> Result<(), StoreError> {
        self.released.lock().unwrap().extend_from_slice(effects);
        Ok(())
    }

    async fn expired_leases(&self, _: u32) -> Result<Vec<ExpiredLease>, StoreError> {
        Ok(std::mem::take(&mut *self.expired.lock().unwrap()))
    }

    async fn next_effect_due(&self, _: &[FlowRef]) -> Result<Option<Timestamp>, StoreError> {
        Ok((!self.due.lock().unwrap().is_empty()).then_some(Timestamp(0)))
    }
}

/// The flow that asks for everything here.
fn known() -> Flow {
    let text =
        "flow: known\nversion: 1\nstart: { on: x.y, user: { id: data.id } }\nstates: { done: { end: completed } }";
    gangway_core::flow::load("known.yaml", text, &Catalogue::default()).unwrap()
}

fn strange_flow() -> FlowRef {
    FlowRef { name: "strange".to_owned(), version: 2 }
}

/// Nobody has secrets here.
#[derive(Debug)]
struct NoSecrets;

#[async_trait]
impl SecretSource for NoSecrets {
    async fn open(&self, _: OnboardingId, _: &BTreeSet<String>) -> Result<Secrets, String> {
        Ok(Secrets::default())
    }
}

/// An adapter whose every action is one request and whose answer's status decides.
#[derive(Debug)]
struct Plain(&'static str);

impl Adapter for Plain {
    fn name(&self) -> &str {
        self.0
    }

    fn describe(&self, _: &mut Catalogue) {}

    fn begin(&self, _: &Call<'_>) -> Turn {
        let request = crate::providers::Request {
            method: "POST",
            url: String::new(),
            query: Vec::new(),
            headers: Vec::new(),
            secret_headers: Vec::new(),
            token: None,
            named_headers: Vec::new(),
            body: None,
            effectful: true,
            loggable: &[],
        };
        Turn::Send(request, Stage::default())
    }

    fn resume(&self, _: &Call<'_>, _: &Stage, reply: &Reply) -> Turn {
        match reply.status {
            401 => Turn::Barred("credentials".to_owned()),
            500.. => Turn::Ended(AttemptResult::Unknown { cause: "broken".to_owned() }),
            _ => Turn::Ended(AttemptResult::Done(Answer::named("created"))),
        }
    }

    fn read(&self, _: &Delivery<'_>) -> Result<Reading, Unreadable> {
        Err(Unreadable(String::new()))
    }
}

/// Answers with the status of the hour; `slow` never answers unless its gate is opened.
#[derive(Debug)]
struct Wire {
    limits: Arc<Limits>,
    status: Mutex<u16>,
    gate: Semaphore,
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, provider: &str, _: crate::providers::Request) -> Result<Reply, SendError> {
        self.limits.rates.take(provider, Timestamp(1_000), Millis::secs(10)).map_err(SendError::NotYet)?;
        if provider == "slow" {
            self.gate.acquire().await.unwrap().forget();
        }
        let status = *self.status.lock().unwrap();
        Ok(Reply { status, headers: Vec::new(), body: Vec::new(), sent_at: Timestamp(7) })
    }
}

/// No onboarding asks anything of another here.
#[derive(Debug)]
struct NoChildren;

#[async_trait]
impl Performs for NoChildren {
    async fn perform(&self, effect: &LeasedEffect) -> Attempted {
        panic!("{effect:?}");
    }
}

struct Scene {
    dispatcher: Dispatcher,
    leases: Arc<Played>,
    wire: Arc<Wire>,
    clock: HandClock,
    door: mpsc::Receiver<Waiting>,
}

/// A clock that is moved by hand and never trusted.
#[derive(Debug)]
struct InDoubt(HandClock);

impl Clock for InDoubt {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn doubt(&self) -> Option<Doubt> {
        Some(Doubt::Leapt(1))
    }
}

impl Scene {
    fn new() -> Self {
        Self::by(|clock| Arc::new(clock), OutboundSettings::default())
    }

    /// The dispatcher's clock made of the one that is moved by hand.
    fn by(clock_of: impl FnOnce(HandClock) -> Arc<dyn Clock>, settings: OutboundSettings) -> Self {
        let (door, receiver) = Door::bounded(64, usize::MAX);
        let leases = Arc::new(Played::default());
        let limits = Arc::new(Limits::default());
        let wire = Arc::new(Wire { limits: Arc::clone(&limits), status: Mutex::new(201), gate: Semaphore::new(0) });
        let clock = HandClock::at(Timestamp(1_000));
        let adapters: [Arc<dyn Adapter>; 2] = [Arc::new(Plain("original")), Arc::new(Plain("slow"))];
        let performers = Performers {
            tokens: Arc::default(),
            secrets: Arc::new(NoSecrets),
            adapters: Arc::new(adapters.into_iter().collect()),
            transport: Arc::clone(&wire) as Arc<dyn Transport>,
            mail: None,
            publish: None,
            children: Arc::new(NoChildren),
            clock: Arc::new(clock.clone()),
            limit: settings.attempt_timeout(),
        };
        let flows = Flows::default();
        flows.add(known(), true);
        let dispatcher = Dispatcher::new(Parts {
            flows,
            leases: Arc::clone(&leases) as Arc<dyn Leases>,
            door,
            performers,
            concurrency: [("original", 2), ("slow", 2), ("publish", 2)].map(|(name, n)| (name.to_owned(), n)).into(),
            limits,
            clock: clock_of(clock.clone()),
            chance: Arc::new(SeededChance::new(1)),
            settings,
        });
        Self { dispatcher, leases, wire, clock, door: receiver }
    }

    fn due(&self, effects: impl IntoIterator<Item = LeasedEffect>) {
        self.leases.due.lock().unwrap().extend(effects);
    }

    async fn tick(&self) -> super::Ticked {
        self.dispatcher.tick(self.clock.now()).await.unwrap()
    }

    /// The next outcome at the door, taken: its key and how it ended.
    async fn taken(&mut self) -> (String, AttemptResult) {
        let Waiting { arrival, answer, .. } = self.door.recv().await.unwrap();
        let receipt =
            Receipt { seq: Some(1), verdict: Verdict::Applied, copy: false, onboarding: None, detail: String::new() };
        answer.send(Ok(receipt)).unwrap();
        let Body::Outcome { result, .. } = arrival.event.body else { panic!("not an outcome") };
        (arrival.event.key, result)
    }
}

fn effect(action: &str, n: i64) -> LeasedEffect {
    LeasedEffect {
        id: EffectId { onboarding: OnboardingId(Uuid::nil()), n },
        request: Request::Call { action: action.to_owned(), input: Map::new(), secrets: BTreeMap::new() },
        attempt: 1,
        mode: Mode::Do,
        uncertain_since: None,
        asked_at: Timestamp(0),
        token: Uuid::nil(),
    }
}

fn key(n: i64) -> String {
    format!("{}/{n}/1", Uuid::nil())
}

#[tokio::test]
async fn an_effect_that_is_due_is_performed_and_its_outcome_reaches_the_door() {
    let mut scene = Scene::new();
    scene.due([effect("original.create_user", 1)]);
    assert_eq!(scene.tick().await.begun, 1);
    let (name, result) = scene.taken().await;
    assert_eq!(name, key(1));
    assert_eq!(result, AttemptResult::Done(Answer::named("created")));
    scene.dispatcher.idle().await;
    assert_eq!(scene.dispatcher.in_flight()["original"], 0);
}

#[tokio::test]
async fn effects_of_a_flow_that_is_not_loaded_here_are_given_back_and_nothing_of_them_is_performed() {
    let mut scene = Scene::new();
    scene.leases.strange.lock().unwrap().extend([1, 2]);
    scene.due([1, 2, 3].map(|n| effect("original.create_user", n)));
    let ticked = scene.tick().await;
    assert_eq!((ticked.begun, ticked.next), (0, Some(scene.clock.now())), "others may be due behind them");
    assert_eq!(scene.leases.released.lock().unwrap().iter().map(|id| id.n).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(scene.dispatcher.in_flight()["original"], 0, "their slots are free");
    assert_eq!(scene.tick().await.begun, 1);
    assert_eq!(*scene.leases.but.lock().unwrap(), [strange_flow()], "they would be leased again and again");
    assert_eq!(scene.taken().await.0, key(3));
    scene.dispatcher.idle().await;
}

#[tokio::test]
async fn one_lease_that_ran_out_and_is_not_taken_keeps_no_other_from_being_told() {
    let mut scene = Scene::new();
    let id = |n| EffectId { onboarding: OnboardingId(Uuid::nil()), n };
    *scene.leases.expired.lock().unwrap() = (1..=3).map(|n| ExpiredLease { id: id(n), attempt: 1 }).collect();
    let dispatcher = scene.dispatcher.clone();
    let ticking = tokio::spawn(async move { dispatcher.tick(Timestamp(1)).await.unwrap().expired });
    let mut told = Vec::new();
    for n in 0..3 {
        let Waiting { arrival, answer, .. } = scene.door.recv().await.unwrap();
        told.push(arrival.event.key);
        let receipt =
            Receipt { seq: None, verdict: Verdict::Applied, copy: false, onboarding: None, detail: String::new() };
        answer.send(if n == 0 { Err(NotAccepted::Away(Millis(10))) } else { Ok(receipt) }).unwrap();
    }
    assert_eq!((ticking.await.unwrap(), told.len()), (2, 3));
}

#[tokio::test]
async fn a_provider_that_never_answers_holds_only_its_own_slots() {
    let mut scene = Scene::new();
    scene.due((1..=3).map(|n| effect("slow.create", n)));
    scene.due([effect("original.create_user", 9)]);
    assert_eq!(scene.tick().await.begun, 3, "two slow ones and the other");
    assert_eq!(scene.taken().await.0, key(9));
    assert_eq!(scene.dispatcher.in_flight()["slow"], 2);
    let ticked = scene.tick().await;
    assert_eq!((ticked.begun, ticked.next), (0, None), "what waits for a slot is not looked for");
    scene.wire.gate.add_permits(3);
    scene.taken().await;
    scene.taken().await;
    scene.dispatcher.idle().await;
    assert_eq!(scene.tick().await.begun, 1);
}

#[tokio::test]
async fn an_outcome_is_kept_while_the_door_is_away_and_offered_again() {
    let mut scene = Scene::new();
    scene.due([effect("original.create_user", 1)]);
    scene.tick().await;
    for _ in 0..2 {
        let Waiting { answer, .. } = scene.door.recv().await.unwrap();
        answer.send(Err(NotAccepted::Away(Millis(10)))).unwrap();
    }
    assert_eq!(scene.taken().await.0, key(1));
}

#[tokio::test]
async fn effects_born_leased_are_performed_and_reservations_are_bounded() {
    let mut scene = Scene::new();
    assert!(scene.dispatcher.reserve("original") && scene.dispatcher.reserve("original"));
    assert!(!scene.dispatcher.reserve("original") && !scene.dispatcher.reserve("nobody"));
    scene.dispatcher.give_back("original");
    scene.dispatcher.perform(vec![effect("original.create_user", 1)]);
    assert_eq!(scene.taken().await.0, key(1));
    scene.dispatcher.idle().await;
    assert_eq!(scene.dispatcher.in_flight()["original"], 0);
}

#[tokio::test]
async fn refused_credentials_hold_the_whole_provider_until_one_probe_succeeds() {
    let mut scene = Scene::new();
    *scene.wire.status.lock().unwrap() = 401;
    scene.due([effect("original.create_user", 1)]);
    scene.tick().await;
    let (_, result) = scene.taken().await;
    assert!(matches!(result, AttemptResult::Again { spent: false, .. }), "{result:?}");
    scene.dispatcher.idle().await;
    scene.due([effect("original.get_user", 2), effect("original.get_user", 3)]);
    let ticked = scene.tick().await;
    assert_eq!((ticked.begun, ticked.next), (0, Some(Timestamp(31_000))), "comes back for the probe");
    assert!(!scene.dispatcher.reserve("original"));
    *scene.wire.status.lock().unwrap() = 200;
    scene.clock.advance(Millis::secs(30));
    assert_eq!(scene.tick().await.begun, 1, "one probe");
    scene.taken().await;
    scene.dispatcher.idle().await;
    assert_eq!(scene.tick().await.begun, 1, "mended: the rest goes on");
    assert!(scene.dispatcher.breakers().snapshot().is_empty());
}

#[tokio::test]
async fn what_must_wait_for_its_turn_is_not_leased_nor_asked_for_again_and_again_and_others_go_on() {
    let mut scene = Scene::new();
    scene.wire.limits.rates.set("original", Some(Rate { requests: 2, per: Millis::secs(1) }));
    scene.wire.gate.add_permits(1);
    scene.due((1..=3).map(|n| effect("original.create_user", n)));
    scene.due([effect("slow.create", 9)]);
    assert_eq!(scene.tick().await.begun, 2, "one of each");
    let mut ended = [scene.taken().await.0, scene.taken().await.0];
    ended.sort();
    assert_eq!(ended, [key(1), key(9)]);
    scene.dispatcher.idle().await;
    for _ in 0..2 {
        let ticked = scene.tick().await;
        assert_eq!(
            (ticked.begun, ticked.next),
            (0, Some(Timestamp(1_400))),
            "a little before the next turn, not sooner"
        );
    }
    assert!(scene.leases.asked.lock().unwrap().last().unwrap().iter().all(|(slot, _)| slot != "original"));
    assert!(!scene.dispatcher.reserve("original") && scene.dispatcher.reserve("slow"));
    scene.clock.advance(Millis(400));
    assert_eq!(scene.tick().await.begun, 1);
    assert_eq!(scene.taken().await.0, key(2));
    scene.dispatcher.idle().await;
    scene.clock.advance(Millis(500));
    assert!(scene.dispatcher.reserve("original") && !scene.dispatcher.reserve("original"), "one turn, one effect");
    scene.dispatcher.give_back("original");
    assert_eq!(scene.tick().await.begun, 1, "a turn that was given back is there again");
}

#[tokio::test]
async fn a_failing_action_rests_and_effects_of_it_spend_no_attempt() {
    let mut scene = Scene::new();
    *scene.wire.status.lock().unwrap() = 502;
    for n in 1..=5 {
        scene.due([effect("original.create_user", n)]);
        scene.tick().await;
        assert!(matches!(scene.taken().await.1, AttemptResult::Unknown { .. }));
        scene.dispatcher.idle().await;
    }
    scene.due([effect("original.create_user", 6)]);
    scene.tick().await;
    let (_, result) = scene.taken().await;
    let AttemptResult::Again { retry_after, spent: false, cause } = result else { panic!("{result:?}") };
    assert_eq!(retry_after, Some(Millis::secs(5)));
    assert!(cause.contains("original.create_user rests since 1970-01-01T00:00:01.000Z (answered 502)"), "{cause}");
}

#[tokio::test]
async fn a_lease_that_ran_out_becomes_unknown_and_is_looked_for_once_a_sweep() {
    let mut scene = Scene::new();
    let id = EffectId { onboarding: OnboardingId(Uuid::nil()), n: 4 };
    scene.leases.expired.lock().unwrap().push(ExpiredLease { id, attempt: 2 });
    let dispatcher = scene.dispatcher.clone();
    let tick = tokio::spawn(async move { dispatcher.tick(Timestamp(1_000)).await.unwrap().expired });
    let (name, result) = scene.taken().await;
    assert_eq!(name, format!("{}/4/2/expired", Uuid::nil()));
    assert!(matches!(result, AttemptResult::Unknown { .. }));
    assert_eq!(tick.await.unwrap(), 1);
    scene.leases.expired.lock().unwrap().push(ExpiredLease { id, attempt: 3 });
    assert_eq!(scene.dispatcher.tick(Timestamp(5_999)).await.unwrap().expired, 0);
}

#[tokio::test]
async fn a_stop_gives_back_what_was_handed_over_too_late_and_lets_the_rest_finish() {
    let mut scene = Scene::new();
    assert!(scene.dispatcher.reserve("slow") && scene.dispatcher.reserve("slow"));
    scene.dispatcher.perform(vec![effect("slow.create", 1)]);
    scene.wire.gate.add_permits(1);
    let dispatcher = scene.dispatcher.clone();
    let stop = tokio::spawn(async move { dispatcher.stop().await });
    assert_eq!(scene.taken().await.0, key(1));
    stop.await.unwrap();
    assert!(!scene.dispatcher.reserve("original"));
    scene.dispatcher.perform(vec![effect("slow.create", 2)]);
    scene.dispatcher.idle().await;
    assert_eq!(scene.leases.released.lock().unwrap().iter().map(|id| id.n).collect::<Vec<_>>(), [2]);
    assert_eq!(scene.dispatcher.in_flight()["slow"], 0);
}

#[tokio::test]
async fn without_a_broker_a_flows_publication_asks_a_person_and_a_lifecycle_event_is_skipped() {
    let mut scene = Scene::new();
    let message = |request, n| LeasedEffect { request, ..effect("", n) };
    let publish = Request::Publish { event_type: "x".to_owned(), subject: None, data: serde_json::Value::Null };
    let lifecycle = Request::Lifecycle { event_type: "x".to_owned(), subject: None, data: serde_json::Value::Null };
    scene.due([message(publish, 1)]);
    scene.tick().await;
    assert!(matches!(scene.taken().await.1, AttemptResult::Broken { cause } if cause.contains("amqp.url")));
    scene.due([message(lifecycle, -1)]);
    scene.tick().await;
    assert_eq!(scene.taken().await.1, AttemptResult::Done(Answer::named("skipped")));
}

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
    let asked = scene.leases.asked.lock().unwrap().len();
    scene.dispatcher.wake(Timestamp(900_000));
    tokio::task::yield_now().await;
    assert_eq!(scene.leases.asked.lock().unwrap().len(), asked, "what is due later is not asked for now");
    scene.dispatcher.stop().await;
    running.await.unwrap();
}

#[tokio::test]
async fn a_look_with_nothing_due_asks_for_no_lease() {
    let scene = Scene::new();
    scene.dispatcher.tick(Timestamp(1_000)).await.unwrap();
    let asked = scene.leases.asked.lock().unwrap().len();
    let ticked = scene.dispatcher.tick(Timestamp(900_000)).await.unwrap();
    assert_eq!((ticked.begun, ticked.next), (0, None));
    assert_eq!(scene.leases.asked.lock().unwrap().len(), asked);
}

#[tokio::test]
async fn what_another_process_left_due_is_found_by_a_look_that_nobody_asked_for() {
    let mut scene = Scene::new();
    scene.dispatcher.tick(Timestamp(1_000)).await.unwrap();
    scene.due([effect("original.create_user", 1)]);
    assert_eq!(scene.dispatcher.tick(Timestamp(900_000)).await.unwrap().begun, 1);
    assert_eq!(scene.taken().await.0, key(1));
}

fn ran_out(n: i64) -> ExpiredLease {
    ExpiredLease { id: EffectId { onboarding: OnboardingId(Uuid::nil()), n }, attempt: 1 }
}

#[tokio::test]
async fn no_lease_is_said_to_have_run_out_by_a_clock_in_doubt_and_what_is_due_goes_on() {
    let mut scene = Scene::by(|clock| Arc::new(InDoubt(clock)), OutboundSettings::default());
    scene.leases.expired.lock().unwrap().push(ran_out(1));
    scene.due([effect("original.create_user", 2)]);
    let ticked = scene.tick().await;
    assert_eq!((ticked.expired, ticked.begun), (0, 1));
    assert_eq!(scene.taken().await.0, key(2));
    assert_eq!(scene.leases.expired.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_clock_that_stands_or_is_set_back_stops_no_sweep() {
    let settings = OutboundSettings { sweep: Millis(20), ..OutboundSettings::default() };
    let mut scene = Scene::by(|clock| Arc::new(clock), settings);
    let run = tokio::spawn({
        let dispatcher = scene.dispatcher.clone();
        async move { dispatcher.run().await }
    });
    // By this clock the next sweep is never: it stands.
    for n in 1..4 {
        scene.leases.expired.lock().unwrap().push(ran_out(n));
        let taken = tokio::time::timeout(std::time::Duration::from_secs(60), scene.taken());
        assert_eq!(taken.await.expect("a sweep later, whatever the clock says").0, format!("{}/expired", key(n)));
    }
    run.abort();
}
