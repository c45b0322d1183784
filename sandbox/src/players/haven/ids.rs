//! Ids, tokens and times in Haven's shapes. Words enter; what belongs to them under the seed leaves.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, SecondsFormat, Utc};

use super::Haven;
use crate::mischief::dice::Dice;

const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// `wa-1f04s-lqc9q-xxxxxxxxxxxxxxxx`, the shape of the given answer.
pub(crate) fn id(dice: Dice, kind: &str, words: &[&str]) -> String {
    let bytes = dice.bytes(&[&["haven", kind], words].concat());
    let letter = |byte: &u8| LETTERS.get(usize::from(byte % 32)).copied().map_or('0', char::from);
    let mut letters = bytes.iter().map(letter);
    let mut part = |length: usize| letters.by_ref().take(length).collect::<String>();
    format!("{kind}-{}-{}-{}", part(5), part(5), part(16))
}

/// A text that cannot be guessed without the seed, and that is different each time.
pub(crate) fn token(haven: &Haven, kind: &str, name: &str) -> String {
    let number = haven.stage.nth(&["haven", kind, name]).to_string();
    URL_SAFE_NO_PAD.encode(haven.stage.dice.bytes(&["haven", kind, name, &number]))
}

/// `2023-04-14T20:41:28.715Z`, the form of the given answer.
pub(crate) fn print(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
