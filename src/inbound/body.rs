//! A request's body and headers, read once and as they came.

use std::time::Duration;

use actix_web::http::header::CONTENT_LENGTH;
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;

use super::answer::{answer, unreadable};
use super::coding::Undecoded;
use crate::problem::ProblemType;
use crate::settings::IntakeSettings;

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoBody {
    /// Larger than the limit, announced or not.
    TooLarge,
    /// It took too long, or the connection broke.
    Incomplete,
}

impl NoBody {
    /// The answer, and the word to count it under.
    pub(crate) fn told(self) -> (HttpResponse, &'static str) {
        match self {
            Self::TooLarge => {
                let detail = "the body is larger than the limit";
                (answer(ProblemType::TooLarge, detail), "too_large")
            }
            Self::Incomplete => (unreadable("the body did not arrive whole in time"), "unreadable"),
        }
    }
}

/// The answer to a body that is not decoded, and the word to count it under.
pub(crate) fn undecoded(why: Undecoded) -> (HttpResponse, &'static str) {
    match why {
        Undecoded::Other => (answer(ProblemType::MediaType, why.reason()), "unreadable"),
        Undecoded::TooLarge => (answer(ProblemType::TooLarge, why.reason()), "too_large"),
        Undecoded::Broken => (unreadable(why.reason()), "unreadable"),
    }
}

/// The whole body. Stops reading at the limit, also when no length was announced.
pub(crate) async fn read(
    request: &HttpRequest,
    payload: &mut web::Payload,
    limits: &IntakeSettings,
) -> Result<Bytes, NoBody> {
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limits.body_max) {
        return Err(NoBody::TooLarge);
    }
    let reading = async {
        let mut body = BytesMut::with_capacity(announced.unwrap_or(0));
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| NoBody::Incomplete)?;
            if body.len() + chunk.len() > limits.body_max {
                return Err(NoBody::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    };
    let within = Duration::from_millis(limits.body_within.0);
    tokio::time::timeout(within, reading).await.unwrap_or(Err(NoBody::Incomplete))
}

/// Headers by name in lower case. Bytes that are not UTF-8 become replacement characters, which fit no signature.
pub(crate) fn headers(request: &HttpRequest) -> Vec<(String, String)> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    request.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes()))).collect()
}
