//! Expressions and mappings: CEL over what an onboarding knows.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::onboarding::{Onboarding, User};

/// A compiled CEL expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// Its text.
    pub source: String,
}

/// A value of a flow file: a literal, an expression (every string is one), or a structure of them.
#[derive(Clone, Debug)]
pub enum Mapping {
    /// A number, a truth value or null.
    Literal(Value),
    /// An expression.
    Expr(Expr),
    /// A map of mappings.
    Object(IndexMap<String, Mapping>),
    /// A list of mappings.
    List(Vec<Mapping>),
}

/// What expressions can read: `user`, `data`, `states`, `onboarding`. Never secrets.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The person, once known.
    pub user: Option<&'a User>,
    /// The start event's data.
    pub data: &'a Map<String, Value>,
    /// The onboarding; absent while a start event is read.
    pub onboarding: Option<&'a Onboarding>,
}

/// An expression that failed: which, and why. Holds no values, so no personal data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{source_text}`: {why}")]
pub struct ExprError {
    /// The expression's text.
    pub source_text: String,
    /// What went wrong.
    pub why: String,
}

impl Expr {
    /// Compiles it.
    ///
    /// # Errors
    /// Never yet.
    pub fn compile(source: &str) -> Result<Self, ExprError> {
        Ok(Self { source: source.to_owned() })
    }

    /// Evaluates it. A plain path (`data.locale`) to something absent is `None`.
    ///
    /// # Errors
    /// When the expression reads what is not there in any other way, or its types do not fit.
    pub fn eval(&self, _scope: &Scope<'_>) -> Result<Option<Value>, ExprError> {
        Err(ExprError { source_text: self.source.clone(), why: "not evaluated yet".into() })
    }
}

/// Evaluates a map of mappings; entries whose plain path is absent are left out, so that the action's own rule
/// about required input answers for them.
///
/// # Errors
/// The first expression that fails.
pub fn eval_all(with: &IndexMap<String, Mapping>, scope: &Scope<'_>) -> Result<Map<String, Value>, ExprError> {
    let mut values = Map::new();
    for (name, mapping) in with {
        let value = match mapping {
            Mapping::Literal(value) => Some(value.clone()),
            Mapping::Expr(expr) => expr.eval(scope)?,
            Mapping::Object(_) | Mapping::List(_) => todo!(),
        };
        values.extend(value.map(|value| (name.clone(), value)));
    }
    Ok(values)
}
