//! Flow files: text -> parsed with positions -> checked -> [`model::Flow`]. Only [`load`], or [`load_stored`] for a
//! version that is stored already, makes a `Flow`: code that holds one may rely on every rule of the checker, except
//! for what a later catalogue says.

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
