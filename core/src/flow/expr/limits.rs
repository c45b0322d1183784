//! Limits of an expression, held before CEL's recursive parser sees it: in a build without optimisation a few dozen
//! nested parentheses overflow the stack of a worker, and that cannot be caught.

/// Longest expression, in bytes.
pub const LENGTH_MAX: usize = 2048;
/// Deepest nesting of brackets and of conditions (`a ? b : c ? d : e` nests twice).
pub const DEPTH_MAX: usize = 16;
/// Most operators, dots and commas outside of texts: the syntax tree may be that deep.
pub const OPERATORS_MAX: usize = 100;

/// Which limit the expression breaks, if any.
pub fn broken(source: &str) -> Option<String> {
    if source.len() > LENGTH_MAX {
        return Some(format!("it has {} bytes, at most {LENGTH_MAX} are allowed", source.len()));
    }
    let size = measure(source);
    if size.depth > DEPTH_MAX {
        return Some(format!("it nests {} deep, at most {DEPTH_MAX} is allowed", size.depth));
    }
    if size.operators > OPERATORS_MAX {
        return Some(format!("it has {} operators, at most {OPERATORS_MAX} are allowed", size.operators));
    }
    None
}

/// How big an expression is.
#[derive(Default)]
struct Size {
    depth: usize,
    operators: usize,
}

/// Measures an expression without parsing it. Texts in quotes do not count; where quotes do not match, what follows
/// is counted or not, and the parser refuses it anyway.
fn measure(source: &str) -> Size {
    let mut size = Size::default();
    let mut conditions = vec![0_usize];
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        match first {
            '\'' | '"' => {
                rest = after_text(rest, first);
                continue;
            }
            '(' | '[' | '{' => conditions.push(0),
            ')' | ']' | '}' if conditions.len() > 1 => {
                conditions.pop();
            }
            '?' => {
                if let Some(last) = conditions.last_mut() {
                    *last += 1;
                }
                size.operators += 1;
            }
            c if c.is_ascii_punctuation() && c != '_' => size.operators += 1,
            _ => {}
        }
        size.depth = size.depth.max(conditions.len() - 1 + conditions.iter().sum::<usize>());
        rest = rest.get(first.len_utf8()..).unwrap_or_default();
    }
    size
}

/// What follows the text in quotes with which this begins.
fn after_text(source: &str, quote: char) -> &str {
    let (one, three) = if quote == '"' { ("\"", "\"\"\"") } else { ("'", "'''") };
    let end = if source.starts_with(three) { three } else { one };
    let skip = end.len();
    let mut rest = source.get(skip..).unwrap_or_default();
    while let Some(first) = rest.chars().next() {
        if rest.starts_with(end) {
            return rest.get(end.len()..).unwrap_or_default();
        }
        let escaped = if first == '\\' { rest.chars().nth(1).map_or(0, char::len_utf8) } else { 0 };
        rest = rest.get(first.len_utf8() + escaped..).unwrap_or_default();
    }
    rest
}
