//! Expressions over other values than an onboarding's: a provider's definition reads `status`, `body` and the like. The
//! roots are the keys of one map; what is not in it is absent.

use cel::Value as Cel;
use cel::common::ast::{Expr as Tree, IdedExpr, LiteralValue, operators};
use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::compile::Compiled;
use super::scope::{self, Wanted};
use super::{Expr, ExprError, Form, Mapping, convert};

impl Expr {
    /// Evaluates it over these roots. As over an onboarding, an expression that only names an absent value is `None`,
    /// and so is one that answers null.
    ///
    /// # Errors
    /// When it reads what is not there in any other way, or its types do not fit.
    pub fn eval_in(&self, roots: &Map<String, Value>) -> Result<Option<Value>, ExprError> {
        let path = match (&self.form, self.reads().as_slice()) {
            (Form::Constant(answer), _) => return Ok(answer.clone()),
            (Form::Path(path), _) => path.clone(),
            (Form::Cel(compiled), [only]) if names_only(compiled.tree()) => only.path.clone(),
            (Form::Cel(compiled), _) => return compiled.eval_in(roots).map_err(|why| self.failed(why)),
        };
        let (first, rest) = path.split_first().ok_or_else(|| self.failed("it names nothing"))?;
        let found = rest.iter().try_fold(roots.get(first), |value, name| Some(value?.as_object()?.get(name)));
        Ok(found.flatten().filter(|value| !value.is_null()).cloned())
    }
}

/// Whether an expression only names one value: members and constant indices on the way from a root.
fn names_only(expr: &IdedExpr) -> bool {
    match &expr.expr {
        Tree::Ident(_) => true,
        Tree::Select(select) => !select.test && names_only(&select.operand),
        Tree::Call(call) if call.func_name == operators::INDEX => match call.args.as_slice() {
            [of, IdedExpr { expr: Tree::Literal(LiteralValue::String(_)), .. }] => names_only(of),
            _ => false,
        },
        _ => false,
    }
}

impl Compiled {
    fn eval_in(&self, roots: &Map<String, Value>) -> Result<Option<Value>, String> {
        let seen = self.wanted().iter().filter_map(|(name, wanted)| {
            let value = roots.get(name).filter(|value| !value.is_null());
            let cel: Cel = match wanted {
                Wanted::Value => convert::to_cel(value?),
                // There even when the root is not, so that `has(body.id)` is false rather than an error.
                Wanted::Members(members) => scope::maps(members, &|member| value?.as_object()?.get(member)),
            };
            Some((name.as_str(), cel))
        });
        self.resolve(seen)
    }
}

impl Mapping {
    /// Evaluates it over these roots; absent entries of maps and lists are left out.
    ///
    /// # Errors
    /// The first expression that fails.
    pub fn eval_in(&self, roots: &Map<String, Value>) -> Result<Option<Value>, ExprError> {
        match self {
            Self::Literal(value) => Ok(Some(value.clone())),
            Self::Secret(_) => Ok(None),
            Self::Expr(expr) => expr.eval_in(roots),
            Self::Object(entries) => eval_all_in(entries, roots).map(|map| Some(Value::Object(map))),
            Self::List(items) => {
                let values: Result<Vec<_>, _> = items.iter().map(|item| item.eval_in(roots)).collect();
                Ok(Some(Value::Array(values?.into_iter().flatten().collect())))
            }
        }
    }
}

/// Evaluates a map of mappings over these roots; absent entries are left out.
///
/// # Errors
/// The first expression that fails.
pub fn eval_all_in(
    with: &IndexMap<String, Mapping>,
    roots: &Map<String, Value>,
) -> Result<Map<String, Value>, ExprError> {
    let mut values = Map::new();
    for (name, mapping) in with {
        if let Some(value) = mapping.eval_in(roots)? {
            values.insert(name.clone(), value);
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::super::Expr;
    use serde_json::{Value, json};

    fn eval(source: &str) -> Result<Option<Value>, String> {
        let roots = json!({"status": 201, "body": {"id": "m-1", "items": [{"n": 1}], "gone": null},
            "headers": {"x-id": "7"}});
        let expr = Expr::compile(source).map_err(|error| error.to_string())?;
        expr.eval_in(roots.as_object().ok_or("roots")?).map_err(|error| error.to_string())
    }

    #[test]
    fn expressions_read_whatever_roots_they_are_given() {
        let rows = [
            ("status", json!(201)),
            ("status == 201 && body.id == 'm-1'", json!(true)),
            ("headers['x-id']", json!("7")),
            ("body.items[0].n + 1", json!(2)),
            ("has(body.other) || has(nothing.at) ? 1 : 2", json!(2)),
            ("size(body.items) > 0", json!(true)),
            ("body", json!({"id": "m-1", "items": [{"n": 1}], "gone": null})),
            ("'text'", json!("text")),
        ];
        for (source, answer) in rows {
            assert_eq!(eval(source), Ok(Some(answer)), "{source}");
        }
    }

    #[test]
    fn what_only_names_something_absent_is_none_and_anything_else_fails() {
        for source in ["body.other", "body.gone", "nothing.at.all", "headers['x-other']", "body.id.inner"] {
            assert_eq!(eval(source), Ok(None), "{source}");
        }
        for source in ["body.other == 1", "nothing > 1", "body.items[5].n == 1"] {
            assert!(eval(source).is_err(), "{source}");
        }
    }
}
