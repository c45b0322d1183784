//! Sealing, blind indexes and keyed digests. Keys enter once at start; plaintext keys never leave this file.
//!
//! A sealed blob is `version byte | 24-byte nonce | ciphertext and tag` (XChaCha20-Poly1305, random nonces). Table and
//! row are authenticated with it, so that a blob opens only in the row that it was sealed for. Data keys are wrapped
//! before their row has an id and are therefore not bound to it; moving a wrapped key to another row gains nothing,
//! because what it opens is bound.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use gangway_core::event::Identifier;
use gangway_core::matching;
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::types::StoreError;
use crate::clock::Chance;

/// Keyed hash of an identifier: what is searched instead of the plaintext.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Blind(pub [u8; 32]);

/// Keyed hash of source and key: what makes a copy a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dedupe(pub [u8; 32]);

/// Digest of an event's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 16]);

/// The row that a blob belongs to; authenticated with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// Table.
    pub(crate) table: &'static str,
    /// What names the row in it, without change for as long as the blob lives.
    pub(crate) row: &'a [u8],
}

/// A user's (or an unowned event's) data key, opened, with its wrapped form. Clones share the key, which is wiped
/// from memory with the last of them.
#[derive(Clone)]
pub struct DataKey(Arc<Opened>);

struct Opened {
    seal: Seal,
    wrapped: Vec<u8>,
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey(…)")
    }
}

impl DataKey {
    pub(crate) fn wrapped(&self) -> &[u8] {
        &self.0.wrapped
    }

    pub(crate) fn seal(&self, chance: &dyn Chance, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.0.seal.seal(chance, place, plain)
    }

    pub(crate) fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        self.0.seal.open(place, sealed)
    }
}

/// The master key and what is derived from it.
pub struct Keyring {
    wrap: Seal,
    aside: Seal,
    blind: Hmac<Sha256>,
    dedupe: Hmac<Sha256>,
    digest: Hmac<Sha256>,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyring(…)")
    }
}

const WRAPPED: Place<'static> = Place { table: "data key", row: &[] };
const CANARY: Place<'static> = Place { table: "vault", row: &[] };
const CANARY_TEXT: &[u8] = b"gangway";

impl Keyring {
    /// From the master key: 32 bytes, standard base64 or hexadecimal.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the text, never the text itself.
    pub fn new(master: &SecretString) -> Result<Self, String> {
        let master = decode(master.expose_secret().trim())?;
        let subkey = |label: &str| Zeroizing::new(digest(mac(&master).chain_update(label)));
        Ok(Self {
            wrap: Seal::new(&subkey("gangway wrap 1")),
            aside: Seal::new(&subkey("gangway aside 1")),
            blind: mac(&subkey("gangway blind 1")),
            dedupe: mac(&subkey("gangway dedupe 1")),
            digest: mac(&subkey("gangway digest 1")),
        })
    }

    /// A new master key, as text that [`Keyring::new`] takes.
    #[must_use]
    pub fn generate(chance: &dyn Chance) -> SecretString {
        STANDARD.encode(random(chance)).into()
    }

    /// Blind value of an identifier; canonical form first (`gangway_core::matching::canonical`).
    #[must_use]
    pub fn blind(&self, identifier: &Identifier) -> Blind {
        let value = Zeroizing::new(matching::canonical(identifier));
        Blind(digest(framed(&self.blind, identifier.kind.as_bytes()).chain_update(value.as_bytes())))
    }

    /// Dedupe key of an event.
    #[must_use]
    pub fn dedupe(&self, source: &str, key: &str) -> Dedupe {
        Dedupe(digest(framed(&self.dedupe, source.as_bytes()).chain_update(key)))
    }

    /// Digest of content, keyed.
    #[must_use]
    pub fn digest(&self, content: &[u8]) -> Digest {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..] = digest(self.digest.clone().chain_update(content));
        Digest([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p])
    }

    /// A new data key, wrapped by the master key.
    #[must_use]
    pub fn new_data_key(&self, chance: &dyn Chance) -> DataKey {
        let key = random(chance);
        // Sealing fails only for gigabytes; an empty wrapped form would be refused when it is opened.
        let wrapped = self.wrap.seal(chance, WRAPPED, key.as_slice()).unwrap_or_default();
        DataKey(Arc::new(Opened { seal: Seal::new(&key), wrapped }))
    }

    /// Unwraps a stored data key; once for each load of a row.
    pub(crate) fn data_key(&self, wrapped: &[u8]) -> Result<DataKey, StoreError> {
        let plain = self.wrap.open(WRAPPED, wrapped)?;
        let mut key = Zeroizing::new([0_u8; 32]);
        if plain.len() != key.len() {
            return Err(StoreError::Poison("a data key has the wrong length".into()));
        }
        key.copy_from_slice(&plain);
        Ok(DataKey(Arc::new(Opened { seal: Seal::new(&key), wrapped: wrapped.to_vec() })))
    }

    pub(crate) fn seal_aside(
        &self,
        chance: &dyn Chance,
        place: Place<'_>,
        plain: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        self.aside.seal(chance, place, plain)
    }

    pub(crate) fn open_aside(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        self.aside.open(place, sealed)
    }

    /// Known text under the master key, to notice another master key at the start.
    pub(crate) fn canary(&self, chance: &dyn Chance) -> Result<Vec<u8>, StoreError> {
        self.wrap.seal(chance, CANARY, CANARY_TEXT)
    }

    /// Whether this canary was made with this master key.
    pub(crate) fn knows(&self, canary: &[u8]) -> bool {
        self.wrap.open(CANARY, canary).is_ok_and(|text| text.as_slice() == CANARY_TEXT)
    }
}

/// A cipher ready for use; the key in it is wiped when it is dropped.
struct Seal(XChaCha20Poly1305);

const VERSION: u8 = 1;
const NONCE: usize = 24;

impl Seal {
    fn new(key: &[u8; 32]) -> Self {
        Self(XChaCha20Poly1305::new(key.into()))
    }

    fn seal(&self, chance: &dyn Chance, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut nonce = [0_u8; NONCE];
        chance.fill(&mut nonce);
        let payload = Payload { msg: plain, aad: &place.authenticated() };
        let sealed = self.0.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| StoreError::Poison("too large to be sealed".into()))?;
        let mut blob = Vec::with_capacity(1 + NONCE + sealed.len());
        blob.push(VERSION);
        blob.extend_from_slice(&nonce);
        blob.extend_from_slice(&sealed);
        Ok(blob)
    }

    fn open(&self, place: Place<'_>, blob: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let unreadable = |why: &str| StoreError::Poison(format!("sealed data in {} {why}", place.table));
        let (version, rest) = blob.split_first().ok_or_else(|| unreadable("is empty"))?;
        if *version != VERSION {
            return Err(unreadable("has an unknown version"));
        }
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or_else(|| unreadable("is cut short"))?;
        let payload = Payload { msg: sealed, aad: &place.authenticated() };
        let plain = self.0.decrypt(&XNonce::from(*nonce), payload);
        plain.map(Zeroizing::new).map_err(|_| unreadable("was changed, moved, or sealed with another key"))
    }
}

impl Place<'_> {
    fn authenticated(&self) -> Vec<u8> {
        [self.table.as_bytes(), &[0], self.row].concat()
    }
}

fn mac(key: &[u8; 32]) -> Hmac<Sha256> {
    // HMAC fills a short key up with zeros to the block size; given as a block, it cannot be refused.
    let mut block = Zeroizing::new([0_u8; 64]);
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    Hmac::<Sha256>::new((&*block).into())
}

/// The prepared state with the first part in a frame, so that (`ab`, `c`) and (`a`, `bc`) differ.
fn framed(prepared: &Hmac<Sha256>, first: &[u8]) -> Hmac<Sha256> {
    let length = u64::try_from(first.len()).unwrap_or(u64::MAX);
    prepared.clone().chain_update(length.to_be_bytes()).chain_update(first)
}

fn digest(mac: Hmac<Sha256>) -> [u8; 32] {
    mac.finalize().into_bytes().into()
}

fn random(chance: &dyn Chance) -> Zeroizing<[u8; 32]> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    chance.fill(bytes.as_mut_slice());
    bytes
}

fn decode(text: &str) -> Result<Zeroizing<[u8; 32]>, String> {
    if text.is_empty() {
        return Err("the master key is empty; 32 bytes in base64 or hexadecimal are needed".into());
    }
    crate::settings::keys::bytes(text).map(Zeroizing::new).map_err(|what| format!("the master key {what}"))
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
