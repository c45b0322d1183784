//! Composition root: settings enter, a running gangway leaves. The only place that knows every part; nothing depends
//! on it but the command line.

mod adapters;
mod adopt;
mod aside;
pub mod audit;
mod built;
#[cfg(feature = "sandbox")]
pub mod demo;
mod flows;
mod outside;
mod parts;
mod reload;
#[cfg(feature = "sandbox")]
mod sandbox;
mod serve;
mod start;
mod supervise;
mod web;
mod webhooks;

pub use adopt::adopt;
pub use aside::take_aside;
pub use built::Built;
#[cfg(feature = "sandbox")]
pub use demo::{DemoOptions, demo};
pub use flows::{SHIPPED, possible, stored_flows};
pub use reload::Reloaded;
#[cfg(feature = "sandbox")]
pub use sandbox::{SandboxOptions, sandbox};
pub use serve::serve;
pub use start::{Running, Seams, start};
pub use webhooks::register;

use gangway_core::catalogue::Catalogue;

use crate::settings::Settings;
use crate::terminal::Failure;

/// What flows may name: the actions and facts of every provider that gangway has, and the mail templates, with the
/// retry policies of these settings.
///
/// # Errors
/// When a provider's or the mail's settings cannot be used.
pub fn catalogue(settings: &Settings) -> Result<Catalogue, Failure> {
    Built::of(settings).map(|built| built.whole)
}
