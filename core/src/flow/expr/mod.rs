//! Expressions and mappings: CEL over what an onboarding knows. An expression is compiled once, reads only what it
//! names, and gives the same answer on every machine. Never here: a clock, chance, secrets, or a value in an error.

mod compile;
mod convert;
mod limits;
mod scope;
mod values;
mod walk;
mod work;

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value};

pub use self::compile::{CompileError, ROOTS, Wrong};
pub use self::limits::{DEPTH_MAX, LENGTH_MAX, OPERATORS_MAX, TREE_MAX, WORK_MAX};
pub use self::values::eval_all_in;
pub use self::walk::{FUNCTIONS, Read};
use crate::onboarding::{Onboarding, User};

/// A compiled CEL expression.
#[derive(Clone)]
pub struct Expr {
    /// Its text.
    pub source: String,
    form: Form,
}

/// Most expressions only name one value or are a plain text; those never touch CEL after they are compiled.
#[derive(Clone)]
enum Form {
    Constant(Option<Value>),
    Path(Vec<String>),
    Cel(Arc<compile::Compiled>),
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
    /// The flow's secret of this name: left out here, put in when the effect is performed.
    Secret(String),
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
    /// When it is too long or too deep, is not CEL, or calls what does not exist.
    pub fn compile(source: &str) -> Result<Self, CompileError> {
        let form = match compile::plain_path(source) {
            Some(path) => Form::Path(path),
            None => {
                let compiled = compile::compile(source)?;
                match compiled.constant(source)? {
                    Some(answer) => Form::Constant(answer),
                    None => Form::Cel(Arc::new(compiled)),
                }
            }
        };
        Ok(Self { source: source.to_owned(), form })
    }

    /// The path, when the expression only names one value (`data.locale`).
    #[must_use]
    pub fn plain_path(&self) -> Option<&[String]> {
        match &self.form {
            Form::Path(path) => Some(path),
            Form::Cel(_) | Form::Constant(_) => None,
        }
    }

    /// What it reads, in the order of its text.
    #[must_use]
    pub fn reads(&self) -> Vec<Read> {
        match &self.form {
            Form::Path(path) => vec![Read::whole(path.clone(), &self.source)],
            Form::Cel(compiled) => compiled.reads.clone(),
            Form::Constant(_) => Vec::new(),
        }
    }

    /// Evaluates it. A plain path (`data.locale`) to something absent is `None`, and so is any expression that answers
    /// null: absent and null are the same here.
    ///
    /// # Errors
    /// When the expression reads what is not there in any other way, its types do not fit, or it could be too much work
    /// with these values.
    pub fn eval(&self, scope: &Scope<'_>) -> Result<Option<Value>, ExprError> {
        match &self.form {
            Form::Constant(answer) => Ok(answer.clone()),
            Form::Path(path) => Ok(scope::lookup(scope, path)),
            Form::Cel(compiled) => compiled.eval(scope).map_err(|why| self.failed(why)),
        }
    }

    /// The error of this expression, with this cause.
    #[must_use]
    pub fn failed(&self, why: impl Into<String>) -> ExprError {
        ExprError { source_text: self.source.clone(), why: why.into() }
    }
}

impl std::fmt::Debug for Expr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Expr({})", self.source)
    }
}

impl Mapping {
    /// Evaluates it; `None` when it is an expression with an absent answer. Absent entries of maps and lists are left
    /// out.
    ///
    /// # Errors
    /// The first expression that fails.
    pub fn eval(&self, scope: &Scope<'_>) -> Result<Option<Value>, ExprError> {
        match self {
            Self::Literal(value) => Ok(Some(value.clone())),
            Self::Secret(_) => Ok(None),
            Self::Expr(expr) => expr.eval(scope),
            Self::Object(entries) => eval_all(entries, scope).map(|map| Some(Value::Object(map))),
            Self::List(items) => {
                let values: Result<Vec<_>, _> = items.iter().map(|item| item.eval(scope)).collect();
                Ok(Some(Value::Array(values?.into_iter().flatten().collect())))
            }
        }
    }

    /// Every expression in it, in the order of the file.
    #[must_use]
    pub fn expressions(&self) -> Vec<&Expr> {
        match self {
            Self::Literal(_) | Self::Secret(_) => Vec::new(),
            Self::Expr(expr) => vec![expr],
            Self::Object(entries) => entries.values().flat_map(Self::expressions).collect(),
            Self::List(items) => items.iter().flat_map(Self::expressions).collect(),
        }
    }
}

/// Where secrets go: JSON pointer into what [`eval_all`] gives -> name of the secret.
#[must_use]
pub fn secret_places(with: &IndexMap<String, Mapping>) -> BTreeMap<String, String> {
    let mut places = BTreeMap::new();
    let mut open: Vec<(String, &IndexMap<String, Mapping>)> = vec![(String::new(), with)];
    while let Some((above, entries)) = open.pop() {
        for (key, mapping) in entries {
            let at = format!("{above}/{}", key.replace('~', "~0").replace('/', "~1"));
            match mapping {
                Mapping::Secret(name) => drop(places.insert(at, name.clone())),
                Mapping::Object(inner) => open.push((at, inner)),
                Mapping::Literal(_) | Mapping::Expr(_) | Mapping::List(_) => {}
            }
        }
    }
    places
}

/// Evaluates a map of mappings; an entry with an absent plain path is left out, so that the action's own rule about
/// required input answers for it.
///
/// # Errors
/// The first expression that fails.
pub fn eval_all(with: &IndexMap<String, Mapping>, scope: &Scope<'_>) -> Result<Map<String, Value>, ExprError> {
    let mut values = Map::new();
    for (name, mapping) in with {
        if let Some(value) = mapping.eval(scope)? {
            values.insert(name.clone(), value);
        }
    }
    Ok(values)
}
