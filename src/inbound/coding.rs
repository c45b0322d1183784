//! Content codings: the bytes of a body as received -> the bytes that they stand for. gzip is decoded, within the limit
//! for bodies; others are refused by name. A signature is checked over
//! the bytes as received, before anything is decoded.

use std::io::Read as _;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;

/// Why a body is not decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Undecoded {
    /// A coding other than gzip.
    Other,
    /// More than the limit comes out of it.
    TooLarge,
    /// It says gzip and is not, or ends too early.
    Broken,
}

impl Undecoded {
    /// For the sender.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Other => "the body has a content coding other than gzip; send it as gzip, or without one",
            Self::TooLarge => "the body is larger than the limit once it is decoded",
            Self::Broken => "the body is not whole gzip, which its content coding says it is",
        }
    }
}

/// The body behind this coding (`Content-Encoding`, or the broker's property): none, `identity` or `gzip`.
pub(crate) fn decoded(coding: Option<&str>, raw: &Bytes, most: usize) -> Result<Bytes, Undecoded> {
    match coding.map(|coding| coding.trim().to_ascii_lowercase()).as_deref() {
        None | Some("" | "identity") => Ok(raw.clone()),
        Some("gzip" | "x-gzip") => unzipped(raw, most),
        Some(_) => Err(Undecoded::Other),
    }
}

/// The coding that these headers name; several headers are several codings.
pub(crate) fn of(headers: &[(String, String)]) -> Option<String> {
    let all: Vec<_> =
        headers.iter().filter(|(name, _)| name == "content-encoding").map(|(_, value)| value.as_str()).collect();
    (!all.is_empty()).then(|| all.join(","))
}

fn unzipped(raw: &[u8], most: usize) -> Result<Bytes, Undecoded> {
    let mut body = Vec::new();
    // One byte more tells that there is more: a bomb is never inflated beyond it.
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(raw).take(limit).read_to_end(&mut body).map_err(|_| Undecoded::Broken)?;
    if body.len() > most { Err(Undecoded::TooLarge) } else { Ok(body.into()) }
}

/// Bytes as gzip, for tests.
#[cfg(test)]
pub(crate) fn zipped(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Undecoded, decoded, of, zipped};

    #[test]
    fn gzip_is_decoded_up_to_the_limit_and_a_bomb_is_too_large() {
        let bytes = |bytes: Vec<u8>| Bytes::from(bytes);
        assert_eq!(decoded(Some("GZIP"), &bytes(zipped(b"{}")), 2), Ok(Bytes::from_static(b"{}")));
        assert_eq!(
            decoded(Some("x-gzip"), &bytes([zipped(b"{"), zipped(b"}")].concat()), 2),
            Ok(Bytes::from_static(b"{}"))
        );
        assert_eq!(decoded(Some("gzip"), &bytes(zipped(b"{ }")), 2), Err(Undecoded::TooLarge));
        let bomb = bytes(zipped(&vec![b' '; 50_000_000]));
        assert!(bomb.len() < 100_000);
        assert_eq!(decoded(Some("gzip"), &bomb, 1_000_000), Err(Undecoded::TooLarge));
    }

    #[test]
    fn what_is_no_whole_gzip_and_every_other_coding_is_refused_each_with_its_reason() {
        let plain = Bytes::from_static(b"{}");
        let cut = zipped(b"{}");
        assert_eq!(decoded(Some("gzip"), &plain, 99), Err(Undecoded::Broken));
        assert_eq!(decoded(Some("gzip"), &Bytes::copy_from_slice(&cut[..cut.len() - 3]), 99), Err(Undecoded::Broken));
        for coding in ["br", "deflate", "zstd", "gzip, gzip", "gzip,br"] {
            assert_eq!(decoded(Some(coding), &plain, 99), Err(Undecoded::Other), "{coding}");
        }
        for none in [None, Some("identity"), Some(" ")] {
            assert_eq!(decoded(none, &plain, 99), Ok(plain.clone()));
        }
        let twice = ["gzip", "br"].map(|coding| ("content-encoding".to_owned(), coding.to_owned()));
        assert_eq!(of(&twice).as_deref(), Some("gzip,br"));
    }
}
