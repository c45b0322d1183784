//! Lines off a connection. Bytes enter; whole lines leave, or the news that one was too long. A line that is too long
//! is read to its end and thrown away, so that memory is bounded and the dialogue stays in step.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A line with its ending, LF or CRLF.
    Whole(Vec<u8>),
    /// A line of more than the bytes allowed, gone.
    TooLong,
    /// The other side closed, perhaps in the middle of a line.
    End,
}

/// Reads one line of at most `cap` bytes, its ending counted.
pub(crate) async fn next(reader: &mut (impl AsyncBufRead + Unpin), cap: usize) -> io::Result<Line> {
    let mut line = Vec::new();
    let mut too_long = false;
    loop {
        let waiting = reader.fill_buf().await?;
        if waiting.is_empty() {
            return Ok(Line::End);
        }
        let end = waiting.iter().position(|byte| *byte == b'\n').map(|place| place + 1);
        let taken = end.unwrap_or(waiting.len());
        too_long |= line.len() + taken > cap;
        if too_long {
            line.clear();
        } else {
            line.extend(waiting.iter().take(taken));
        }
        reader.consume(taken);
        if end.is_some() {
            return Ok(if too_long { Line::TooLong } else { Line::Whole(line) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_line_too_long_is_dropped_and_the_next_one_is_whole() {
        let mut reader = tokio::io::BufReader::with_capacity(4, &b"0123456789\r\nNOOP\r\nrest"[..]);
        assert_eq!(next(&mut reader, 8).await.unwrap(), Line::TooLong);
        assert_eq!(next(&mut reader, 8).await.unwrap(), Line::Whole(b"NOOP\r\n".to_vec()));
        assert_eq!(next(&mut reader, 8).await.unwrap(), Line::End);
    }
}
