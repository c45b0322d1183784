//! The schema, one file a change, for both databases.
