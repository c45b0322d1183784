//! One post of one webhook. The only place of the sandbox that sends HTTP.

use std::time::Duration;

use super::Webhooks;

/// Longer than gangway may take to commit, shorter than a person's patience.
const TIMEOUT: Duration = Duration::from_secs(15);

/// The client: no proxy, no redirects, so that a webhook goes where it was told to and nowhere else.
#[expect(clippy::disallowed_methods, reason = "the sandbox stands outside gangway; this is its one sender")]
pub(crate) fn client() -> std::io::Result<reqwest::Client> {
    // Refused if the process has a provider already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(TIMEOUT)
        .build()
        .map_err(std::io::Error::other)
}

impl Webhooks {
    /// Posts JSON with these headers. The status that was answered, or why none was.
    pub(crate) async fn post(&self, url: &str, headers: &[(&'static str, String)], body: &str) -> Result<u16, String> {
        let _slot = self.slots.acquire().await.map_err(|error| error.to_string())?;
        let request = self.client.post(url).header("content-type", "application/json").body(body.to_owned());
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        let sent = request.send().await;
        // The URL may hold a secret, and errors are listed.
        sent.map(|reply| reply.status().as_u16()).map_err(|error| causes(&error.without_url()))
    }
}

/// An error with what caused it: "error sending request: connection refused".
fn causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
