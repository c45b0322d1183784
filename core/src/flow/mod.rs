//! Flow files: text -> parsed with positions -> checked -> [`model::Flow`]. A `Flow` cannot be had but through
//! [`load`] or, of a version that is stored already, [`load_stored`]: whatever holds one may rely on every rule of the
//! checker, but for what the catalogue says since.

pub mod check;
pub mod diagnostic;
pub mod draw;
pub mod expr;
pub mod model;
pub mod parse;
pub mod reach;
pub mod words;

pub use check::{load, load_all, load_each, load_stored, same_version};
pub use diagnostic::{Code, Diagnostics};
