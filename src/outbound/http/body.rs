//! Reads an answer's body while it comes, and stops at the limit: no far end decides how much memory it costs.

use reqwest::Response;

/// Why there is no whole body.
#[derive(Debug)]
pub enum Short {
    /// More than the limit.
    TooLong,
    /// The connection ended or the time was over.
    Cut(reqwest::Error),
}

/// The whole body.
///
/// # Errors
/// [`Short`]; at most `limit` bytes were kept meanwhile.
pub async fn read(mut response: Response, limit: usize) -> Result<Vec<u8>, Short> {
    let told = response.content_length().and_then(|length| usize::try_from(length).ok());
    if told.is_some_and(|length| length > limit) {
        return Err(Short::TooLong);
    }
    let mut body = Vec::with_capacity(told.unwrap_or(0).min(limit));
    while let Some(chunk) = response.chunk().await.map_err(Short::Cut)? {
        if body.len() + chunk.len() > limit {
            return Err(Short::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
