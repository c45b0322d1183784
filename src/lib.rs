//! gangway.
