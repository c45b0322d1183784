//! A walk over the syntax tree: what the expression reads, and whether all that it calls exists. CEL's own list of
//! references stops at the roots.

use std::ops::Range;

use cel::Program;
use cel::common::ast::{CallExpr, EntryExpr, Expr as Tree, IdedExpr, LiteralValue, SourceInfo, operators};

use crate::flow::expr::compile::{CompileError, Wrong};

/// Functions that an expression may call, beyond CEL's operators and macros. All give the same answer every time.
pub const FUNCTIONS: [&str; 9] =
    ["size", "contains", "startsWith", "endsWith", "string", "int", "uint", "double", "bool"];
/// CEL's macros; they are expanded before functions are looked at.
const MACROS: [&str; 6] = ["has", "all", "exists", "exists_one", "map", "filter"];
/// Our own function; its name cannot be written in an expression.
pub const ORDERED: &str = "@ordered";

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

/// What an expression reads, in the order of its text.
pub fn reads(source: &str, program: &Program) -> Result<Vec<Read>, CompileError> {
    let places = program.source_info();
    let mut walk = Walk { source, places, reads: Vec::new(), locals: Vec::new(), loops: 0 };
    walk.visit(program.expression())?;
    walk.reads.sort_by_key(|read| read.at.start);
    Ok(walk.reads)
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
pub fn order_maps(expr: &mut IdedExpr) {
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
