//! Rows, one file a table.
