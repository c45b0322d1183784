//! Who reads, and what that reader sees of a person. The one place that masks.

use gangway_core::explain::Piece;
use gangway_core::explain::piece::masked_address;
use gangway_core::time::Timestamp;

/// Who reads an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// May see all that is known of a person.
    Whole,
    /// Sees no address, no name and nobody's own words; ids of providers only where they are no address.
    Masked,
}

impl Reader {
    /// Sentences in words.
    #[must_use]
    pub fn text(self, pieces: &[Piece], now: Timestamp) -> String {
        pieces.iter().map(|piece| self.piece(piece, now)).collect()
    }

    /// A part of a sentence in words.
    #[must_use]
    pub fn piece(self, piece: &Piece, now: Timestamp) -> String {
        match self {
            Self::Whole => piece.text(now),
            Self::Masked => piece.masked(now),
        }
    }

    /// An identifier.
    #[must_use]
    pub fn id(self, value: &str) -> String {
        match self {
            Self::Masked if value.contains('@') => masked_address(value),
            _ => value.to_owned(),
        }
    }

    /// Words of a person or a far end, which may hold anything.
    #[must_use]
    pub fn words(self, words: &str) -> String {
        match self {
            Self::Whole => words.to_owned(),
            Self::Masked => gangway_core::explain::piece::HIDDEN.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Reader;

    #[test]
    fn an_id_that_is_an_address_is_masked_and_any_other_is_whole() {
        assert_eq!(Reader::Masked.id("ada@example.org"), "a•••@example.org");
        assert_eq!(Reader::Masked.id("0xa1"), "0xa1");
        assert_eq!(Reader::Whole.id("ada@example.org"), "ada@example.org");
        assert_eq!((Reader::Masked.words("Ada said no").as_str(), Reader::Whole.words("no").as_str()), ("•••", "no"));
    }
}
