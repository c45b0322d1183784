//! Limits of an expression. CEL is recursive, and an overflow of the stack cannot be caught: in a build without
//! optimisation one nested bracket takes over a hundred kilobytes to parse, and one step forty to evaluate. Length
//! and nesting are held before the parser sees the text, the depth of the tree before anything evaluates it.

use cel::common::ast::{EntryExpr, Expr as Tree, IdedExpr};

/// Longest expression, in bytes.
pub const LENGTH_MAX: usize = 2048;
/// Deepest nesting of brackets and of conditions (`a ? b : c ? d : e` nests twice).
pub const DEPTH_MAX: usize = 16;
/// Most operators, dots and commas outside of texts: what the parser nests, apart from brackets.
pub const OPERATORS_MAX: usize = 100;
/// Deepest syntax tree: evaluating it takes less than one megabyte of stack.
pub const TREE_MAX: usize = 24;

/// Most work of one evaluation (see `work`): plain walks over a hundred thousand items, some tens of milliseconds of
/// looking one list's items up in another.
pub const WORK_MAX: u64 = 4_000_000;

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

/// How deep a syntax tree is.
pub fn tree_depth(expr: &IdedExpr) -> usize {
    let deepest = |parts: &mut dyn Iterator<Item = &IdedExpr>| parts.map(tree_depth).max().unwrap_or(0);
    1 + match &expr.expr {
        Tree::Unspecified | Tree::Literal(_) | Tree::Ident(_) => 0,
        Tree::Select(select) => tree_depth(&select.operand),
        Tree::Call(call) => deepest(&mut call.target.iter().map(AsRef::as_ref).chain(&call.args)),
        Tree::List(list) => deepest(&mut list.elements.iter()),
        Tree::Map(map) => map.entries.iter().map(|entry| entry_depth(&entry.expr)).max().unwrap_or(0),
        Tree::Struct(made) => made.entries.iter().map(|entry| entry_depth(&entry.expr)).max().unwrap_or(0),
        Tree::Comprehension(each) => {
            let parts = [&each.iter_range, &each.accu_init, &each.loop_cond, &each.loop_step, &each.result];
            deepest(&mut parts.into_iter())
        }
    }
}

fn entry_depth(entry: &EntryExpr) -> usize {
    match entry {
        EntryExpr::MapEntry(entry) => tree_depth(&entry.key).max(tree_depth(&entry.value)),
        EntryExpr::StructField(field) => tree_depth(&field.value),
    }
}
