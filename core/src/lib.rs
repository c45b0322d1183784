//! The decisions: no async, no clock, no randomness, no network, no SQL.
