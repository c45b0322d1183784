//! Puts the parts together, in the order in which they need each other, and takes them apart again.

use std::net::SocketAddr;
use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;
use parking_lot::RwLock;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::built::Built;
use super::flows;
use super::outside::{Outside, dispatcher, slots};
use super::parts::{Broker, Loop, Resting, Steps, Time, std_time};
use super::reload::{Reload, Reloaded};
use super::supervise::keep;
use super::web::{Http, hooks, listen, serve};
use super::webhooks::{ReadBack, Registered};
use crate::clock::{Chance, Clock, SteadyClock, Stopwatch, SystemChance};
use crate::engine::writer::Queue;
use crate::engine::{Alarm, Door, Engine, Flows, Options, Performer, sweep, time, timers, writer};
use crate::health::Part;
use crate::inbound::amqp::{AmqpState, Supervisor};
use crate::outbound::{Dispatcher, Transport};
use crate::providers::directory::Directory;
use crate::settings::{Input, Settings};
use crate::store::aside::AsideCap;
use crate::store::{Keyring, Store, key_file};
use crate::telemetry::Beat;
use crate::terminal::{Exit, Failure};

/// How long to wait for connections to end when the time to stop has run out.
const A_MOMENT: std::time::Duration = std::time::Duration::from_secs(1);

/// What a whole run depends on besides its settings: replaced in simulation and tests.
#[derive(Clone, Debug)]
pub struct Seams {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids, nonces, keys.
    pub chance: Arc<dyn Chance>,
    /// The way to the providers; absent: real HTTP.
    pub transport: Option<Arc<dyn Transport>>,
}

impl Seams {
    /// The database's clock, kept going by this machine; its random source, real HTTP.
    #[must_use]
    pub fn real() -> Self {
        Self { clock: Arc::new(SteadyClock::default()), chance: Arc::new(SystemChance), transport: None }
    }
}

/// A running gangway.
#[derive(Debug)]
pub struct Running {
    /// Where webhooks, API and probes are.
    pub address: SocketAddr,
    /// Where probes and metrics are alone, if anywhere.
    pub private: Option<SocketAddr>,
    /// The one door.
    pub door: Door,
    /// The engine behind it.
    pub engine: Arc<Engine>,
    /// Performs effects.
    pub dispatcher: Dispatcher,
    /// How the way from the broker stands.
    pub broker: AmqpState,
    pub(super) reload: Reload,
    read_back: ReadBack,
    http: Http,
    stop: watch::Sender<bool>,
    consumer: JoinHandle<()>,
    loops: Vec<JoinHandle<()>>,
    writers: Vec<JoinHandle<()>>,
    patience: std::time::Duration,
}

/// Opens the database of these settings, with the master key, and brings its schema up to date. From here on its clock
/// is the process's.
///
/// # Errors
/// [`Exit::Unreachable`] when nothing answers, [`Exit::Usage`] when key or schema do not fit.
pub(super) async fn open_store(settings: &Settings, seams: &Seams) -> Result<Store, Failure> {
    let chance = &seams.chance;
    let master = key_file::master_key(&settings.keys, settings.database.sqlite(), chance.as_ref())?;
    let keys = Keyring::new(&master).map_err(|what| Failure::new(Exit::Usage, format!("keys.master_key {what}")))?;
    let store = Store::open(&(&settings.database).into(), keys, Arc::clone(chance)).await?;
    store.migrate().await?;
    time::begin(&store, &*seams.clock, &settings.database.trust()).await?;
    Ok(store)
}

/// Starts everything. After it returns, the address answers and what was due is being done.
///
/// # Errors
/// Settings and flows that cannot be used, a database that cannot be reached, an address that is taken. A broker
/// that is away is no error: readiness says so, and it is tried again.
pub async fn start(settings: &Settings, seams: Seams, metrics: Option<PrometheusHandle>) -> Result<Running, Failure> {
    let built = Built::of(settings)?;
    let listeners = listen(settings)?;
    // Boxed: migrations and flows are the deepest futures of a start, and need not lie on every caller's stack.
    let store = Box::pin(open_store(settings, &seams)).await?;
    let registered = Registered::from(store.webhooks().await?);
    let verified = built.adapters.hooks(&registered)?;
    let flows = Box::pin(flows::load(settings, &built, &store)).await?;

    let (door, queue) = writer::bounded(settings.engine.queue, settings.engine.queue_bytes);
    let slots = slots(settings, &built.adapters);
    let (kinds, phrases) = (built.identifier_kinds(), Arc::new(built.whole.phrases));
    let directory: Arc<Directory> = Arc::new(built.adapters.by_name.into_values().collect());
    let outside = Outside::new(settings, &seams, directory)?;
    let dispatcher = dispatcher(settings, &seams, (slots, &flows), &outside, built.templates, &store, &door)?;
    let hooks = hooks(settings, &seams, &store, &door, verified);
    let engine = Arc::new(Engine {
        store,
        flows,
        clock: Arc::clone(&seams.clock),
        chance: Arc::clone(&seams.chance),
        performer: Arc::new(dispatcher.clone()) as Arc<dyn Performer>,
        alarm: Alarm::default(),
        options: options(settings),
    });
    let beats: Vec<Beat> = (0..settings.engine.writers.max(1)).map(|_| Beat::new("writer")).collect();
    let writers = beats.iter().map(|beat| keep_writing(settings, &engine, &queue, beat.clone())).collect();
    let supervisor = Supervisor::new(settings.amqp.clone(), door.clone(), Arc::clone(&seams.clock));
    let broker = supervisor.state();
    let others = ["timers", "sweep", "read-back", "amqp consumer"].map(Beat::new);
    let shown = readiness(settings, &seams, &beats, &others, &broker, &dispatcher, &engine.flows);
    let words = (kinds, phrases);
    let http = serve(settings, &seams, listeners, &engine, &door, hooks.clone(), metrics, shown, words, &dispatcher)?;
    let read_back = outside.read_back(settings, &seams, &hooks, &engine.store);
    let reload = Reload {
        directory: outside.directory,
        hooks,
        tokens: outside.tokens,
        limits: outside.limits,
        dispatcher: dispatcher.clone(),
        clock: seams.clock,
        store: engine.store.clone(),
        registered: Arc::new(RwLock::new(registered)),
    };
    let (stop, stopped) = watch::channel(false);
    let [timing, sweeping_up, reading_back, consuming] = others;
    let consumer = keep_consuming(settings, supervisor, stopped, consuming);
    let loops = vec![
        keep_dispatching(settings, &dispatcher),
        keep_timing(settings, &engine, &door, timing),
        keep_sweeping(settings, &engine, &door, sweeping_up),
        keep_reading_back(settings, &read_back, reading_back),
    ];
    Ok(Running {
        address: http.address,
        private: http.private,
        door,
        engine,
        dispatcher,
        broker,
        reload,
        read_back,
        http,
        stop,
        consumer,
        loops,
        writers,
        patience: std_time(settings.server.stop),
    })
}

impl Running {
    /// Takes up what these settings say of the providers that are there, without a restart; whole or not at all.
    #[must_use]
    pub fn reload(&self, input: &Input) -> Reloaded {
        self.reload.take(input)
    }

    /// Takes up, with these settings, the secrets of webhooks that were registered since the last look; whether there
    /// were any.
    pub async fn registered_anew(&self, input: &Input) -> bool {
        let anew = self.reload.registered_anew().await;
        anew && matches!(self.reload.take(input), Reloaded::Taken(_))
    }

    /// Reads back once what did not arrive; answers how many deliveries were handed in.
    pub async fn read_back(&self) -> usize {
        self.read_back.step().await
    }

    /// Stops: nothing new is taken, what is under way is finished or given back, everything accepted is on disk. When
    /// it returns, no connection to the database is left.
    pub async fn stop(self) {
        let began = Stopwatch::start();
        let left = || self.patience.saturating_sub(began.elapsed());
        let _ = self.stop.send(true);
        // At the same time, so that one that hangs takes nothing from the others.
        let (served, consumed, performed) = tokio::join!(
            tokio::time::timeout(left(), self.http.stop()),
            tokio::time::timeout(left(), self.consumer),
            tokio::time::timeout(left(), self.dispatcher.stop()),
        );
        for (over, what) in
            [(served.is_err(), "requests"), (consumed.is_err(), "deliveries"), (performed.is_err(), "effects")]
        {
            if over {
                tracing::warn!(what, "still under way when the time to stop ran out");
            }
        }
        // Whatever is still in the queue was not answered; its senders send it again.
        let tasks: Vec<JoinHandle<()>> = self.loops.into_iter().chain(self.writers).collect();
        tasks.iter().for_each(JoinHandle::abort);
        let ended = futures_util::future::join_all(tasks);
        let closing = async {
            drop(ended.await);
            self.engine.store.close().await;
        };
        // A moment in any case: a database that answers is told of the end of each connection.
        if tokio::time::timeout(left().max(A_MOMENT), closing).await.is_err() {
            tracing::warn!("connections to the database were still in use when the time to stop ran out");
        }
    }
}

fn rest(settings: &Settings) -> std::time::Duration {
    std_time(settings.server.restart)
}

fn keep_writing(settings: &Settings, engine: &Arc<Engine>, queue: &Queue, beat: Beat) -> JoinHandle<()> {
    let (engine, queue) = (Arc::clone(engine), queue.clone());
    keep(beat.clone(), rest(settings), move || {
        let (engine, queue, beat) = (Arc::clone(&engine), queue.clone(), beat.clone());
        async move { writer::run(&engine, &queue, &beat).await }
    })
}

fn keep_consuming(
    settings: &Settings,
    supervisor: Supervisor,
    stopped: watch::Receiver<bool>,
    beat: Beat,
) -> JoinHandle<()> {
    let supervisor = Arc::new(supervisor);
    keep(beat.clone(), rest(settings), move || {
        let (supervisor, stopped) = (Arc::clone(&supervisor), stopped.clone());
        beat.ends(true);
        async move { supervisor.run(stopped).await }
    })
}

fn keep_dispatching(settings: &Settings, dispatcher: &Dispatcher) -> JoinHandle<()> {
    let dispatcher = dispatcher.clone();
    keep(dispatcher.beat().clone(), rest(settings), move || {
        let dispatcher = dispatcher.clone();
        async move { dispatcher.run().await }
    })
}

fn keep_timing(settings: &Settings, engine: &Arc<Engine>, door: &Door, beat: Beat) -> JoinHandle<()> {
    let (engine, door, every) = (Arc::clone(engine), door.clone(), settings.outbound.sweep);
    keep(beat.clone(), rest(settings), move || timers::run(Arc::clone(&engine), door.clone(), every, beat.clone()))
}

fn keep_sweeping(settings: &Settings, engine: &Arc<Engine>, door: &Door, beat: Beat) -> JoinHandle<()> {
    let (engine, door, how) = (Arc::clone(engine), door.clone(), sweeping(settings));
    keep(beat.clone(), rest(settings), move || sweep::run(Arc::clone(&engine), door.clone(), how, beat.clone()))
}

fn keep_reading_back(settings: &Settings, read_back: &ReadBack, beat: Beat) -> JoinHandle<()> {
    let (read_back, every) = (read_back.clone(), settings.intake.read_back);
    keep(beat.clone(), rest(settings), move || {
        beat.ends(true);
        read_back.clone().run(every)
    })
}

/// What `/readyz` shows: it answers for taking webhooks and events over HTTP, so that only the writers are needed for
/// it.
fn readiness(
    settings: &Settings,
    seams: &Seams,
    writers: &[Beat],
    others: &[Beat],
    broker: &AmqpState,
    dispatcher: &Dispatcher,
    flows: &Flows,
) -> Vec<Arc<dyn Part>> {
    let late = settings.server.late;
    let of = |beat: &Beat, needed| Arc::new(Loop { beat: beat.clone(), needed, late }) as Arc<dyn Part>;
    let mut parts: Vec<Arc<dyn Part>> = writers.iter().map(|beat| of(beat, true)).collect();
    parts.push(Arc::new(Broker(broker.clone())));
    parts.push(of(dispatcher.beat(), false));
    parts.extend(others.iter().map(|beat| of(beat, false)));
    parts.push(Arc::new(Steps(flows.clone())));
    parts.push(Arc::new(Time(Arc::clone(&seams.clock))));
    let (dispatcher, clock) = (dispatcher.clone(), Arc::clone(&seams.clock));
    parts.push(Arc::new(Resting { dispatcher, clock, late: settings.outbound.sweep }));
    parts
}

fn sweeping(settings: &Settings) -> sweep::Sweeping {
    let engine = &settings.engine;
    sweep::Sweeping { every: engine.sweep, hold: engine.hold, limit: engine.sweep_batch }
}

/// The engine's limits, as these settings say.
pub(super) fn options(settings: &Settings) -> Options {
    Options {
        batch: settings.engine.batch,
        lifecycle: settings.amqp.url.is_some(),
        lease: settings.outbound.lease,
        adopt: settings.engine.adopt,
        trust: settings.database.trust(),
        patience: settings.engine.patience,
        quarantine: AsideCap { rows: settings.engine.quarantine, bytes: settings.engine.quarantine_bytes },
        ..Options::default()
    }
}
