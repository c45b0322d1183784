//! `[server]`: how gangway is reached, and how long it takes to stop.

use std::net::SocketAddr;

use gangway_core::time::Millis;
use serde::Deserialize;

use super::{Fault, duration};

/// How gangway is reached.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// Address and port; port 0 takes a free one.
    #[serde(default)]
    pub listen: String,
    /// Address and port of probes and metrics alone; empty: they are where the rest is.
    #[serde(default)]
    pub private_listen: String,
    /// Largest body of an operator's action, in bytes.
    pub action_limit: usize,
    /// Threads that serve HTTP; 0 is one for each core.
    pub workers: usize,
    /// Most connections at once, over all threads.
    pub connections: usize,
    /// Longest graceful stop.
    #[serde(with = "duration")]
    pub stop: Millis,
    /// Longest wait for a request's head.
    #[serde(with = "duration")]
    pub header_timeout: Millis,
    /// Longest life of an idle connection.
    #[serde(with = "duration")]
    pub keep_alive: Millis,
    /// Longest wait of `/readyz` for the database.
    #[serde(with = "duration")]
    pub ready_timeout: Millis,
    /// How long figures of the database are kept for `/metrics`.
    #[serde(with = "duration")]
    pub figures: Millis,
    /// How long a batch may be under way before this process is not ready.
    #[serde(with = "duration")]
    pub late: Millis,
    /// How long a loop that ended by a fault rests before it begins again.
    #[serde(with = "duration")]
    pub restart: Millis,
    /// How often the process drains its metrics, whether or not `/metrics` is read.
    #[serde(with = "duration")]
    pub upkeep: Millis,
    /// How often the settings file is looked at for mended providers.
    #[serde(with = "duration")]
    pub reload: Millis,
    /// How long a token's grant is remembered.
    #[serde(with = "duration")]
    pub token_cache: Millis,
}

impl ServerSettings {
    /// Longest memory of a token's grant that is allowed.
    pub const TOKEN_CACHE_MAX: Millis = Millis::secs(10);

    /// What is wrong in it.
    #[must_use]
    pub fn faults(&self, at: &str) -> Vec<Fault> {
        let mut faults = Vec::new();
        let key = |name: &str| format!("{at}.{name}");
        if self.listen.parse::<SocketAddr>().is_err() {
            let hint = "such as \"127.0.0.1:8080\", \"0.0.0.0:8080\" or \"[::]:8080\"; port 0 takes a free one";
            faults.push(Fault::new(key("listen"), "is not an IP address and a port", hint));
        }
        if !self.private_listen.is_empty() {
            let hint = "such as \"0.0.0.0:9090\", an address that strangers do not reach; empty: no separate address";
            match self.private_listen.parse::<SocketAddr>() {
                Err(_) => faults.push(Fault::new(key("private_listen"), "is not an IP address and a port", hint)),
                Ok(private) if private.port() != 0 && self.listen.parse() == Ok(private) => {
                    faults.push(Fault::new(key("private_listen"), "is server.listen itself", hint));
                }
                Ok(_) => {}
            }
        }
        if self.action_limit < 1024 {
            faults.push(Fault::new(
                key("action_limit"),
                "is less than 1024 bytes",
                "no reason would fit; 65536 is usual",
            ));
        }
        if self.connections == 0 {
            faults.push(Fault::new(key("connections"), "is zero", "a number above 0; 768 is the default"));
        }
        if self.stop < Millis::secs(1) {
            faults.push(Fault::new(key("stop"), "is less than 1s", "answers under way would be cut off; 20s is usual"));
        }
        for (name, value) in
            [("header_timeout", self.header_timeout), ("ready_timeout", self.ready_timeout), ("upkeep", self.upkeep)]
        {
            if value == Millis(0) {
                faults.push(Fault::new(
                    key(name),
                    "is zero",
                    "it would be over before it began; take a second or more",
                ));
            }
        }
        if self.token_cache > Self::TOKEN_CACHE_MAX {
            let hint = "a token that was removed must stop working soon";
            faults.push(Fault::new(key("token_cache"), "is more than 10s", hint));
        }
        faults
    }

    /// Where probes and metrics have an address of their own.
    #[must_use]
    pub fn private_address(&self) -> Option<SocketAddr> {
        self.private_listen.parse().ok()
    }

    /// The address, which [`ServerSettings::faults`] has checked; loopback and a free port if it has not.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listen.parse().unwrap_or_else(|_| SocketAddr::from(([127, 0, 0, 1], 0)))
    }
}
