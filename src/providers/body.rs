//! What a body is when it is not what an adapter reads: said in a cause, so that whoever looks knows what came. Bytes
//! enter, words without anything of their content leave.

/// In a few words what these bytes are: `an HTML page`, `JSON that is not whole`.
#[must_use]
pub fn kind(body: &[u8]) -> &'static str {
    let start = body.trim_ascii_start();
    match start {
        [] => "an empty body",
        [b'<', ..] => "an HTML page",
        [b'{' | b'[', ..] => match serde_json::from_slice::<serde_json::Value>(body) {
            Ok(serde_json::Value::Array(_)) => "a list in JSON",
            Ok(_) => "JSON of another shape",
            Err(_) => "JSON that is not whole",
        },
        _ if serde_json::from_slice::<serde_json::Value>(body).is_ok() => "a bare value in JSON",
        _ => "a text that is not JSON",
    }
}

#[cfg(test)]
mod tests {
    use super::kind;

    #[test]
    fn a_body_is_named_without_its_content() {
        let rows = [
            ("", "an empty body"),
            ("  \n", "an empty body"),
            ("<html>", "an HTML page"),
            ("{\"a\": 1}", "JSON of another shape"),
            ("{\"a\"", "JSON that is not whole"),
            ("[1]", "a list in JSON"),
            ("7", "a bare value in JSON"),
            ("upstream down", "a text that is not JSON"),
        ];
        for (body, named) in rows {
            assert_eq!(kind(body.as_bytes()), named, "{body}");
        }
    }
}
