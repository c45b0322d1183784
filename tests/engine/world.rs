//! One engine over a test database: time by hand, chance by seed, the shipped flow and two small ones through the
//! real loader and the real catalogue.

use std::sync::Arc;

use gangway::clock::{Clock, HandClock, SeededChance, SystemChance};
use gangway::engine::{Alarm, Arrival, Engine, Flows, Options, Receipt};
use gangway::outbound::mail::templates::Templates;
use gangway::providers::{parts, registry};
use gangway::store::aside::{AsideFilter, AsideKind, KeptAside};
use gangway::store::search::JournalEntry;
use gangway::store::types::{Lease, LeasedEffect};
use gangway::store::{Keyring, Store, StoreOptions};
use gangway_core::catalogue::{ActionSpec, Catalogue};
use gangway_core::event::{Identifier, OnboardingId, OperatorAct};
use gangway_core::flow;
use gangway_core::onboarding::Onboarding;
use gangway_core::outcome::AttemptResult;
use gangway_core::retry::Policy;
use gangway_core::secret::PasswordRule;
use gangway_core::time::{Millis, Timestamp};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};

use crate::db::{MASTER_KEY, TestDb};
use crate::hands::Hands;
use crate::say::Say;

pub const START: Timestamp = Timestamp(1_700_000_000_000);

const ORIGINAL_WALLET: &str = include_str!("../../flows/original-wallet.yaml");

/// May begin again after an end; waits for a word of the internal systems.
const VISIT: &str = "
flow: visit
version: 1
title: A user who comes back
start:
  on: user.visited
  user: { id: data.user_id, email: data.email }
  again: true
states:
  create_user:
    call: original.create_user
    with: { user_external_id: user.id }
    outcomes: { created: confirmed, exists: confirmed, refused: review }
  confirmed:
    await: { said: user.confirmed, arrived: original.wallet_created }
    within: 1h
    outcomes: { said: done, arrived: done, late: review }
  review: { ask: support, outcomes: { retry: create_user, give_up: abandoned } }
  abandoned: { end: failed }
  done: { end: completed }
";

/// Takes a password and hands over a key; a made-up provider, because here only the way of the secrets counts.
const KEPT: &str = "
flow: kept
version: 1
start: { on: user.kept, user: { id: data.user_id, email: data.email } }
secrets:
  password: { event: user.kept, field: account.password, generate: vault }
  key: { state: open, field: key }
  passkey: { event: user.handed_in, field: passkey }
states:
  open:
    call: vault.open
    with: { username: user.id, password: secrets.password }
    outcomes: { opened: tell }
  tell:
    mail: welcome
    with: { wallet_address: secrets.key }
    outcomes: { sent: passkey, refused: passkey }
  passkey:
    call: vault.open
    with: { username: user.id, password: secrets.passkey }
    outcomes: { opened: done }
  done: { end: completed }
";

/// How passwords of the made-up provider are made.
pub fn rule() -> PasswordRule {
    PasswordRule { min_length: 8, length: 20, upper: true, lower: true, digit: true, symbol: true }
}

/// Only other flows begin it; ends once for good.
const ROOM: &str = "
flow: room
version: 1
title: A room
start: {}
states:
  make:
    call: original.create_user
    with: { user_external_id: user.id, email: data.label }
    outcomes: { created: done, exists: done, refused: lost }
  lost: { end: failed }
  done: { end: completed, with: { uid: states.make.uid } }
";

/// Two flows that start another one and wait for its end.
fn parent(name: &str, child: &str) -> String {
    format!(
        "
flow: {name}
version: 1
title: Needs a {child}
start:
  on: user.{name}
  user: {{ id: data.user_id, email: data.email }}
states:
  begin:
    start: {child}
    with: {{ label: data.email }}
    outcomes: {{ started: child, running: child, ended: child }}
  child:
    await: {{ arrived: flow.{child}.completed, lost: flow.{child}.failed, off: flow.{child}.cancelled }}
    within: 24h
    outcomes: {{ arrived: done, lost: review, off: review, late: review }}
  review: {{ ask: support, outcomes: {{ retry: begin, give_up: abandoned }} }}
  abandoned: {{ end: failed }}
  done: {{ end: completed, with: {{ child: states.begin.onboarding_id, uid: \"has(states.child.uid) ? states.child.uid : null\" }} }}
"
    )
}

/// One engine.
pub struct World {
    pub engine: Arc<Engine>,
    pub hands: Arc<Hands>,
    pub clock: HandClock,
    /// A connection of the test's own.
    pub sql: DatabaseConnection,
}

impl World {
    pub async fn new(db: &TestDb) -> Self {
        Self::with(db, 1, |_| {}).await
    }

    /// Another seed makes another process; time is its own.
    pub async fn with(db: &TestDb, seed: u64, set: impl FnOnce(&mut Options)) -> Self {
        Self::over(&db.options(), &db.url, seed, set).await
    }

    /// Like [`World::with`], with a way to the database of its own; `url` is the test's own way.
    pub async fn over(options: &StoreOptions, url: &str, seed: u64, set: impl FnOnce(&mut Options)) -> Self {
        // What the engine warns of is shown with a test that fails.
        drop(tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_test_writer().try_init());
        let keys = Keyring::new(&MASTER_KEY.to_owned().into()).unwrap();
        let chance = Arc::new(SeededChance::new(seed));
        let store = Store::open(options, keys, Arc::new(SystemChance)).await.unwrap();
        let clock = HandClock::at(START);
        let slots = ["original", "mail", "publish", "vault", "flow"];
        let hands = Arc::new(Hands::with(&slots.map(|slot| (slot, 1000))));
        let mut options = Options::default();
        set(&mut options);
        let engine = Engine {
            store,
            flows: flows(),
            clock: Arc::new(clock.clone()),
            chance,
            performer: Arc::clone(&hands) as Arc<dyn gangway::engine::Performer>,
            alarm: Alarm::default(),
            options,
        };
        let sql = Database::connect(url).await.unwrap();
        Self { engine: Arc::new(engine), hands, clock, sql }
    }

    /// As this one, with another performer.
    pub fn with_hands(mut self, hands: Hands) -> Self {
        self.hands = Arc::new(hands);
        Arc::get_mut(&mut self.engine).unwrap().performer = Arc::clone(&self.hands) as Arc<_>;
        self
    }

    /// As this one, with other flows.
    pub fn with_flows(mut self, flows: Flows) -> Self {
        Arc::get_mut(&mut self.engine).unwrap().flows = flows;
        self
    }

    pub fn store(&self) -> &Store {
        &self.engine.store
    }

    /// Its connections end.
    pub async fn close(self) {
        self.store().close().await;
        self.sql.close().await.unwrap();
    }

    pub fn say(&self) -> Say {
        Say(self.clock.now())
    }

    /// One batch; everything in it is answered with a receipt.
    pub async fn accept(&self, arrivals: &[Arrival]) -> Vec<Receipt> {
        self.engine.accept(arrivals).await.into_iter().map(|answer| answer.unwrap()).collect()
    }

    pub async fn one(&self, arrival: Arrival) -> Receipt {
        self.accept(&[arrival]).await.remove(0)
    }

    /// A person of this name, signed up.
    pub async fn sign_up(&self, name: &str) -> OnboardingId {
        self.one(self.say().sign_up(name)).await.onboarding.unwrap()
    }

    /// What there is to perform now: what was handed over, and what is due.
    pub async fn due(&self) -> Vec<LeasedEffect> {
        let mut given = self.hands.take();
        let lease = Lease { token: gangway::clock::Chance::id(&SystemChance, START), length: Millis::secs(600) };
        let slots = ["original", "mail", "publish", "vault", "flow"].map(|slot| (slot.to_owned(), 1000));
        given.extend(self.store().lease_due_at(self.clock.now(), &slots, lease).await.unwrap());
        given
    }

    /// The one effect that there is to perform now.
    pub async fn only_due(&self) -> LeasedEffect {
        let mut due = self.due().await;
        assert_eq!(due.len(), 1, "{due:?}");
        due.remove(0)
    }

    /// Performs the one effect that is due, well, for the person of this name.
    pub async fn perform(&self, name: &str) -> Receipt {
        let effect = self.only_due().await;
        self.one(self.say().good(&effect, name)).await
    }

    /// Answers the one effect that is due.
    pub async fn answer(&self, result: AttemptResult) -> Receipt {
        let effect = self.only_due().await;
        self.one(self.say().outcome(&effect, result)).await
    }

    /// A person of this name who waits for the wallet.
    pub async fn waiting(&self, name: &str) -> OnboardingId {
        let id = self.sign_up(name).await;
        self.perform(name).await;
        self.perform(name).await;
        assert_eq!(self.onboarding(id).await.state, "wallet");
        id
    }

    /// A whole visit of this person.
    pub async fn visit(&self, key: &str, name: &str) -> OnboardingId {
        let id = self.one(self.say().start(key, "user.visited", name)).await.onboarding.unwrap();
        self.perform(name).await;
        self.one(self.say().message(&format!("{key}-said"), "user.confirmed", name, serde_json::json!({}))).await;
        assert!(self.onboarding(id).await.status.ended());
        self.clock.advance(Millis::secs(1));
        id
    }

    pub async fn onboarding(&self, id: OnboardingId) -> Onboarding {
        self.store().onboarding(id).await.unwrap().unwrap()
    }

    /// The user's onboardings, newest first.
    pub async fn onboardings_of(&self, name: &str) -> Vec<Onboarding> {
        let users = self.store().users_by(&[Identifier::new(Identifier::EXTERNAL_ID, name)]).await.unwrap();
        assert_eq!(users.len(), 1, "{name}");
        let user = users[0].as_ref().unwrap().id;
        self.store().user_onboardings(user).await.unwrap().into_iter().map(Result::unwrap).collect()
    }

    pub async fn journal(&self, id: OnboardingId) -> Vec<JournalEntry> {
        self.store().journal(id, 0, 10_000).await.unwrap()
    }

    /// Events of this verdict.
    pub async fn of_verdict(&self, verdict: &str) -> Vec<JournalEntry> {
        self.store().events_by_verdict(verdict, None, 10_000).await.unwrap()
    }

    /// A whole number out of the database.
    pub async fn number(&self, sql: &str) -> i64 {
        let sql = match self.sql.get_database_backend() {
            sea_orm::DbBackend::Postgres => format!("SELECT ({sql})::bigint AS number"),
            _ => format!("SELECT ({sql}) AS number"),
        };
        let statement = sea_orm::Statement::from_string(self.sql.get_database_backend(), sql);
        self.sql.query_one_raw(statement).await.unwrap().unwrap().try_get("", "number").unwrap()
    }

    /// Changes the database by hand.
    pub async fn run(&self, sql: &str) {
        self.sql.execute_unprepared(sql).await.unwrap();
    }

    /// Makes the database refuse such rows, for good.
    pub async fn refuse_inserts(&self, table: &str, condition: &str) {
        if self.sql.get_database_backend() == sea_orm::DbBackend::Postgres {
            self.run(
                "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = 'check_violation'; END $$",
            )
            .await;
            let when = format!("FOR EACH ROW WHEN (NEW.{condition}) EXECUTE FUNCTION refuse()");
            self.run(&format!("CREATE TRIGGER refuse BEFORE INSERT ON {table} {when}")).await;
        } else {
            let when = format!("WHEN NEW.{condition} BEGIN SELECT RAISE(ABORT, 'refused'); END");
            self.run(&format!("CREATE TRIGGER refuse BEFORE INSERT ON {table} {when}")).await;
        }
    }

    /// Ends [`World::refuse_inserts`].
    pub async fn allow_inserts(&self, table: &str) {
        let on = if self.sql.get_database_backend() == sea_orm::DbBackend::Postgres {
            format!(" ON {table}")
        } else {
            String::new()
        };
        self.run(&format!("DROP TRIGGER refuse{on}")).await;
    }

    /// An operator acts, with a fresh key.
    pub async fn act(&self, id: OnboardingId, act: OperatorAct, seen: Option<u64>) -> Receipt {
        let key = gangway::clock::Chance::id(&SystemChance, START).to_string();
        self.one(self.say().act(&key, id, act, seen)).await
    }

    /// What is in quarantine, newest first.
    pub async fn quarantined(&self) -> Vec<KeptAside> {
        let filter = AsideFilter { kind: AsideKind::Quarantine, source: None, before: None, limit: 10_000 };
        self.store().aside(&filter).await.unwrap()
    }

    /// The sum of copies over the journal.
    pub async fn received(&self) -> i64 {
        self.number("SELECT coalesce(sum(copies), 0) FROM events").await
    }
}

/// The catalogue of the real adapters and templates.
pub fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue { templates: Templates::load(None, "en").unwrap().specs(), ..Catalogue::default() };
    registry::BUILT_IN.iter().for_each(|row| (row.describe)(&mut catalogue, &Policy::default()));
    catalogue.passwords.insert("vault".to_owned(), rule());
    let input = [parts::input(&["username"], true), parts::secret_input(&["password"], false)].concat();
    let outcomes = vec![parts::with_secrets(parts::outcome("opened", &[], &[]), &["key"])];
    let open = ActionSpec { input, outcomes, effectful: true, look_up: true, ..ActionSpec::default() };
    catalogue.actions.insert("vault.open".to_owned(), open);
    catalogue
}

pub fn flows() -> Flows {
    let files = [
        ("original-wallet.yaml", ORIGINAL_WALLET.to_owned()),
        ("visit.yaml", VISIT.to_owned()),
        ("kept.yaml", KEPT.to_owned()),
        ("room.yaml", ROOM.to_owned()),
        ("house.yaml", parent("house", "room")),
        ("hotel.yaml", parent("hotel", "room")),
        ("guest.yaml", parent("guest", "visit")),
    ];
    let flows = Flows::default();
    for flow in flow::load_all(&files, &catalogue()).unwrap_or_else(|problems| panic!("{}", problems.rendered)) {
        flows.add(flow, true);
    }
    flows
}
