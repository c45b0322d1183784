//! Which slot an effect takes: effects that can delay each other share one.

use gangway_core::effect::Request;

/// The slot of mails.
pub const MAIL: &str = "mail";
/// The slot of publications and lifecycle events.
pub const PUBLISH: &str = "publish";
/// The slot of what onboardings ask of each other: no provider and no broker can hold it up.
pub const FLOW: &str = "flow";

/// The slot of a request: the provider of a call, [`MAIL`], [`PUBLISH`] or [`FLOW`].
#[must_use]
pub fn of(request: &Request) -> &str {
    match request {
        Request::Call { action, .. } => action.split_once('.').map_or(action.as_str(), |(provider, _)| provider),
        Request::Mail { .. } => MAIL,
        Request::Publish { .. } | Request::Lifecycle { .. } => PUBLISH,
        Request::Start { .. } | Request::Tell { .. } => FLOW,
    }
}
