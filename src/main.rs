//! gangway.
fn main() {}
