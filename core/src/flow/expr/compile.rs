//! Text -> compiled expression, with everything that it reads. Refuses what CEL cannot parse, what is too big, and
//! functions that do not exist; whether a path exists is the checker's business.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;
use std::thread::JoinHandle;

use cel::common::ast::IdedExpr;
use cel::{Context, Program, Value as Cel};
use serde_json::{Map, Value};

use crate::flow::expr::scope::{self, Wanted};
use crate::flow::expr::walk::{self, ORDERED, Read};
use crate::flow::expr::{Scope, convert, limits, work};

/// What expressions read from.
pub const ROOTS: [&str; 4] = ["user", "data", "states", "onboarding"];

/// Stack of the thread that parses: more than the largest expression within the limits needs, with a wide margin.
/// Only what is used of it is ever backed by memory.
const PARSER_STACK: usize = 64 << 20;

/// One root context for all: building it costs more than everything else an event costs.
static ROOT: LazyLock<Context<'static, 'static>> = LazyLock::new(|| {
    let mut context = Context::default();
    // Cannot fail: nothing else has this name. If it did, every comprehension would fail, and a test with it.
    let _ = context.add_function(ORDERED, convert::ordered);
    context
});

/// A compiled expression that is more than a path.
#[derive(Debug)]
pub struct Compiled {
    tree: IdedExpr,
    /// This expression with every walk in the order of a map's keys; absent where it walks over nothing. Ensuring the
    /// order copies whatever is walked over.
    ordered: Option<IdedExpr>,
    /// What it reads, in the order of its text.
    pub reads: Vec<Read>,
    wanted: BTreeMap<String, Wanted>,
}

/// Why an expression cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct CompileError {
    /// What kind of mistake it is.
    pub wrong: Wrong,
    /// The mistake in words.
    pub why: String,
    /// Where it stands in the expression, in bytes.
    pub at: Range<usize>,
}

/// What kind of mistake it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It is not CEL.
    Syntax,
    /// It is beyond the limits.
    TooBig,
    /// It calls this function, which does not exist.
    Function(String),
}

/// The path, when the text is nothing but one: `data.locale`.
pub fn plain_path(source: &str) -> Option<Vec<String>> {
    let path: Vec<&str> = source.split('.').collect();
    let is_name = |name: &&str| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let plain = source.len() <= limits::LENGTH_MAX
        && (2..=limits::DEPTH_MAX).contains(&path.len())
        && path.iter().all(is_name)
        && path.first().is_some_and(|root| ROOTS.contains(root));
    plain.then(|| path.into_iter().map(str::to_owned).collect())
}

/// Compiles an expression, on a thread of its own: the caller's stack may be small.
pub fn compile(source: &str) -> Result<Compiled, CompileError> {
    let whole = 0..source.len();
    if let Some(why) = limits::broken(source) {
        return Err(CompileError { wrong: Wrong::TooBig, why, at: whole });
    }
    let owned = source.to_owned();
    let parsed =
        std::thread::Builder::new().stack_size(PARSER_STACK).spawn(move || parse(&owned)).map(JoinHandle::join);
    // A parser that panicked has met what it cannot read; a thread that could not be had says nothing of the text,
    // but the flow cannot be read now either.
    parsed
        .ok()
        .and_then(Result::ok)
        .unwrap_or_else(|| Err(CompileError { wrong: Wrong::Syntax, why: "CEL cannot read it".to_owned(), at: whole }))
}

/// Parses an expression within the limits. Deeply recursive: a nested bracket takes over a hundred kilobytes of
/// stack in a build without optimisation.
fn parse(source: &str) -> Result<Compiled, CompileError> {
    let program = Program::compile(source).map_err(|errors| syntax(source, &errors))?;
    let tree = program.expression().clone();
    let reads = walk::reads(source, &program)?;
    let depth = limits::tree_depth(&tree);
    if depth > limits::TREE_MAX {
        let why = format!("it works {depth} steps deep, at most {} are allowed", limits::TREE_MAX);
        return Err(CompileError { wrong: Wrong::TooBig, why, at: 0..source.len() });
    }
    let mut ordered = tree.clone();
    walk::order_maps(&mut ordered);
    let ordered = Some(ordered).filter(|ordered| *ordered != tree);
    let mut wanted: BTreeMap<String, Wanted> = BTreeMap::new();
    for read in &reads {
        if let Some((root, path)) = read.path.split_first() {
            wanted.entry(root.clone()).or_insert_with(|| Wanted::Members(BTreeMap::new())).add(path);
        }
    }
    Ok(Compiled { tree, ordered, reads, wanted })
}

impl Compiled {
    /// The answer of an expression that reads nothing: it is always the same one.
    pub fn constant(&self, source: &str) -> Result<Option<Option<Value>>, CompileError> {
        if !self.wanted.is_empty() {
            return Ok(None);
        }
        let scope = Scope { user: None, data: &Map::new(), onboarding: None };
        self.eval(&scope).map(Some).map_err(|why| {
            let why = format!("it can never be evaluated: {why}");
            CompileError { wrong: Wrong::Syntax, why, at: 0..source.len() }
        })
    }

    /// Evaluates it; null is `None`.
    pub fn eval(&self, scope: &Scope<'_>) -> Result<Option<Value>, String> {
        self.resolve(
            self.wanted.iter().filter_map(|(name, wanted)| Some((name.as_str(), scope::root(scope, name, wanted)?))),
        )
    }

    /// Its syntax tree.
    pub fn tree(&self) -> &IdedExpr {
        &self.tree
    }

    /// What it wants of each root.
    pub fn wanted(&self) -> &BTreeMap<String, Wanted> {
        &self.wanted
    }

    /// Evaluates it with these roots; null is `None`.
    pub fn resolve<'a>(&self, roots: impl Iterator<Item = (&'a str, Cel)>) -> Result<Option<Value>, String> {
        let roots: Vec<(&str, Cel)> = roots.collect();
        let tree = match &self.ordered {
            Some(ordered) if !work::walks_lists_only(&self.tree, &roots) => ordered,
            _ => &self.tree,
        };
        if work::of(tree, &roots) > limits::WORK_MAX {
            let most = limits::WORK_MAX;
            return Err(format!("with what it reads it could take more than {most} steps; let a service do the rest"));
        }
        let mut context = ROOT.new_inner_scope();
        for (name, value) in roots {
            context.add_variable_from_value(name, value);
        }
        let answer = Cel::resolve(tree, &context).map_err(|error| convert::why(&error))?;
        let answer = convert::to_json(&answer)?;
        Ok(Some(answer).filter(|value| !value.is_null()))
    }
}

/// The first thing that CEL's parser says, in our words: its own list every token that could follow.
fn syntax(source: &str, errors: &cel::ParseErrors) -> CompileError {
    let first = errors.errors.first();
    let said = first.map_or("", |error| error.msg.as_str());
    let at = first.and_then(|error| place(source, error.pos)).unwrap_or(0..source.len());
    let ends = said.contains("'<EOF>'") || said.contains("Incomplete") || source.trim().is_empty();
    let known =
        ["token recognition error at: ", "mismatched input ", "extraneous input ", "no viable alternative at input "];
    let piece = known.iter().find_map(|start| said.split_once(start)).map(|(_, rest)| rest);
    let piece = piece.map(|rest| rest.split(" expecting ").next().unwrap_or(rest).trim_matches('\'').trim());
    let why = match piece {
        _ if ends => "it ends too early".to_owned(),
        Some(piece) => format!("`{piece}` does not belong here"),
        None => "CEL cannot read it".to_owned(),
    };
    CompileError { wrong: Wrong::Syntax, why, at }
}

/// A place of the parser (line and column from 1, in characters) in bytes, up to the end of the expression.
fn place(source: &str, (line, column): (isize, isize)) -> Option<Range<usize>> {
    let line = usize::try_from(line).ok()?.checked_sub(1)?;
    let column = usize::try_from(column).ok()?.checked_sub(1)?;
    let before: usize = source.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = source.get(before..)?;
    let within = rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at);
    Some(before + within..source.len())
}
