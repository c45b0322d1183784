//! Text -> compiled expression, with everything that it reads. Refuses what CEL cannot parse, what is too big, and
//! functions that do not exist; whether a path exists is the checker's business.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use cel::common::ast::{CallExpr, EntryExpr, Expr as Tree, IdedExpr, LiteralValue, SourceInfo, operators};
use cel::{Context, Program, Value as Cel};
use serde_json::{Map, Value};

use crate::flow::expr::scope::{self, Wanted};
use crate::flow::expr::{Scope, convert, limits};

/// What expressions read from.
pub const ROOTS: [&str; 4] = ["user", "data", "states", "onboarding"];
/// Functions that an expression may call, beyond CEL's operators and macros. All give the same answer every time.
pub const FUNCTIONS: [&str; 9] =
    ["size", "contains", "startsWith", "endsWith", "string", "int", "uint", "double", "bool"];
/// CEL's macros; they are expanded before functions are looked at.
const MACROS: [&str; 6] = ["has", "all", "exists", "exists_one", "map", "filter"];
/// Our own function; its name cannot be written in an expression.
const ORDERED: &str = "@ordered";

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
    /// What it reads, in the order of its text.
    pub reads: Vec<Read>,
    wanted: BTreeMap<String, Wanted>,
}

/// Something that an expression reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// Root and names.
    pub path: Vec<String>,
    /// Whether it is only asked for: `has(…)`.
    pub tested: bool,
    /// Where it stands in the expression, in bytes.
    pub at: Range<usize>,
}

impl Read {
    /// An expression that is nothing but a path.
    pub(super) fn whole(path: Vec<String>, source: &str) -> Self {
        Self { path, tested: false, at: 0..source.len() }
    }
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

/// Compiles an expression.
pub fn compile(source: &str) -> Result<Compiled, CompileError> {
    let whole = 0..source.len();
    if let Some(why) = limits::broken(source) {
        return Err(CompileError { wrong: Wrong::TooBig, why, at: whole });
    }
    let program = Program::compile(source).map_err(|errors| syntax(source, &errors))?;
    let mut walk = Walk { source, places: program.source_info(), reads: Vec::new(), locals: Vec::new(), loops: 0 };
    walk.visit(program.expression())?;
    let mut reads = walk.reads;
    reads.sort_by_key(|read| read.at.start);
    let mut tree = program.expression().clone();
    order_maps(&mut tree);
    let mut wanted: BTreeMap<String, Wanted> = BTreeMap::new();
    for read in &reads {
        if let Some((root, path)) = read.path.split_first() {
            wanted.entry(root.clone()).or_insert_with(|| Wanted::Members(BTreeMap::new())).add(path);
        }
    }
    Ok(Compiled { tree, reads, wanted })
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
        let mut context = ROOT.new_inner_scope();
        for (name, wanted) in &self.wanted {
            if let Some(value) = scope::root(scope, name, wanted) {
                context.add_variable_from_value(name.as_str(), value);
            }
        }
        let answer = Cel::resolve(&self.tree, &context).map_err(|error| convert::why(&error))?;
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
    let piece = piece.map(|rest| rest.split(" expecting ").next().unwrap_or(rest).trim_matches('\''));
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

/// Walks a syntax tree once: what it reads, and whether all that it calls exists.
struct Walk<'a> {
    source: &'a str,
    places: &'a SourceInfo,
    reads: Vec<Read>,
    locals: Vec<String>,
    loops: usize,
}

impl Walk<'_> {
    fn visit(&mut self, expr: &IdedExpr) -> Result<(), CompileError> {
        if let Some((path, root)) = self.path(expr) {
            let tested = matches!(&expr.expr, Tree::Select(select) if select.test);
            self.read(path, root, tested);
            return Ok(());
        }
        match &expr.expr {
            Tree::Unspecified | Tree::Literal(_) | Tree::Ident(_) => Ok(()),
            Tree::Select(select) => self.visit(&select.operand),
            Tree::Call(call) => self.call(expr.id, call),
            Tree::List(list) => list.elements.iter().try_for_each(|item| self.visit(item)),
            Tree::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => self.visit(&entry.key).and_then(|()| self.visit(&entry.value)),
                EntryExpr::StructField(field) => self.visit(&field.value),
            }),
            Tree::Struct(made) => {
                Err(self.wrong(expr.id, Wrong::Syntax, format!("there is no `{}` to make", made.type_name)))
            }
            Tree::Comprehension(each) => {
                self.visit(&each.iter_range)?;
                if self.loops > 0 {
                    let why = "one walk over a list inside another is not allowed".to_owned();
                    return Err(self.wrong(expr.id, Wrong::TooBig, why));
                }
                let outside = self.locals.len();
                self.locals.extend([each.iter_var.clone(), each.accu_var.clone()]);
                self.locals.extend(each.iter_var2.clone());
                self.loops += 1;
                let parts = [&each.accu_init, &each.loop_cond, &each.loop_step, &each.result];
                let visited = parts.into_iter().try_for_each(|part| self.visit(part));
                self.loops -= 1;
                self.locals.truncate(outside);
                visited
            }
        }
    }

    fn call(&mut self, id: u64, call: &CallExpr) -> Result<(), CompileError> {
        let name = call.func_name.as_str();
        let is_operator = name.starts_with(|c: char| !c.is_alphabetic());
        if !is_operator && !FUNCTIONS.contains(&name) {
            let why = if MACROS.contains(&name) {
                format!("`{name}` is not used like this")
            } else {
                format!("there is no function `{name}`")
            };
            let bracket = self.start_of(id);
            let start = self.source.get(..bracket).and_then(|before| before.rfind(name)).unwrap_or(bracket);
            return Err(CompileError { wrong: Wrong::Function(name.to_owned()), why, at: start..start + name.len() });
        }
        call.target.iter().try_for_each(|target| self.visit(target))?;
        call.args.iter().try_for_each(|arg| self.visit(arg))
    }

    /// The path that this names from a root, and the root's node: identifiers, members, and constant texts as index.
    fn path(&self, expr: &IdedExpr) -> Option<(Vec<String>, u64)> {
        let (mut path, root) = match &expr.expr {
            Tree::Ident(name) if !name.starts_with('@') && !self.locals.contains(name) => {
                return Some((vec![name.clone()], expr.id));
            }
            Tree::Select(select) => self.path(&select.operand)?,
            Tree::Call(call) if call.func_name == operators::INDEX => self.path(call.args.first()?)?,
            _ => return None,
        };
        match &expr.expr {
            Tree::Select(select) => path.push(select.field.clone()),
            Tree::Call(call) => match &call.args.get(1)?.expr {
                Tree::Literal(LiteralValue::String(name)) => path.push(name.inner().to_owned()),
                _ => return None,
            },
            _ => return None,
        }
        Some((path, root))
    }

    fn read(&mut self, path: Vec<String>, root: u64, tested: bool) {
        let start = self.start_of(root);
        let written = path.join(".");
        let rest = self.source.get(start..).unwrap_or_default();
        let len = if rest.starts_with(&written) { written.len() } else { path.first().map_or(0, String::len) };
        self.reads.push(Read { path, tested, at: start..start + len });
    }

    fn wrong(&self, id: u64, wrong: Wrong, why: String) -> CompileError {
        CompileError { wrong, why, at: self.start_of(id)..self.source.len() }
    }

    /// Where a node begins, in bytes.
    fn start_of(&self, id: u64) -> usize {
        let chars = self.places.offset_for(id).map_or(0, |(start, _)| start);
        let chars = usize::try_from(chars).unwrap_or(usize::MAX);
        self.source.char_indices().nth(chars).map_or(0, |(at, _)| at)
    }
}

/// Makes every walk over a map follow the order of its keys: CEL's maps have none.
fn order_maps(expr: &mut IdedExpr) {
    match &mut expr.expr {
        Tree::Unspecified | Tree::Literal(_) | Tree::Ident(_) => {}
        Tree::Select(select) => order_maps(&mut select.operand),
        Tree::Call(call) => {
            call.target.iter_mut().for_each(|target| order_maps(target));
            call.args.iter_mut().for_each(order_maps);
        }
        Tree::List(list) => list.elements.iter_mut().for_each(order_maps),
        Tree::Map(map) => map.entries.iter_mut().for_each(|entry| order_entry(&mut entry.expr)),
        Tree::Struct(made) => made.entries.iter_mut().for_each(|entry| order_entry(&mut entry.expr)),
        Tree::Comprehension(each) => {
            for part in [&mut each.accu_init, &mut each.loop_cond, &mut each.loop_step, &mut each.result] {
                order_maps(part);
            }
            order_maps(&mut each.iter_range);
            let range = std::mem::take(&mut each.iter_range);
            let call = CallExpr { func_name: ORDERED.to_owned(), target: None, args: vec![range] };
            each.iter_range = IdedExpr { id: 0, expr: Tree::Call(call) };
        }
    }
}

fn order_entry(entry: &mut EntryExpr) {
    match entry {
        EntryExpr::MapEntry(entry) => {
            order_maps(&mut entry.key);
            order_maps(&mut entry.value);
        }
        EntryExpr::StructField(field) => order_maps(&mut field.value),
    }
}
