//! An outage stays an outage: whatever is asked of a far end that fails for minutes, nobody is asked to decide
//! anything, and everyone goes on when it is well again. The real dispatcher over the real engine, with time by hand.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use gangway::clock::{Clock, HandClock, SystemChance};
use gangway::engine::{Door, Flows, timers, writer};
use gangway::outbound::{self, Attempted, Children, Dispatcher, Health, Limits, Performers, Performs, Transport};
use gangway::providers::{self, Adapter, Call, Delivery, HttpRequest, Reading, Reply, Stop, Unreadable};
use gangway::settings::outbound::OutboundSettings;
use gangway::store::types::LeasedEffect;
use gangway_core::catalogue::{ActionSpec, Catalogue};
use gangway_core::effect::Mode;
use gangway_core::flow;
use gangway_core::outcome::{Answer, AttemptResult};
use gangway_core::time::Millis;

use crate::db::TestDb;
use crate::on_both_databases;
use crate::world::{START, World, catalogue};

on_both_databases!(
    ten_minutes_of_failures_put_none_of_a_hundred_people_into_review,
    four_minutes_of_failures_put_nobody_into_review_whatever_is_asked,
);

/// One flow for each thing that can be asked of the world, with the failure that its far end meets people with.
pub const ASKED: [(&str, &str); 5] = [
    ("call", "call: far.make\n    outcomes: { ok: done }"),
    ("once", "call: far.once\n    outcomes: { ok: done }"),
    ("mail", "mail: welcome\n    with: { wallet_address: user.id }\n    outcomes: { sent: done, refused: done }"),
    ("publish", "publish: somebody.came\n    with: { who: user.id }\n    outcomes: { sent: done }"),
    (
        "poll",
        "await: {}\n    poll: { call: far.read, after: 1s, every: 2s..15s, outcomes: { ok: ok } }\n    within: 24h\n    \
         outcomes: { ok: done, late: done }",
    ),
];

fn flows() -> Flows {
    flows_of(&ASKED)
}

/// A flow of each name that does this.
pub fn flows_of(asked: &[(&str, &str)]) -> Flows {
    let flows = Flows::default();
    for (name, state) in asked {
        let text = format!(
            "flow: {name}\nversion: 1\nstart: {{ on: user.{name}, user: {{ id: data.user_id, email: data.email }} }}\n\
             states:\n  ask:\n    {state}\n  done: {{ end: completed }}\n"
        );
        let mut catalogue: Catalogue = catalogue();
        for (action, effectful, look_up) in [("make", true, true), ("once", true, false), ("read", false, false)] {
            let outcomes = vec![providers::parts::outcome("ok", &[], &[])];
            let spec = ActionSpec { outcomes, effectful, look_up, ..ActionSpec::default() };
            catalogue.actions.insert(format!("far.{action}"), spec);
        }
        let loaded = flow::load(&format!("{name}.yaml"), &text, &catalogue);
        flows.add(loaded.unwrap_or_else(|problems| panic!("{}", problems.rendered)), true);
    }
    flows
}

/// The far end: a provider, a mail server and a broker, all down or all well.
#[derive(Clone, Debug)]
pub struct FarEnd {
    clock: HandClock,
    down: Arc<AtomicBool>,
    /// What it was asked to change, mails and publications not counted.
    pub worked: Arc<AtomicUsize>,
    /// Mails and publications that it took.
    pub taken: Arc<AtomicUsize>,
}

impl FarEnd {
    fn of(world: &World) -> Self {
        Self { clock: world.clock.clone(), down: Arc::default(), worked: Arc::default(), taken: Arc::default() }
    }

    fn well(&self) -> bool {
        !self.down.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Transport for FarEnd {
    async fn send(&self, _: &str, request: HttpRequest) -> Result<Reply, Stop> {
        self.worked.fetch_add(usize::from(request.effectful), Ordering::SeqCst);
        let status = match (self.well(), request.url.as_str()) {
            (true, "/look_up") => 404,
            (true, _) => 200,
            (false, "/look_up") => 404,
            (false, "/once") => 503,
            (false, _) => 500,
        };
        let now = self.clock.now();
        Ok(Reply { status, headers: Vec::new(), body: Vec::new(), sent_at: now, received_at: now })
    }
}

#[async_trait]
impl Performs for FarEnd {
    async fn perform(&self, _: &LeasedEffect) -> Attempted {
        let cause = "451 at the connection".to_owned();
        let (result, health) = if self.well() {
            self.taken.fetch_add(1, Ordering::SeqCst);
            (AttemptResult::Done(Answer::named("sent")), Health::Well)
        } else {
            (AttemptResult::Again { cause: cause.clone(), retry_after: None, spent: true }, Health::Failing(cause))
        };
        Attempted { result, sent_at: self.clock.now(), health }
    }
}

/// Its adapter: one request for each attempt. `once` is not taken for certain when it is answered with 503.
#[derive(Debug)]
struct FarAdapter;

#[async_trait]
impl Adapter for FarAdapter {
    fn name(&self) -> &str {
        "far"
    }

    fn describe(&self, _: &mut Catalogue) {}

    async fn call(&self, call: &Call<'_>, far: &dyn providers::Far) -> Result<Answer, Stop> {
        let effectful = call.mode == Mode::Do && call.action != "read";
        let url = if call.mode == Mode::LookUp { "look_up" } else { call.action };
        let request = HttpRequest { method: "POST", url: format!("/{url}"), effectful, ..HttpRequest::default() };
        let status = far.send(request).await?.status;
        let cause = format!("answered {status}");
        match (status, call.mode) {
            (200, _) => Ok(Answer::named("ok")),
            (404, Mode::LookUp) => Err(Stop::NotDone),
            (500, _) if call.action == "make" => Err(Stop::unclear(&cause)),
            _ => Err(Stop::away(&cause)),
        }
    }

    fn read(&self, _: &Delivery<'_>) -> Result<Reading, Unreadable> {
        Err(Unreadable(String::new()))
    }
}

pub struct Scene {
    pub world: World,
    pub far: FarEnd,
    pub dispatcher: Dispatcher,
    pub door: Door,
}

impl Scene {
    async fn new(db: &TestDb) -> Self {
        let (scene, queue) = Self::without_a_writer(World::new(db).await, flows());
        drop(writer::start(&scene.world.engine, &queue, 1));
        scene
    }

    /// Whatever comes to its door waits until a writer is started.
    pub fn without_a_writer(world: World, flows: Flows) -> (Self, writer::Queue) {
        let far = FarEnd::of(&world);
        let transport = Arc::new(far.clone());
        Self::between(world, flows, far, (Arc::new(FarAdapter), transport))
    }

    /// With a provider's own adapter, over this transport.
    pub fn at(world: World, flows: Flows, adapter: Arc<dyn Adapter>, transport: Arc<dyn Transport>) -> Self {
        let far = FarEnd::of(&world);
        let (scene, queue) = Self::between(world, flows, far, (adapter, transport));
        drop(writer::start(&scene.world.engine, &queue, 1));
        scene
    }

    fn between(
        mut world: World,
        flows: Flows,
        far: FarEnd,
        (adapter, transport): (Arc<dyn Adapter>, Arc<dyn Transport>),
    ) -> (Self, writer::Queue) {
        let (clock, provider) = (world.clock.clone(), adapter.name().to_owned());
        let (door, queue) = writer::door(4096);
        let settings = OutboundSettings::default();
        let seams = (Arc::new(clock.clone()) as Arc<dyn Clock>, Arc::new(world.store().clone()));
        let children = Children {
            door: door.clone(),
            onboardings: Arc::clone(&seams.1) as Arc<_>,
            clock: Arc::clone(&seams.0),
            limit: settings.attempt_timeout(),
        };
        let performers = Performers {
            adapters: Arc::new([adapter].into_iter().collect()),
            transport,
            tokens: Arc::default(),
            secrets: Arc::clone(&seams.1) as Arc<_>,
            mail: Some(Arc::new(far.clone())),
            publish: Some(Arc::new(far.clone())),
            children: Arc::new(children),
            clock: Arc::clone(&seams.0),
            limit: settings.attempt_timeout(),
        };
        let concurrency: BTreeMap<String, u32> =
            [&*provider, "mail", "publish", "flow"].map(|name| (name.to_owned(), 8)).into();
        let dispatcher = Dispatcher::new(outbound::Parts {
            leases: Arc::new(world.store().clone()),
            door: door.clone(),
            flows: flows.clone(),
            performers,
            concurrency,
            limits: Arc::new(Limits::default()),
            clock: Arc::clone(&seams.0),
            chance: Arc::new(SystemChance),
            settings,
        });
        let engine = Arc::get_mut(&mut world.engine).unwrap();
        (engine.performer, engine.flows) = (Arc::new(dispatcher.clone()), flows);
        (Self { world, far, dispatcher, door }, queue)
    }

    async fn sign_up(&self, flow: &str, people: usize) {
        let names: Vec<String> = (0..people).map(|n| format!("{flow}-{n}")).collect();
        self.sign_up_as(flow, &names).await;
    }

    /// People of these names sign up for a flow.
    pub async fn sign_up_as(&self, flow: &str, names: &[String]) {
        let say = self.world.say();
        let people = names.iter().map(|name| say.start(name, &format!("user.{flow}"), name));
        for receipt in self.door.accept_all(people.collect()).await {
            assert!(receipt.unwrap().onboarding.is_some());
        }
    }

    /// So many seconds pass, and what is due in each is done.
    pub async fn pass(&self, seconds: usize) {
        for _ in 0..seconds {
            timers::tick(&self.world.engine, &self.door, self.world.clock.now()).await.unwrap();
            self.dispatcher.tick(self.world.clock.now()).await.unwrap();
            self.dispatcher.idle().await;
            self.world.clock.advance(Millis::secs(1));
        }
    }

    pub async fn count(&self, condition: &str) -> i64 {
        self.world.number(&format!("SELECT count(*) FROM onboardings WHERE {condition}")).await
    }

    /// The onboardings in review, and why.
    pub async fn reviews(&self) -> Vec<String> {
        let filter =
            gangway::store::search::Filter { status: Some("review".into()), limit: 1000, ..Default::default() };
        let reviews = self.world.store().onboardings(&filter).await.unwrap();
        reviews.into_iter().map(|one| one.unwrap().memory.review.unwrap().detail).collect()
    }
}

async fn ten_minutes_of_failures_put_none_of_a_hundred_people_into_review(db: &TestDb) {
    let scene = Scene::new(db).await;
    scene.far.down.store(true, Ordering::SeqCst);
    scene.sign_up("call", 100).await;
    scene.pass(600).await;
    assert_eq!(scene.reviews().await, [] as [String; 0]);
    let worked = scene.far.worked.load(Ordering::SeqCst);
    assert!(worked < 40, "{worked} times asked of a provider that fails");
    // The sign-ups, and what the attempts and their look-ups told; nothing for each onboarding that waits.
    let rows = scene.world.number("SELECT count(*) FROM events").await;
    assert!(rows < 100 + 4 * 40, "{rows} rows of the journal");
    assert_eq!(scene.count("status = 'active'").await, 100);
    scene.far.down.store(false, Ordering::SeqCst);
    scene.pass(300).await;
    assert_eq!(scene.count("status = 'completed'").await, 100);
}

async fn four_minutes_of_failures_put_nobody_into_review_whatever_is_asked(db: &TestDb) {
    let scene = Scene::new(db).await;
    scene.far.down.store(true, Ordering::SeqCst);
    for (flow, _) in ASKED {
        scene.sign_up(flow, 10).await;
    }
    scene.pass(240).await;
    assert_eq!(scene.reviews().await, [] as [String; 0]);
    assert_eq!(scene.count("ended_at IS NULL").await, 50, "{START}");
    scene.far.down.store(false, Ordering::SeqCst);
    scene.pass(300).await;
    assert_eq!(scene.count("status = 'completed'").await, 50);
}
