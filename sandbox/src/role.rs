//! What is known of a provider before it is played. One constant in each provider's folder; the table is `players`.

use crate::traps::Trap;

/// A provider's row, for pages and help texts.
#[derive(Clone, Copy, Debug)]
pub struct Role {
    /// Its name in lists and addresses.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// The name and the path of each of its base URLs.
    pub at: &'static [(&'static str, &'static str)],
    /// Where the words of its traps are read from.
    pub steered_by: &'static str,
    /// Its traps.
    pub traps: &'static [Trap],
    /// Whether it sends webhooks.
    pub tells: bool,
}
