//! Broken replies. Nothing, or a status and a text, enters; a response with a failing body leaves, which makes the
//! server close the connection: the caller sees it end before, or in the middle of, the reply.

use std::io;

use actix_web::HttpResponse;
use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use futures_util::stream;

/// The connection ends without a byte: the server writes out the head only after the first piece of the body.
pub(crate) fn silent() -> HttpResponse {
    HttpResponse::Ok().body(SizedStream::new(2, stream::iter([Err::<Bytes, _>(broken())])))
}

/// Status and headers arrive, and half of the body, but not the end: what a caller that looks only at the status
/// takes for an answer.
pub(crate) fn halfway(status: StatusCode, text: String) -> HttpResponse {
    let half: String = text.chars().take(text.chars().count() / 2).collect();
    let pieces = stream::unfold(Some(Bytes::from(half)), async |half| match half {
        Some(half) => Some((Ok(half), None)),
        None => {
            // Pending once, so that the server writes out the first half before it hears of the failure.
            tokio::task::yield_now().await;
            Some((Err(broken()), None))
        }
    });
    HttpResponse::build(status)
        .content_type("application/json")
        .body(SizedStream::new(text.len() as u64, Box::pin(pieces)))
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "cut off by the sandbox, as asked")
}
