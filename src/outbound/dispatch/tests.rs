//! The dispatcher with leases, door and transport played: no database, no network, no real time.

mod doubt;
mod elsewhere;
mod kept;
mod looks;
mod rests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
use parking_lot::Mutex;
use serde_json::Map;
use tokio::sync::{Semaphore, mpsc};
use uuid::Uuid;

use super::{Dispatcher, Parts};
use crate::clock::{Clock, HandClock, Moment, SeededChance};
use crate::engine::door::Waiting;
use crate::engine::{Door, Flows, NotAccepted, Performer, Receipt};
use crate::outbound::attempt::secrets::SecretSource;
use crate::outbound::dispatch::lease::Leases;
use crate::outbound::{Attempted, Limits, Performers, Performs, Transport};
use crate::providers::{Adapter, Call, Delivery, Far, Reading, Reply, Stop, Unreadable};
use crate::settings::outbound::OutboundSettings;
use crate::store::effects::Leased;
use crate::store::types::{ExpiredLease, Lease, LeasedEffect, Resting, StoreError};

/// Leases, played: what is due is handed out once.
#[derive(Debug, Default)]
struct Played {
    due: Mutex<VecDeque<LeasedEffect>>,
    expired: Mutex<Vec<ExpiredLease>>,
    asked: Mutex<Vec<Vec<(String, u32)>>>,
    released: Mutex<Vec<EffectId>>,
    away: AtomicBool,
    /// Numbers of effects with a flow that is not loaded here, and the flows that were left out when leases were asked
    /// for.
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
        resting: &[Resting],
        _: Lease,
    ) -> Result<Leased, StoreError> {
        self.asked.lock().push(slots.to_vec());
        but.clone_into(&mut self.but.lock());
        let mut left: BTreeMap<String, u32> = slots.iter().cloned().collect();
        let mut most: Vec<Resting> = resting.to_vec();
        let mut due = self.due.lock();
        let (mut taken, mut kept) = (Vec::new(), VecDeque::new());
        for effect in due.drain(..) {
            let mut none = 0;
            let rest = most.iter_mut().find(|rest| rests(rest, &effect)).map(|rest| &mut rest.most);
            let free = left.get_mut(effect.request.slot()).unwrap_or(&mut none);
            if *free > 0 && rest.as_ref().is_none_or(|most| **most > 0) {
                *free -= 1;
                rest.into_iter().for_each(|most| *most -= 1);
                taken.push(effect);
            } else {
                kept.push_back(effect);
            }
        }
        *due = kept;
        let strange = self.strange.lock();
        let flow = |effect: &LeasedEffect| if strange.contains(&effect.id.n) { strange_flow() } else { known().id };
        let effects = taken.into_iter().map(|effect| (flow(&effect), effect)).collect();
        Ok(Leased { effects, ..Leased::default() })
    }

    async fn next_effect_due_of(
        &self,
        slots: &[String],
        _: &[FlowRef],
        resting: &[Resting],
    ) -> Result<Option<Timestamp>, StoreError> {
        let due = self.due.lock();
        let mut live = due.iter().filter(|effect| {
            let free = slots.iter().any(|slot| slot == effect.request.slot());
            free && !resting.iter().any(|rest| rests(rest, effect) && rest.most == 0)
        });
        Ok(live.next().map(|_| Timestamp(0)))
    }

    async fn release(&self, effects: &[EffectId], _: Lease) -> Result<(), StoreError> {
        self.released.lock().extend_from_slice(effects);
        Ok(())
    }

    async fn expired_leases(&self, _: u32) -> Result<Vec<ExpiredLease>, StoreError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(StoreError::Passing("away".into()));
        }
        // They stay until their outcome is followed up, as in the database.
        Ok(self.expired.lock().clone())
    }

    async fn next_effect_due(&self, _: &[FlowRef]) -> Result<Option<Timestamp>, StoreError> {
        Ok((!self.due.lock().is_empty()).then_some(Timestamp(0)))
    }
}

fn ran_out(id: EffectId, attempt: u32) -> ExpiredLease {
    ExpiredLease { id, slot: "original".to_owned(), until: Timestamp(0), attempt }
}

fn rests(rest: &Resting, effect: &LeasedEffect) -> bool {
    (rest.target.as_str(), rest.mode) == (effect.request.target().1, effect.mode)
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

/// There are no secrets here.
#[derive(Debug)]
struct NoSecrets;

#[async_trait]
impl SecretSource for NoSecrets {
    async fn open(&self, _: OnboardingId, _: &BTreeSet<String>) -> Result<Secrets, String> {
        Ok(Secrets::default())
    }
}

fn request(url: &str, effectful: bool) -> crate::providers::HttpRequest {
    crate::providers::HttpRequest { method: "POST", url: url.to_owned(), effectful, ..Default::default() }
}

/// An adapter: every action but one is one request, and the answer's status decides.
#[derive(Debug)]
struct Plain(&'static str);

#[async_trait]
impl Adapter for Plain {
    fn name(&self) -> &str {
        self.0
    }

    fn describe(&self, _: &mut Catalogue) {}

    async fn call(&self, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
        if call.action == "read_then_create" {
            far.send(request("/read", false)).await?;
        }
        match far.send(request("", true)).await?.status {
            401 => Err(Stop::Barred("credentials".to_owned())),
            500.. => Err(Stop::unclear("broken")),
            _ => Ok(Answer::named("created")),
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
    sent: Mutex<Vec<bool>>,
    /// This process stands still for this long while a read is answered.
    still: Mutex<Millis>,
    clock: HandClock,
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, provider: &str, request: crate::providers::HttpRequest) -> Result<Reply, Stop> {
        self.sent.lock().push(request.effectful);
        if !request.effectful {
            self.clock.advance(*self.still.lock());
            // What continues after this looks at the time again.
            tokio::task::yield_now().await;
        }
        let later = |wait| Stop::Later("its turn".to_owned(), Some(wait));
        self.limits.rates.take(provider, Timestamp(1_000), Millis::secs(10)).map_err(later)?;
        if provider == "slow" {
            self.gate.acquire().await.unwrap().forget();
        }
        let status = *self.status.lock();
        Ok(Reply { status, headers: Vec::new(), body: Vec::new(), sent_at: Timestamp(7), received_at: Timestamp(7) })
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

impl Scene {
    fn new() -> Self {
        Self::with(OutboundSettings { recovery: Millis(0), ..OutboundSettings::default() })
    }

    fn with(settings: OutboundSettings) -> Self {
        Self::by(|clock| Arc::new(clock), settings)
    }

    /// A scene with a dispatcher's clock made from the one that is moved by hand.
    fn by(clock_of: impl FnOnce(HandClock) -> Arc<dyn Clock>, settings: OutboundSettings) -> Self {
        let (door, receiver) = Door::bounded(64, usize::MAX);
        let leases = Arc::new(Played::default());
        let limits = Arc::new(Limits::default());
        let clock = HandClock::at(Timestamp(1_000));
        let wire = Arc::new(Wire {
            limits: Arc::clone(&limits),
            status: Mutex::new(201),
            gate: Semaphore::new(0),
            sent: Mutex::default(),
            still: Mutex::default(),
            clock: clock.clone(),
        });
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
        self.leases.due.lock().extend(effects);
    }

    /// The lease of this attempt ran out.
    fn ran_out(&self, n: i64, attempt: u32) {
        let id = EffectId { onboarding: OnboardingId(Uuid::nil()), n };
        self.leases.expired.lock().push(ran_out(id, attempt));
    }

    /// A tick, its news taken by the door: what the door was told.
    async fn swept(&mut self) -> Vec<String> {
        let (dispatcher, now) = (self.dispatcher.clone(), self.clock.now());
        let mut tick = tokio::spawn(async move { dispatcher.tick(now).await.unwrap() });
        let mut told = Vec::new();
        loop {
            tokio::select! {
                biased;
                Some(Waiting { arrival, answer, .. }) = self.door.recv() => {
                    told.push(arrival.event.key);
                    drop(answer.send(Ok(receipt())));
                }
                ended = &mut tick => break assert_eq!(ended.unwrap().begun, 0),
            }
        }
        told
    }

    /// Reserves a place for some action of this slot.
    fn reserve(&self, slot: &str) -> bool {
        self.dispatcher.reserve(&effect(&format!("{slot}.any"), 0).request)
    }

    fn moment(&self) -> Moment {
        Moment::now(&self.clock)
    }

    async fn tick(&self) -> super::Ticked {
        self.dispatcher.tick(self.clock.now()).await.unwrap()
    }

    /// The next outcome at the door, taken: its key and how it ended.
    async fn taken(&mut self) -> (String, AttemptResult) {
        let Waiting { arrival, answer, .. } = self.door.recv().await.unwrap();
        answer.send(Ok(receipt())).unwrap();
        let Body::Outcome { result, .. } = arrival.event.body else { panic!("not an outcome") };
        (arrival.event.key, result)
    }
}

fn receipt() -> Receipt {
    Receipt { seq: Some(1), verdict: Verdict::Applied, copy: false, onboarding: None, detail: String::new() }
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
    scene.leases.strange.lock().extend([1, 2]);
    scene.due([1, 2, 3].map(|n| effect("original.create_user", n)));
    let ticked = scene.tick().await;
    assert_eq!((ticked.begun, ticked.next), (0, Some(scene.clock.now())), "others may be due behind them");
    assert_eq!(scene.leases.released.lock().iter().map(|id| id.n).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(scene.dispatcher.in_flight()["original"], 0, "their slots are free");
    assert_eq!(scene.tick().await.begun, 1);
    assert_eq!(*scene.leases.but.lock(), [strange_flow()], "they would be leased again and again");
    assert_eq!(scene.taken().await.0, key(3));
    scene.dispatcher.idle().await;
}

#[tokio::test]
async fn one_lease_that_ran_out_and_is_not_taken_keeps_no_other_from_being_told() {
    let mut scene = Scene::new();
    let id = |n| EffectId { onboarding: OnboardingId(Uuid::nil()), n };
    *scene.leases.expired.lock() = (1..=3).map(|n| ran_out(id(n), 1)).collect();
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
    assert!(scene.reserve("original") && scene.reserve("original"));
    assert!(!scene.reserve("original") && !scene.reserve("nobody"));
    scene.dispatcher.give_back("original");
    scene.dispatcher.perform(vec![effect("original.create_user", 1)], scene.moment());
    assert_eq!(scene.taken().await.0, key(1));
    scene.dispatcher.idle().await;
    assert_eq!(scene.dispatcher.in_flight()["original"], 0);
}

#[tokio::test]
async fn a_lease_that_ran_out_becomes_unknown_and_is_looked_for_once_a_sweep() {
    let mut scene = Scene::new();
    scene.ran_out(4, 2);
    let dispatcher = scene.dispatcher.clone();
    let tick = tokio::spawn(async move { dispatcher.tick(Timestamp(1_000)).await.unwrap().expired });
    let (name, result) = scene.taken().await;
    assert_eq!(name, format!("{}/4/2/expired", Uuid::nil()));
    assert!(matches!(result, AttemptResult::Unknown { .. }));
    assert_eq!(tick.await.unwrap(), 1);
    scene.ran_out(4, 3);
    assert_eq!(scene.dispatcher.tick(Timestamp(5_999)).await.unwrap().expired, 0);
}

#[tokio::test]
async fn a_stop_gives_back_what_was_handed_over_too_late_and_lets_the_rest_finish() {
    let mut scene = Scene::new();
    assert!(scene.reserve("slow") && scene.reserve("slow"));
    scene.dispatcher.perform(vec![effect("slow.create", 1)], scene.moment());
    scene.wire.gate.add_permits(1);
    let dispatcher = scene.dispatcher.clone();
    let stop = tokio::spawn(async move { dispatcher.stop().await });
    assert_eq!(scene.taken().await.0, key(1));
    stop.await.unwrap();
    assert!(!scene.reserve("original"));
    scene.dispatcher.perform(vec![effect("slow.create", 2)], scene.moment());
    scene.dispatcher.idle().await;
    assert_eq!(scene.leases.released.lock().iter().map(|id| id.n).collect::<Vec<_>>(), [2]);
    assert_eq!(scene.dispatcher.in_flight()["slow"], 0);
}
