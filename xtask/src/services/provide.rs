//! Both servers, from whatever is there: given URLs, programs on this machine, Debian packages, containers.

use super::{Postgres, RabbitMq};
use crate::compose::Compose;
use crate::locate::{self, PostgresPrograms, RabbitPrograms};
use crate::scratch::{self, Scratch};
use crate::wait::Stop;
use crate::{Error, Result, apt};
use std::path::Path;

/// A superuser's URL to a server on which tests may create databases.
pub const POSTGRES_URL: &str = "GANGWAY_TEST_POSTGRES_URL";
/// A broker on which tests may declare what they like.
pub const AMQP_URL: &str = "GANGWAY_TEST_AMQP_URL";

/// A PostgreSQL and a RabbitMQ, up. Dropping it stops what was started here, and only that.
#[derive(Debug)]
pub struct Services {
    postgres_url: String,
    amqp_url: String,
    // In the order in which they go: first the servers, then the folder they live in.
    _postgres: Option<Postgres>,
    rabbitmq: Option<RabbitMq>,
    _compose: Option<Compose>,
    _scratch: Scratch,
}

/// Where one server comes from.
enum Source<P> {
    Given(String),
    Local(P),
    Container,
}

impl Services {
    /// Brings both up; returns when both take connections.
    ///
    /// # Errors
    /// When one cannot be had, with what to install; or when `stop` was asked for.
    pub fn start(root: &Path, stop: &Stop) -> Result<Self> {
        scratch::sweep()?;
        let scratch = Scratch::create("services")?;
        let (postgres, rabbitmq) = sources()?;
        let (postgres, rabbitmq, compose) = match (postgres, rabbitmq) {
            (Source::Container, Source::Container) => containers(root, &["postgres", "rabbitmq"])?,
            (Source::Container, other) => containers(root, &["postgres"]).map(|(p, _, c)| (p, other, c))?,
            (other, Source::Container) => containers(root, &["rabbitmq"]).map(|(_, r, c)| (other, r, c))?,
            (postgres, rabbitmq) => (postgres, rabbitmq, None),
        };
        // The broker takes long to start, mostly waiting: start the other one meanwhile.
        let (postgres, rabbitmq) = std::thread::scope(|scope| {
            let broker = scope.spawn(|| start_rabbitmq(rabbitmq, scratch.path(), stop));
            let database = start_postgres(postgres, scratch.path(), stop);
            let broker = broker.join().unwrap_or_else(|_| Err(Error::new("the start of RabbitMQ panicked")));
            (database, broker)
        });
        let ((postgres_url, postgres), (amqp_url, rabbitmq)) = (postgres?, rabbitmq?);
        Ok(Self { postgres_url, amqp_url, _postgres: postgres, rabbitmq, _compose: compose, _scratch: scratch })
    }

    /// The variables by which tests and benches find the servers.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        let mut variables =
            vec![(POSTGRES_URL.to_owned(), self.postgres_url.clone()), (AMQP_URL.to_owned(), self.amqp_url.clone())];
        variables.extend(self.rabbitmq.iter().flat_map(|broker| broker.ctl().to_env()));
        variables
    }
}

fn sources() -> Result<(Source<PostgresPrograms>, Source<RabbitPrograms>)> {
    let given = |name| std::env::var(name).ok().filter(|url| !url.is_empty());
    let (postgres_url, amqp_url) = (given(POSTGRES_URL), given(AMQP_URL));
    let mut packages = Vec::new();
    if postgres_url.is_none() && locate::postgres().is_none() {
        packages.push("postgresql");
    }
    if amqp_url.is_none() && locate::rabbitmq().is_none() {
        packages.push("rabbitmq-server");
    }
    if !packages.is_empty() && apt::is_possible() {
        apt::install(&packages)?;
    }
    Ok((source(postgres_url, locate::postgres()), source(amqp_url, locate::rabbitmq())))
}

fn source<P>(url: Option<String>, programs: Option<P>) -> Source<P> {
    match (url, programs) {
        (Some(url), _) => Source::Given(url),
        (None, Some(programs)) => Source::Local(programs),
        (None, None) => Source::Container,
    }
}

type Contained = (Source<PostgresPrograms>, Source<RabbitPrograms>, Option<Compose>);

fn containers(root: &Path, services: &[&str]) -> Result<Contained> {
    if !Compose::is_possible() {
        let missing = services.join(" and ");
        return Err(Error::new(format!(
            "no {missing} for the tests. Do one of these:\n  \
             - install it (Debian: apt-get install postgresql rabbitmq-server; as root this command does it itself)\n  \
             - start a container engine with the compose plugin, so that `docker compose version` and `docker info` work\n  \
             - set {POSTGRES_URL} and {AMQP_URL} to servers on which tests may create databases and virtual hosts"
        )));
    }
    let compose = Compose::up(root, services)?;
    let postgres = Source::Given(compose.postgres_url());
    let rabbitmq = Source::Given(compose.amqp_url());
    Ok((postgres, rabbitmq, Some(compose)))
}

fn start_postgres(source: Source<PostgresPrograms>, folder: &Path, stop: &Stop) -> Result<(String, Option<Postgres>)> {
    match source {
        Source::Given(url) => Ok((url, None)),
        Source::Local(programs) => {
            let server = Postgres::start_with(&programs, folder, stop)?;
            Ok((server.url(), Some(server)))
        }
        Source::Container => Err(Error::new("PostgreSQL was not started")),
    }
}

fn start_rabbitmq(source: Source<RabbitPrograms>, folder: &Path, stop: &Stop) -> Result<(String, Option<RabbitMq>)> {
    match source {
        Source::Given(url) => Ok((url, None)),
        Source::Local(programs) => {
            let server = RabbitMq::start_with(&programs, folder, stop)?;
            Ok((server.url(), Some(server)))
        }
        Source::Container => Err(Error::new("RabbitMQ was not started")),
    }
}
