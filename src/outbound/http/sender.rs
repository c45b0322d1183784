//! The one that really sends: one client for all providers, kept connections, no redirects, no proxies, no cookies.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gangway_core::time::Millis;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;
use serde_json::Value;
use url::Url;

use super::body::{self, Short};
use super::guard::{Guard, Inside};
use super::{Limits, Transport};
use crate::clock::{Clock, Stopwatch};
use crate::providers::{HttpRequest, Reply, Stop};
use crate::settings::outbound::OutboundSettings;

/// Sends over HTTP.
#[derive(Debug)]
pub struct HttpSender {
    client: reqwest::Client,
    guard: Guard,
    limits: Arc<Limits>,
    reply_limit: usize,
    timeout: Millis,
    patience: Millis,
    clock: Arc<dyn Clock>,
}

impl HttpSender {
    /// Prepares the client.
    ///
    /// # Errors
    /// When the machine's certificates cannot be used.
    pub fn new(settings: &OutboundSettings, limits: Arc<Limits>, clock: Arc<dyn Clock>) -> Result<Self, String> {
        // The first caller installs it; later calls have no effect.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let guard = Guard { allow_private: settings.allow_private };
        #[expect(clippy::disallowed_methods, reason = "this is the one HTTP sender")]
        let client = reqwest::Client::builder()
            .user_agent(concat!("gangway/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_millis(settings.connect_timeout.0))
            .timeout(Duration::from_millis(settings.request_timeout.0))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .dns_resolver(Arc::new(guard))
            .build()
            .map_err(|error| format!("the HTTP client cannot be made: {}", chain(&error)))?;
        let (reply_limit, timeout) = (settings.reply_limit, settings.request_timeout);
        let patience = settings.patience();
        Ok(Self { client, guard, limits, reply_limit, timeout, patience, clock })
    }

    /// The wait that the provider asked for, where it is not over.
    fn left_alone(&self, provider: &str) -> Result<(), Stop> {
        let later = |wait| Err(Stop::Later(format!("the provider asked to wait {wait}"), Some(wait)));
        self.limits.wait(provider, self.clock.now()).map_or(Ok(()), later)
    }

    async fn exchange(&self, url: Url, request: HttpRequest) -> Result<Reply, Stop> {
        let method = request.method.parse().map_err(|_| barred("an HTTP method that does not exist"))?;
        let mut wire = self.client.request(method, url).headers(headers(&request)?);
        if !request.query.is_empty() {
            wire = wire.query(&request.query);
        }
        if let Some(body) = request.body {
            wire = wire.body(body);
        }
        let sent_at = self.clock.now();
        let response = wire.send().await.map_err(|error| self.unanswered(&error))?;
        let status = response.status().as_u16();
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
        let body = body::read(response, self.reply_limit).await.map_err(|short| match short {
            Short::TooLong => Stop::Unclear(format!("the answer ({status}) is longer than {} bytes", self.reply_limit)),
            Short::Cut(error) => self.unanswered(&error),
        })?;
        Ok(Reply { status, headers, body, sent_at, received_at: self.clock.now() })
    }

    /// What a failure says about the request: before the connection stands, nothing was sent.
    fn unanswered(&self, error: &reqwest::Error) -> Stop {
        if sources(error).any(|source| source.is::<Inside>()) {
            return barred(&Inside.to_string());
        }
        if error.is_builder() {
            return barred("the request cannot be written; check the provider's base_url");
        }
        if error.is_connect() {
            let cause = match (error.is_dns(), error.is_timeout()) {
                (true, _) => "its name cannot be resolved".to_owned(),
                (_, true) => "no connection in time".to_owned(),
                _ => format!("no connection: {}", deepest(error)),
            };
            return Stop::Away(cause, None);
        }
        if error.is_timeout() {
            return Stop::Unclear(format!("no whole answer within {}", self.timeout));
        }
        Stop::Unclear(format!("the connection ended before a whole answer: {}", deepest(error)))
    }
}

#[async_trait]
impl Transport for HttpSender {
    async fn send(&self, provider: &str, request: HttpRequest) -> Result<Reply, Stop> {
        self.left_alone(provider)?;
        let url = Url::parse(&request.url).map_err(|_| barred("an address that is not one; check its base_url"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(barred("an address that is neither http nor https; check its base_url"));
        }
        self.guard.literal(&url).map_err(|inside| barred(&inside.to_string()))?;
        let not_yet = |wait| {
            let cause = format!("waits {wait} for its turn: the provider takes only so many requests");
            Stop::Later(cause, Some(wait))
        };
        let (rates, now) = (&self.limits.rates, self.clock.now());
        let own = request.rated.as_ref().map(|action| {
            rates.take_or_come_again(&format!("{provider}.{action}"), now, self.patience).map_err(|wait| {
                let cause = format!("waits {wait} for its turn: the provider takes only so many `{action}`");
                Stop::Later(cause, Some(wait))
            })
        });
        let own = own.transpose()?.unwrap_or(Millis(0));
        let turn = rates.take(provider, now, self.patience).map_err(not_yet)?.max(own);
        if turn.0 > 0 {
            tokio::time::sleep(Duration::from_millis(turn.0)).await;
            self.left_alone(provider)?;
        }
        let (method, loggable) = (request.method, request.loggable);
        let watch = Stopwatch::start();
        let answer = self.exchange(url, request).await;
        let seconds = watch.elapsed().as_secs_f64();
        let class = match &answer {
            Ok(reply) => {
                self.limits.note(provider, reply.status, &reply.headers, self.clock.now());
                tracing::debug!(
                    provider,
                    method,
                    status = reply.status,
                    seconds,
                    said = said(reply, loggable),
                    "answered"
                );
                format!("{}xx", reply.status / 100)
            }
            Err(error) => {
                tracing::debug!(provider, method, seconds, %error, "not answered");
                "none".to_owned()
            }
        };
        let provider = provider.to_owned();
        metrics::counter!("gangway_outbound_requests_total", "provider" => provider.clone(), "status" => class)
            .increment(1);
        metrics::histogram!("gangway_outbound_request_seconds", "provider" => provider).record(seconds);
        answer
    }
}

fn barred(what: &str) -> Stop {
    Stop::Barred(what.to_owned())
}

fn headers(request: &HttpRequest) -> Result<HeaderMap, Stop> {
    let unfit = |_| barred("a header that cannot be sent; check the provider's keys for blanks and line breaks");
    let mut map = HeaderMap::new();
    for (name, value) in &request.headers {
        map.insert(HeaderName::from_static(name), HeaderValue::from_str(value).map_err(unfit)?);
    }
    for (name, value) in &request.secret_headers {
        let mut value = HeaderValue::from_str(value.expose_secret()).map_err(unfit)?;
        value.set_sensitive(true);
        map.insert(HeaderName::from_static(name), value);
    }
    for (name, value) in &request.named_headers {
        let name =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| barred("a header with a name that cannot be sent"))?;
        let mut value = HeaderValue::from_str(value.expose_secret()).map_err(unfit)?;
        value.set_sensitive(true);
        map.insert(name, value);
    }
    Ok(map)
}

/// The allowed fields of a JSON answer, `a=1 b.c="x"`; nothing else of an answer is ever written down.
fn said(reply: &Reply, loggable: &[&str]) -> String {
    let Ok(json) = gangway_core::json::read(&reply.body) else { return String::new() };
    let field = |name: &&str| {
        let value = name.split('.').try_fold(&json, |value, key| value.get(key))?;
        let short = !matches!(value, Value::Object(_) | Value::Array(_) | Value::Null);
        short.then(|| format!("{name}={value}"))
    };
    loggable.iter().filter_map(field).collect::<Vec<_>>().join(" ")
}

fn sources<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(error.source(), |source: &&'a (dyn std::error::Error + 'static)| (*source).source())
}

/// The innermost cause: `Connection refused (os error 111)`. Outer ones repeat the URL, which may hold an e-mail.
fn deepest(error: &reqwest::Error) -> String {
    sources(error).last().map_or_else(|| "no cause given".to_owned(), ToString::to_string)
}

fn chain(error: &reqwest::Error) -> String {
    std::iter::once(error.to_string()).chain(sources(error).map(ToString::to_string)).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests;
