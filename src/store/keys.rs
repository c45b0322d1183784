//! Sealing, blind indexes and keyed digests. Keys enter once at start; plaintext keys never leave this file.

/// Keyed hash of an identifier: what is searched instead of the plaintext.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Blind(pub [u8; 32]);

/// Keyed hash of source and key: what makes a copy a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dedupe(pub [u8; 32]);

/// Digest of an event's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 16]);

/// A user's (or an unowned event's) data key, opened, with its wrapped form.
#[derive(Clone)]
pub struct DataKey {
    _private: (),
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey(…)")
    }
}

/// The master key and what is derived from it.
pub struct Keyring {
    _private: (),
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyring(…)")
    }
}

impl Keyring {
    /// From the master key: 32 bytes, standard base64 or hexadecimal.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the text, never the text itself.
    pub fn new(_master: &secrecy::SecretString) -> Result<Self, String> {
        todo!()
    }

    /// Blind value of an identifier; canonical form first (`gangway_core::matching::canonical`).
    #[must_use]
    pub fn blind(&self, _identifier: &gangway_core::event::Identifier) -> Blind {
        todo!()
    }

    /// Dedupe key of an event.
    #[must_use]
    pub fn dedupe(&self, _source: &str, _key: &str) -> Dedupe {
        todo!()
    }

    /// Digest of content, keyed.
    #[must_use]
    pub fn digest(&self, _content: &[u8]) -> Digest {
        todo!()
    }

    /// A new data key, wrapped by the master key.
    #[must_use]
    pub fn new_data_key(&self, _chance: &dyn crate::clock::Chance) -> DataKey {
        todo!()
    }
}
