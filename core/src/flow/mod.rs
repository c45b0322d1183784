//! Flow files: text -> parsed with positions -> checked -> [`model::Flow`]. A `Flow` cannot be had but through
//! [`load`], so whatever holds one may rely on every rule of the checker.

pub mod check;
pub mod draw;
pub mod expr;
pub mod model;
pub mod parse;
pub mod problem;
pub mod words;

pub use check::{load, load_all, load_each, same_version};
pub use problem::{Kind, Problems};
