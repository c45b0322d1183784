//! A small scanner for Rust: tells code, text in quotes and comments apart, and measures functions.

/// One source, three times: each part at its place, everything else blank. Lines keep their numbers.
pub struct Scanned {
    /// Code, with quotes but not what is between them.
    pub code: String,
    /// What is between quotes.
    pub text: String,
    /// Comments, their markers included.
    pub comments: String,
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Code,
    Text,
    Comment,
}

/// Takes a source apart. Never fails: what is not Rust is taken for code.
pub fn scan(source: &str) -> Scanned {
    let chars: Vec<char> = source.chars().collect();
    let mut parts = Vec::with_capacity(chars.len());
    while parts.len() < chars.len() {
        let at = parts.len();
        let rest = chars.get(at..).unwrap_or_default();
        let inside_word = at.checked_sub(1).and_then(|before| chars.get(before)).is_some_and(|c| is_word(*c));
        let (part, length) = next(rest, inside_word);
        match part {
            // The quotes and prefixes themselves are code.
            Part::Text => {
                let (open, close) = quotes(rest, length);
                parts.extend(std::iter::repeat_n(Part::Code, open));
                parts.extend(std::iter::repeat_n(Part::Text, length - open - close));
                parts.extend(std::iter::repeat_n(Part::Code, close));
            }
            part => parts.extend(std::iter::repeat_n(part, length)),
        }
    }
    let only = |wanted: Part| {
        let keep = |(c, part): (&char, &Part)| if *part == wanted || *c == '\n' { *c } else { ' ' };
        chars.iter().zip(&parts).map(keep).collect::<String>()
    };
    Scanned { code: only(Part::Code), text: only(Part::Text), comments: only(Part::Comment) }
}

/// What starts here, and how many characters it takes.
fn next(rest: &[char], inside_word: bool) -> (Part, usize) {
    match rest {
        ['/', '/', ..] => (Part::Comment, rest.iter().position(|c| *c == '\n').unwrap_or(rest.len())),
        ['/', '*', ..] => (Part::Comment, block_comment(rest)),
        ['"', ..] => (Part::Text, quoted(rest, '"')),
        ['\'', '\\', ..] | ['\'', _, '\'', ..] => (Part::Text, quoted(rest, '\'')),
        ['r', ..] if !inside_word => raw(rest, 1),
        ['b' | 'c', 'r', ..] if !inside_word => raw(rest, 2),
        _ => (Part::Code, 1),
    }
}

fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(tail) = rest.get(at..).filter(|tail| !tail.is_empty()) {
        match tail {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] if depth == 1 => return at + 2,
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    rest.len()
}

fn quoted(rest: &[char], quote: char) -> usize {
    let mut at = 1;
    while let Some(c) = rest.get(at) {
        match c {
            '\\' => at += 2,
            c if *c == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// `r"..."` or `r#"..."#` after a prefix of that length; else it is a word that starts with r.
fn raw(rest: &[char], prefix: usize) -> (Part, usize) {
    let hashes = rest.iter().skip(prefix).take_while(|c| **c == '#').count();
    let open = prefix + hashes;
    if rest.get(open) != Some(&'"') {
        return (Part::Code, 1);
    }
    let ends = |at: &usize| {
        rest.get(*at) == Some(&'"') && rest.iter().skip(at + 1).take(hashes).filter(|c| **c == '#').count() == hashes
    };
    let end = (open + 1..rest.len()).find(ends).map_or(rest.len(), |at| at + 1 + hashes);
    (Part::Text, end)
}

/// How many characters of a text of that length belong to its opening and closing quotes.
fn quotes(rest: &[char], length: usize) -> (usize, usize) {
    let open = rest.iter().position(|c| matches!(c, '"' | '\'')).map_or(0, |at| at + 1);
    let hashes = rest.iter().take(open).filter(|c| **c == '#').count();
    let open = open.min(length);
    (open, (1 + hashes).min(length - open))
}

pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where `needle` stands in `code` as a word of its own; with the number of its line, from 1.
pub fn find_words<'a>(code: &'a str, needle: &'a str) -> impl Iterator<Item = (usize, usize)> + 'a {
    let starts_word = needle.starts_with(is_word);
    let ends_word = needle.ends_with(is_word);
    code.match_indices(needle).filter_map(move |(at, _)| {
        let before = code.get(..at)?.chars().next_back().is_some_and(is_word);
        let after = code.get(at + needle.len()..)?.chars().next().is_some_and(is_word);
        let whole = !(starts_word && before || ends_word && after);
        whole.then(|| (line_of(code, at), at))
    })
}

/// The line, from 1, of a byte position.
pub fn line_of(code: &str, at: usize) -> usize {
    1 + code.get(..at).unwrap_or_default().matches('\n').count()
}

/// The line, from 1, on which a trailing `#[cfg(test)] mod … {` begins; the number of lines plus one without it.
pub fn test_module_line(code: &str) -> usize {
    let lines: Vec<&str> = code.lines().collect();
    let is_module = |line: &str| line.trim_start_matches("pub(crate) ").starts_with("mod ") && line.contains('{');
    let is_start = |pair: &[&str]| match pair {
        [attribute, module] => attribute.trim() == "#[cfg(test)]" && is_module(module),
        _ => false,
    };
    lines.windows(2).rposition(is_start).unwrap_or(lines.len()) + 1
}

/// The lines before `line`.
pub fn before_line(code: &str, line: usize) -> String {
    code.lines().take(line.saturating_sub(1)).map(|text| format!("{text}\n")).collect()
}

/// A function with a body.
#[derive(Debug, PartialEq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The line of `fn`, from 1.
    pub line: usize,
    /// From `fn` to the closing brace, both included.
    pub lines: usize,
}

/// All functions with bodies, nested ones too.
pub fn functions(code: &str) -> Vec<Function> {
    find_words(code, "fn").filter_map(|(line, at)| function(code, line, at)).collect()
}

fn function(code: &str, line: usize, at: usize) -> Option<Function> {
    let rest = code.get(at + 2..)?;
    let name: String = rest.trim_start().chars().take_while(|c| is_word(*c)).collect();
    if name.is_empty() {
        return None; // `fn(u8)` is a type.
    }
    let mut depth = 0_usize;
    let mut brackets = 0_usize;
    for (offset, c) in rest.char_indices() {
        match c {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets = brackets.saturating_sub(1),
            ';' if depth == 0 && brackets == 0 => return None,
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(Function { name, line, lines: line_of(rest, offset) });
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_in_text_chars_and_comments_do_not_count() {
        let source =
            "fn a() {\n let x = \"}\"; // }\n let y = '}'; /* } /* } */ } */\n let z = r#\"}\"}\"#;\n}\nfn b() {}";
        let found = functions(&scan(source).code);
        let sizes: Vec<_> = found.iter().map(|f| (f.name.as_str(), f.line, f.lines)).collect();
        assert_eq!(sizes, [("a", 1, 5), ("b", 6, 1)]);
    }

    #[test]
    fn a_lifetime_does_not_open_a_text() {
        let scanned = scan("fn a<'x>(y: &'x str) -> &'x str { \"q\" }");
        assert_eq!(scanned.text.trim(), "q");
    }

    #[test]
    fn an_escaped_quote_does_not_close_a_text() {
        assert_eq!(scan(r#"f("a\"b", '\'', "c\\") + d"#).code, r#"f("    ", '  ', "   ") + d"#);
    }

    #[test]
    fn a_word_that_ends_in_r_is_not_a_raw_text() {
        assert_eq!(scan("for\"x\" br#\"y\"# r#fn").text.split_whitespace().collect::<Vec<_>>(), ["x", "y"]);
    }

    #[test]
    fn a_declaration_without_a_body_and_a_pointer_type_are_no_functions() {
        assert_eq!(functions("trait T { fn a(&self, x: [u8; 2]); }\ntype F = fn(u8);"), []);
    }

    #[test]
    fn a_word_is_found_whole_or_not_at_all() {
        assert_eq!(find_words("rand::x operand::y\nrand::z", "rand::").map(|(l, _)| l).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(find_words("dispatch(sleep_long)", "sleep").count(), 0);
    }

    #[test]
    fn the_trailing_test_module_is_cut_off_and_an_inner_attribute_is_not() {
        let source = "#[cfg(test)]\nfn helper() {}\nfn a() {}\n#[cfg(test)]\nmod tests {\n}\n";
        assert_eq!(test_module_line(source), 4);
        assert_eq!(before_line(source, 4).lines().count(), 3);
        assert_eq!(test_module_line("fn a() {}\n"), 2);
    }
}
