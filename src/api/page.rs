//! Lists: `{items, next}`. `next` is what to send as `cursor` for the rest, null at the end.

use serde_json::{Value, json};

use crate::problem::{Problem, ProblemType};

/// Items of a list when nothing is said.
pub(crate) const USUAL: u32 = 50;
/// Most items of a list; a request for more gives this many, and `next`.
pub(crate) const MOST: u32 = 500;

/// How many items are asked for.
pub(crate) fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    match asked.unwrap_or(USUAL) {
        0 => Err(Problem::new(ProblemType::Invalid, format!("limit is 1 to {MOST}"))),
        limit => Ok(limit.min(MOST)),
    }
}

/// A list of at most `limit` items from rows of which one more was read, to know whether there is more.
pub(crate) fn list<T>(
    mut rows: Vec<T>,
    limit: u32,
    cursor: impl Fn(&T) -> String,
    show: impl Fn(&T) -> Value,
) -> Value {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = if more { rows.last().map(cursor) } else { None };
    json!({ "items": rows.iter().map(show).collect::<Vec<_>>(), "next": next })
}

#[cfg(test)]
mod tests {
    use super::{MOST, limit, list};
    use serde_json::json;

    #[test]
    fn next_is_told_only_when_there_is_more() {
        let page = |rows: Vec<i32>| list(rows, 2, ToString::to_string, |n| json!(n));
        assert_eq!(page(vec![]), json!({ "items": [], "next": null }));
        assert_eq!(page(vec![1, 2]), json!({ "items": [1, 2], "next": null }));
        assert_eq!(page(vec![1, 2, 3]), json!({ "items": [1, 2], "next": "2" }));
    }

    #[test]
    fn nobody_gets_an_endless_list() {
        assert_eq!(limit(None).unwrap(), 50);
        assert_eq!(limit(Some(9_999_999)).unwrap(), MOST);
        assert!(limit(Some(0)).is_err());
    }
}
