//! YAML text -> a tree in which every key and value knows where it stands. What the words mean is the checker's
//! business; here only the text's shape is read, within limits. Anchors, aliases, merge keys and tags are not part
//! of the format: a flow reads the same from top to bottom as it does for the machine.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy};
use serde_saphyr::{Location, Spanned};

use crate::flow::diagnostic::{Code, Diagnostic};

/// Longest flow file, in bytes.
pub const FILE_MAX: usize = 256 * 1024;
/// Deepest nesting of maps and lists in a flow file.
const DEPTH_MAX: usize = 24;

/// Where something stands in the file, in bytes.
pub type Span = Range<usize>;

/// A value of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it stands; of a map or list written over several lines, its first line.
    pub span: Span,
    /// What it is.
    pub shape: Shape,
}

/// What a value of the file is.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A text.
    Text(String),
    /// A number, a truth value or null.
    Literal(Value),
    /// A list.
    List(Vec<Node>),
    /// A map, its entries in the order of the file; keys may repeat.
    Map(Vec<(Key, Node)>),
}

/// A key of a map.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// Where it stands.
    pub span: Span,
    /// Its text.
    pub name: String,
}

impl Node {
    /// What people call a value of this shape.
    #[must_use]
    pub fn described(&self) -> &'static str {
        match &self.shape {
            Shape::Text(_) => "a text",
            Shape::Literal(Value::Bool(_)) => "a truth value",
            Shape::Literal(Value::Null) => "nothing",
            Shape::Literal(_) => "a number",
            Shape::List(_) => "a list",
            Shape::Map(_) => "a map",
        }
    }
}

/// Reads the text's shape.
///
/// # Errors
/// When the file is too long, or is not YAML within the limits of the format.
pub fn parse(text: &str) -> Result<Node, Diagnostic> {
    if text.len() > FILE_MAX {
        let message = format!("a flow file has at most {FILE_MAX} bytes, this one has {}", text.len());
        return Err(Diagnostic::new(Code::TooLarge, 0..0, message));
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: DEPTH_MAX,
            flow_nesting_limit: DEPTH_MAX + 1,
            max_aliases: 0,
            max_anchors: 0,
            max_documents: 1,
            max_nodes: 50_000,
        },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
        reject_unsupported_tags: true,
        with_snippet: false,
    };
    let root: Spanned<Raw> =
        serde_saphyr::from_str_with_options(text, options).map_err(|error| syntax(text, &error))?;
    Ok(node(text, root))
}

/// One problem for a text that is not YAML, or uses what the format does not have.
fn syntax(text: &str, error: &serde_saphyr::Error) -> Diagnostic {
    let plain = error.without_snippet();
    let at = plain.location().map_or(0..0, |location| place(text, location));
    let said = plain.render_with_formatter(&serde_saphyr::UserMessageFormatter);
    let said = said.lines().next().unwrap_or_default();
    let said = said.rsplit_once(" at line ").map_or(said, |(before, _)| before);
    let unwanted = ["anchor", "alias", "merge key", "tag", "Anchors", "Aliases"];
    let said = match plain {
        serde_saphyr::Error::Budget { breach, .. } => over(breach),
        _ if said.contains("recursion limit") => TOO_DEEP,
        _ if unwanted.iter().any(|word| said.contains(word)) => SHORTHANDS,
        _ => {
            let help = if said.contains("tabs") {
                "indent with spaces; YAML takes no tabs there"
            } else {
                "look at colons, quotes and indentation on this line and the one before"
            };
            return Diagnostic::new(Code::Syntax, at, format!("this is not YAML: {said}")).help(help);
        }
    };
    let at = if said == SHORTHANDS { sign_before(text, at) } else { at };
    Diagnostic::new(Code::Syntax, at, format!("a flow file cannot have {said}"))
}

const SHORTHANDS: &str = "anchors, aliases, merge keys and tags";
const TOO_DEEP: &str = "maps and lists nested this deep";

/// The anchor, alias or tag that stands before a value on its line; the value itself when none does.
fn sign_before(text: &str, at: Span) -> Span {
    let before = text.get(..at.start).unwrap_or_default();
    let line = before.rfind('\n').map_or(0, |end| end + 1);
    match before.get(line..).and_then(|line| line.rfind(['&', '*', '!'])) {
        Some(sign) => line + sign..line + before.get(line..).map_or(0, |line| line.trim_end().len()),
        None => at,
    }
}

/// What a flow file has too much of.
fn over(breach: &serde_saphyr::budget::BudgetBreach) -> &'static str {
    use serde_saphyr::budget::BudgetBreach;
    match breach {
        BudgetBreach::Anchors { .. } | BudgetBreach::Aliases { .. } => SHORTHANDS,
        BudgetBreach::Documents { .. } => "more than one document",
        BudgetBreach::Depth { .. } => TOO_DEEP,
        _ => "so many values",
    }
}

/// Where an error is: its span, or the character at its line and column.
fn place(text: &str, location: Location) -> Span {
    let known = span(text, location);
    if known != (0..0) {
        return known;
    }
    let line = usize::try_from(location.line()).unwrap_or(1).saturating_sub(1);
    let column = usize::try_from(location.column()).unwrap_or(1).saturating_sub(1);
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default().split('\n').next().unwrap_or_default();
    let within = rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at);
    let len = rest.get(within..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    start + within..start + within + len
}

/// A value as the deserializer hands it over, before its place is counted in bytes.
enum Raw {
    Text(String),
    Literal(Value),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

/// Gives a value its place, and so all values in it.
fn node(text: &str, raw: Spanned<Raw>) -> Node {
    let span = span(text, raw.referenced);
    let shape = match raw.value {
        Raw::Text(said) => Shape::Text(said),
        Raw::Literal(value) => Shape::Literal(value),
        Raw::List(items) => Shape::List(items.into_iter().map(|item| node(text, item)).collect()),
        Raw::Map(entries) => Shape::Map(
            entries
                .into_iter()
                .map(|(key, value)| {
                    (Key { span: self::span(text, key.referenced), name: key.value }, node(text, value))
                })
                .collect(),
        ),
    };
    Node { span, shape }
}

/// A place in bytes, cut at the end of its first line and always on the boundaries of characters.
fn span(text: &str, location: Location) -> Span {
    let place = location.span();
    let (start, len) = match (place.byte_offset(), place.byte_len()) {
        (Some(start), Some(len)) => (start, len),
        _ => return 0..0,
    };
    let start = usize::try_from(start).unwrap_or(usize::MAX).min(text.len());
    let Some(rest) = text.get(start..) else { return 0..0 };
    let line = rest.split('\n').next().unwrap_or_default().trim_end().len();
    let len = usize::try_from(len).unwrap_or(usize::MAX).min(line);
    if rest.is_char_boundary(len) { start..start + len } else { start..start + line }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

/// Whole numbers from here on are not told apart any more.
const LONGEST: f64 = 9_007_199_254_740_992.0;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, a truth value, a list or a map")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Literal(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Literal(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Literal(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Raw, E> {
        // Only a whole number too long for 64 bits arrives so: its last digits are gone already.
        if value.fract() == 0.0 && value.abs() >= LONGEST {
            return Err(E::custom("a number with more digits than are kept; write it as a text, in quotes"));
        }
        let number = Number::from_f64(value).ok_or_else(|| E::custom("not a finite number"))?;
        Ok(Raw::Literal(Value::Number(number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Literal(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Literal(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key()? {
            entries.push((key, map.next_value()?));
        }
        Ok(Raw::Map(entries))
    }
}
