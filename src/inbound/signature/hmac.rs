//! A signature as a provider's settings describe it: header, prefix or field, what is signed, encoding, key, time.
//! HMAC-SHA256, or by a public key.

use std::borrow::Cow;

use bytes::Bytes;
use gangway_core::time::Timestamp;
use serde_json::Value;

use super::keys::{Keys, Window, read_time};
use super::public::PublicKeys;
use super::{Presented, Rejected, header};
use crate::inbound::{coding, json};
use crate::providers::webhook::{Encoding, Piece, TimestampForm, TimestampPlace, WebhookSettings};

/// What a signed body may decode to, to find its time in it; the intake has a limit of its own.
const DECODED_MOST: usize = 16 * 1024 * 1024;

/// What a signature is verified with.
#[derive(Debug)]
enum Signers {
    /// Keys that both sides have.
    Secret(Keys),
    /// Keys of which the sender keeps the other half.
    Public(PublicKeys),
}

impl Signers {
    fn fits(&self, pieces: &[&[u8]], signatures: &[Vec<u8>]) -> bool {
        match self {
            Self::Secret(keys) => keys.fits(pieces, signatures),
            Self::Public(keys) => keys.fits(pieces, signatures),
        }
    }
}

#[derive(Debug)]
pub(super) struct HmacScheme {
    keys: Signers,
    header: String,
    prefix: String,
    field: String,
    template: Vec<Piece>,
    encoding: Encoding,
    place: Option<TimestampPlace>,
    form: TimestampForm,
    id_header: String,
    window: Window,
}

impl HmacScheme {
    pub(super) fn new(settings: &WebhookSettings) -> Self {
        Self {
            keys: match settings.verify.is_public() {
                true => Signers::Public(PublicKeys::new(settings)),
                false => Signers::Secret(Keys::new(settings)),
            },
            header: settings.header.to_ascii_lowercase(),
            prefix: settings.prefix.clone(),
            field: settings.field.clone(),
            template: settings.template().unwrap_or_default(),
            encoding: settings.encoding,
            place: settings.place().unwrap_or_default(),
            form: settings.timestamp_form,
            id_header: settings.id_header.to_ascii_lowercase(),
            window: Window::new(settings),
        }
    }

    pub(super) fn signs_its_id(&self) -> bool {
        self.template.iter().any(|piece| matches!(piece, Piece::Id))
    }

    pub(super) fn check(&self, presented: &Presented<'_>, now: Timestamp) -> Result<(), Rejected> {
        let value = header(presented.headers, &self.header)?;
        let signatures = self.signatures(value)?;
        let outside = self.time_outside(presented, value)?;
        let mut pieces: Vec<&[u8]> = Vec::with_capacity(self.template.len());
        for piece in &self.template {
            pieces.push(match piece {
                Piece::Body => presented.body,
                Piece::Timestamp => outside.ok_or(Rejected::MissingTimestamp)?.as_bytes(),
                Piece::Id => header(presented.headers, &self.id_header)?.as_bytes(),
                Piece::Text(text) => text.as_bytes(),
            });
        }
        if !self.keys.fits(&pieces, &signatures) {
            return Err(Rejected::NoMatch);
        }
        // Only now, so that the body of a stranger is never parsed.
        match (&self.place, outside) {
            (Some(TimestampPlace::Body(pointer)), _) => self.in_window(&time_in_body(presented, pointer)?, now),
            (_, Some(time)) => self.in_window(time, now),
            (_, None) => Ok(()),
        }
    }

    fn in_window(&self, time: &str, now: Timestamp) -> Result<(), Rejected> {
        self.window.check(read_time(self.form, time)?, now)
    }

    /// The signatures that this header's value holds; what is not written as it should be is left out.
    fn signatures(&self, value: &str) -> Result<Vec<Vec<u8>>, Rejected> {
        let texts: Vec<&str> = if self.field.is_empty() { vec![value] } else { fields(value, &self.field).collect() };
        let texts = texts.into_iter().filter_map(|text| text.trim().strip_prefix(self.prefix.as_str()));
        let signatures: Vec<_> = texts.filter_map(|text| self.encoding.decode(text)).collect();
        if signatures.is_empty() { Err(Rejected::MalformedHeader) } else { Ok(signatures) }
    }

    /// The time of signing where it stands in a header; `None` when it is in the body or nowhere.
    fn time_outside<'a>(&self, presented: &Presented<'a>, value: &'a str) -> Result<Option<&'a str>, Rejected> {
        match &self.place {
            Some(TimestampPlace::Header(name)) => match header(presented.headers, name) {
                Err(Rejected::MissingHeader) => Err(Rejected::MissingTimestamp),
                found => found.map(Some),
            },
            Some(TimestampPlace::Field(name)) => {
                let mut found = fields(value, name);
                match (found.next(), found.next()) {
                    (Some(time), None) => Ok(Some(time)),
                    (None, _) => Err(Rejected::MissingTimestamp),
                    _ => Err(Rejected::MalformedTimestamp),
                }
            }
            Some(TimestampPlace::Body(_)) | None => Ok(None),
        }
    }
}

/// Values of this name in a list `name=value,…`.
fn fields<'a>(list: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    list.split(',').filter_map(move |part| match part.trim().split_once('=') {
        Some((given, value)) if given == name => Some(value),
        _ => None,
    })
}

fn time_in_body(presented: &Presented<'_>, pointer: &str) -> Result<Cow<'static, str>, Rejected> {
    let raw = Bytes::copy_from_slice(presented.body);
    let body = coding::decoded(coding::of(presented.headers).as_deref(), &raw, DECODED_MOST);
    let body = body.map_err(|_| Rejected::MissingTimestamp)?;
    let value = json::read(&body).map_err(|_| Rejected::MissingTimestamp)?;
    match value.pointer(pointer) {
        Some(Value::String(text)) => Ok(text.clone().into()),
        Some(Value::Number(number)) => Ok(number.to_string().into()),
        Some(_) => Err(Rejected::MalformedTimestamp),
        None => Err(Rejected::MissingTimestamp),
    }
}
