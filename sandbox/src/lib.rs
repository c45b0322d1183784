//! The providers and a mailbox, played; shares no type with the adapters.
