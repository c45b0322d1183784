//! What a terminal, an editor or Kubernetes leaves around a value: a line break, blanks, a byte order mark, quotation
//! marks. A value enters; the value that was meant leaves, or why it cannot be told. Never here: a value in a problem.

use toml::Value;

use super::Fault;

/// Ends of the names of texts in which a blank at the ends means something.
const WITH_BLANKS: [&str; 2] = ["prefix", "signed"];

/// What is known of a text by the name of its key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A person chose it: blanks and quotation marks may be part of it.
    Password,
    /// A machine made it: neither is.
    Secret,
    /// Any other setting of one line.
    Plain,
    /// A text that is used as it is.
    Free,
}

/// The value that was meant. `free`: it lies where any keys and values may stand. `quoted`: its place, a variable, has
/// no quotation marks of its own, so that those around it were left over.
///
/// # Errors
/// What is wrong, where more than one value may be meant, or no secret can look so.
pub(super) fn meant(path: &[String], value: Value, free: bool, quoted: bool) -> Result<Value, Fault> {
    let kind = kind(path, free);
    let one = |text: &str| match kind {
        Kind::Free => Ok(text.to_owned()),
        Kind::Plain => Ok(plain(path, text, quoted).to_owned()),
        Kind::Secret => secret(text),
        Kind::Password => password(text, quoted),
    };
    let told = |(what, hint): (&str, &str)| Fault::new(path.join("."), what, hint);
    match value {
        Value::String(text) => one(&text).map(Value::String).map_err(told),
        Value::Array(items) if kind == Kind::Secret => {
            let items = joined(items).into_iter().map(|item| match item {
                Value::String(text) => one(&text).map(Value::String).map_err(told),
                other => Ok(other),
            });
            items.collect::<Result<Vec<_>, _>>().map(Value::Array)
        }
        other => Ok(other),
    }
}

fn kind(path: &[String], free: bool) -> Kind {
    let last = path.last().map(|part| part.to_lowercase()).unwrap_or_default();
    match super::show::secret(&path.join(".")) {
        true if ["password", "passphrase"].iter().any(|end| last.ends_with(end)) => Kind::Password,
        true => Kind::Secret,
        false if free => Kind::Free,
        false => Kind::Plain,
    }
}

/// Without what stands around it: blanks and line breaks, a byte order mark, a pair of quotation marks.
#[must_use]
pub fn bare(text: &str) -> &str {
    let text = trimmed(text);
    unquoted(text).map_or(text, trimmed)
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c))
}

/// Characters without a look: a byte order mark, zero-width blanks and joiners, marks of direction.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{ad}')
}

/// What stands between a pair of quotation marks; none when there is no pair.
fn unquoted(text: &str) -> Option<&str> {
    const PAIRS: [(char, char); 5] = [('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”'), ('‘', '’')];
    PAIRS.iter().find_map(|(open, close)| text.strip_prefix(*open)?.strip_suffix(*close))
}

fn plain<'a>(path: &[String], text: &'a str, quoted: bool) -> &'a str {
    let line = text.trim_matches(['\r', '\n', '\u{feff}']);
    let with_blanks = path.last().is_some_and(|name| WITH_BLANKS.contains(&name.as_str()));
    match (with_blanks, quoted) {
        (true, true) => unquoted(line).unwrap_or(line),
        (true, false) => line,
        (false, true) => bare(line),
        (false, false) => trimmed(line),
    }
}

/// A secret that a machine made.
fn secret(text: &str) -> Result<String, (&'static str, &'static str)> {
    let text = bare(text);
    if text.contains("-----BEGIN") {
        return Ok(text.to_owned());
    }
    // As a shell writes a line break that it was told to keep.
    let text = text.trim_end_matches("\\n").trim_end_matches("\\r");
    let is_mark = |c: char| matches!(c, '"' | '\'' | '`' | '“' | '”' | '‘' | '’');
    if text.starts_with(is_mark) || text.ends_with(is_mark) {
        return Err(("begins or ends with a quotation mark that has no partner", "write it without quotation marks"));
    }
    let text = if text.contains('\n') { unwrapped(text) } else { text.to_owned() };
    if text.chars().any(|c| c.is_control() || is_invisible(c)) {
        let what = "holds a line break, a tab or a character that cannot be seen";
        return Err((what, "copy it again where it was made, on one line"));
    }
    Ok(text)
}

/// Lines of base64 or hexadecimal digits as one; anything else as it is.
fn unwrapped(text: &str) -> String {
    let digit = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let all = lines.iter().all(|line| line.bytes().all(digit));
    if all { lines.concat() } else { text.to_owned() }
}

/// A password that a person chose.
fn password(text: &str, quoted: bool) -> Result<String, (&'static str, &'static str)> {
    let line = text.trim_matches(['\r', '\n', '\u{feff}']);
    if trimmed(line).len() != line.len() {
        let hint = "remove it; a password that really has one must be changed at the provider";
        return Err(("begins or ends with a blank", hint));
    }
    if quoted && unquoted(line).is_some() {
        let hint = "write it without them; a password that really has them can only stand in the settings file";
        return Err(("stands in quotation marks", hint));
    }
    if line.chars().any(char::is_control) {
        return Err(("holds a line break or a tab", "copy it again, on one line"));
    }
    Ok(line.to_owned())
}

/// A list of a variable is separated by commas, and so are the version and the key in `v1,whsec_…`.
fn joined(items: Vec<Value>) -> Vec<Value> {
    let mut joined: Vec<Value> = Vec::with_capacity(items.len());
    for item in items {
        let version = joined.last().and_then(Value::as_str).map(bare);
        let key = item.as_str().map(bare).is_some_and(|key| key.starts_with("whsec_") || key.starts_with("whpk_"));
        if key && matches!(version, Some("v1" | "v1a")) {
            joined.pop();
        }
        joined.push(item);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::{Value, meant};

    fn text(key: &str, text: &str, quoted: bool) -> Option<String> {
        let path: Vec<String> = key.split('.').map(str::to_owned).collect();
        let value = meant(&path, Value::String(text.to_owned()), false, quoted).ok()?;
        value.as_str().map(str::to_owned)
    }

    #[test]
    fn what_surrounds_a_key_is_no_part_of_it() {
        for around in
            ["k1\n", "k1\r\n", "  k1 ", "\u{feff}k1", "\"k1\"", "'k1'\n", "“k1”", "k1\\n", "\u{200b}k1\u{a0}", "`k1`"]
        {
            assert_eq!(text("providers.x.api_key", around, true).as_deref(), Some("k1"), "{around:?}");
        }
        assert_eq!(text("providers.x.api_key", "ab\r\n  cd==\n", false).as_deref(), Some("abcd=="));
        let pem = "-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----";
        assert_eq!(text("providers.x.service_key", &format!("'{pem}\n'\n"), true).as_deref(), Some(pem));
    }

    #[test]
    fn what_no_key_can_hold_is_refused() {
        for bad in ["\"k1", "k1'", "k\u{200b}1", "k 1\nk2!", "k\t1"] {
            assert_eq!(text("providers.x.api_key", bad, true), None, "{bad:?}");
        }
    }

    #[test]
    fn blanks_and_quotes_that_may_be_part_of_a_password_are_not_taken_away_in_silence() {
        assert_eq!(text("providers.x.password", "p w\n", true).as_deref(), Some("p w"));
        assert_eq!(text("providers.x.password", "\"pw\"", false).as_deref(), Some("\"pw\""));
        for bad in ["\"pw\"", " pw", "pw ", "p\nw"] {
            assert_eq!(text("providers.x.password", bad, true), None, "{bad:?}");
        }
    }

    #[test]
    fn other_settings_lose_what_surrounds_them_unless_a_blank_means_something() {
        assert_eq!(text("database.url", "\"postgres://h/n\" \n", true).as_deref(), Some("postgres://h/n"));
        assert_eq!(text("providers.x.webhook.prefix", "Token ", true).as_deref(), Some("Token "));
        assert_eq!(text("providers.x.webhook.prefix", "\"Token \"", true).as_deref(), Some("Token "));
        assert_eq!(text("mail.from", "\"A\" <a@b.example>", true).as_deref(), Some("\"A\" <a@b.example>"));
    }

    #[test]
    fn a_version_before_a_key_is_no_secret_of_its_own() {
        let path = ["providers", "x", "webhook", "secrets"].map(str::to_owned);
        let list = ["v1", "whsec_a", "b\n"].map(|text| Value::String(text.to_owned())).to_vec();
        let meant = meant(&path, Value::Array(list), false, true).unwrap();
        assert_eq!(meant, Value::Array(["whsec_a", "b"].map(|text| Value::String(text.to_owned())).to_vec()));
    }
}
