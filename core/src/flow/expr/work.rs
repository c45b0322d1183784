//! How much work an expression can be with these values, known before any of it is done. One walk over a list is as
//! long as the list; what is in it may be as long again (`x in data.allowed`, `data.text + x`), and so may an answer
//! that names one large value for every item. A bound, never less than the truth; no value leaves, and nothing is
//! evaluated.

use std::ops::Add;

use cel::Value as Cel;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr as Tree, IdedExpr, LiteralValue, operators};
use cel::objects::Key;

use crate::flow::expr::walk::ORDERED;

/// Work of one operator, function or member; looking at one item of a list, or at sixteen bytes of a text, is 1.
const STEP: u64 = 2;

/// A fixed amount of work, plus the weight of every walked item, so many times over. Outside a walk only the first
/// counts.
#[derive(Clone, Copy, Default)]
struct Load {
    fixed: u64,
    item: u64,
}

impl Load {
    const fn of(fixed: u64) -> Self {
        Self { fixed, item: 0 }
    }

    fn greater(self, other: Self) -> Self {
        Self { fixed: self.fixed.max(other.fixed), item: self.item.max(other.item) }
    }
}

impl Add for Load {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { fixed: self.fixed.saturating_add(other.fixed), item: self.item.saturating_add(other.item) }
    }
}

/// What is known of a part of an expression.
#[derive(Clone, Copy)]
struct Part<'a> {
    /// The work of evaluating it.
    work: Load,
    /// The value itself, where the part only names one.
    value: Option<&'a Cel>,
    /// Else what its value weighs at most, how many items it has, and what the heaviest of them weighs.
    weight: Load,
    items: u64,
    each: u64,
}

impl<'a> Part<'a> {
    fn small(work: Load) -> Self {
        Self { work, value: None, weight: Load::of(1), items: 0, each: 1 }
    }

    fn named(work: Load, value: &'a Cel) -> Self {
        Self { value: Some(value), ..Self::small(work) }
    }

    fn heavy(work: Load, weight: Load) -> Self {
        Self { weight, items: weight.fixed, each: weight.fixed, ..Self::small(work) }
    }

    fn weight(&self) -> Load {
        self.value.map_or(self.weight, |value| Load::of(weigh(value)))
    }

    /// What is walked over when this is: how many items, what all of them weigh, and the heaviest.
    fn walked(&self) -> (u64, u64, u64) {
        let sum = |weights: &mut dyn Iterator<Item = u64>| {
            weights.fold((0_u64, 0_u64), |(sum, most), weight| (sum.saturating_add(weight), most.max(weight)))
        };
        match self.value {
            Some(Cel::List(items)) => {
                let (all, each) = sum(&mut items.iter().map(weigh));
                (count(items.len()), all, each)
            }
            Some(Cel::Map(members)) => {
                let (all, each) = sum(&mut members.map.keys().map(key));
                (count(members.map.len()), all, each)
            }
            Some(_) => (0, 1, 1),
            None => (self.items, self.weight.fixed, self.each),
        }
    }
}

/// A walk: the names of its own variables, how many turns it has, and what all its items weigh.
struct Walk<'a> {
    items: Vec<&'a str>,
    gathered: &'a str,
    turns: u64,
    all: u64,
}

impl Walk<'_> {
    fn over(&self, load: Load) -> u64 {
        self.turns.saturating_mul(load.fixed).saturating_add(self.all.saturating_mul(load.item))
    }
}

/// The work of an expression over these roots, its answer's weight included.
pub fn of(expr: &IdedExpr, roots: &[(&str, Cel)]) -> u64 {
    let part = visit(expr, roots, None);
    part.work.fixed.saturating_add(part.weight().fixed)
}

/// Whether all that is walked over is lists for certain: a list that is named, or what another walk gave.
pub fn walks_lists_only(expr: &IdedExpr, roots: &[(&str, Cel)]) -> bool {
    let only = |part: &IdedExpr| walks_lists_only(part, roots);
    let entry = |entry: &EntryExpr| match entry {
        EntryExpr::MapEntry(entry) => only(&entry.key) && only(&entry.value),
        EntryExpr::StructField(field) => only(&field.value),
    };
    match &expr.expr {
        Tree::Unspecified | Tree::Literal(_) | Tree::Ident(_) => true,
        Tree::Select(select) => only(&select.operand),
        Tree::Call(call) => call.target.iter().all(|target| only(target)) && call.args.iter().all(only),
        Tree::List(list) => list.elements.iter().all(only),
        Tree::Map(map) => map.entries.iter().all(|one| entry(&one.expr)),
        Tree::Struct(made) => made.entries.iter().all(|one| entry(&one.expr)),
        Tree::Comprehension(each) => match &each.iter_range.expr {
            Tree::Comprehension(_) => only(&each.iter_range),
            _ => matches!(visit(&each.iter_range, roots, None).value, Some(Cel::List(_))),
        },
    }
}

fn visit<'a>(expr: &'a IdedExpr, roots: &'a [(&str, Cel)], walk: Option<&Walk<'_>>) -> Part<'a> {
    let see = |expr: &'a IdedExpr| visit(expr, roots, walk);
    let mut part = match &expr.expr {
        Tree::Unspecified => return Part::small(Load::default()),
        Tree::Literal(LiteralValue::String(text)) => {
            return Part::heavy(Load::default(), Load::of(bytes(text.inner().len())));
        }
        Tree::Literal(_) => return Part::small(Load::default()),
        Tree::Ident(name) => return ident(name, roots, walk),
        Tree::Select(select) => {
            let of = see(&select.operand);
            if select.test { Part::small(of.work) } else { member(of, Some(&select.field)) }
        }
        Tree::Call(call) => self::call(call, roots, walk),
        Tree::List(list) => {
            let parts = list.elements.iter().map(see);
            let made = parts.fold((Load::default(), Load::of(1), 0), |(work, weight, each), part| {
                (work + part.work, weight + part.weight(), part.weight().fixed.max(each))
            });
            Part { items: count(list.elements.len()), each: made.2, ..Part::heavy(made.0, made.1) }
        }
        Tree::Map(map) => entries(map.entries.iter().map(|entry| &entry.expr), &see),
        Tree::Struct(made) => entries(made.entries.iter().map(|entry| &entry.expr), &see),
        Tree::Comprehension(each) => walked(each, roots),
    };
    part.work = part.work + Load::of(STEP);
    part
}

fn ident<'a>(name: &str, roots: &'a [(&str, Cel)], walk: Option<&Walk<'_>>) -> Part<'a> {
    match walk {
        // What is gathered grows in place: a turn adds to it, and costs what it adds.
        Some(walk) if walk.gathered == name => return Part::small(Load::default()),
        Some(walk) if walk.items.contains(&name) => return Part::heavy(Load::default(), Load { fixed: 0, item: 1 }),
        _ => {}
    }
    let root = roots.iter().find(|(root, _)| *root == name);
    root.map_or_else(|| Part::small(Load::default()), |(_, value)| Part::named(Load::default(), value))
}

/// A member of a map or an item of a list; of one that is not known by name, no more than the whole.
fn member<'a>(of: Part<'a>, name: Option<&str>) -> Part<'a> {
    match (of.value, name) {
        (Some(Cel::Map(members)), Some(name)) => match members.map.get(&Key::String(name.to_owned().into())) {
            Some(value) => Part::named(of.work, value),
            None => Part::small(of.work),
        },
        (Some(Cel::Map(members)), None) => {
            Part::heavy(of.work, Load::of(members.map.values().map(weigh).max().unwrap_or(1)))
        }
        (Some(Cel::List(items)), _) => Part::heavy(of.work, Load::of(items.iter().map(weigh).max().unwrap_or(1))),
        _ => Part::heavy(of.work, of.weight()),
    }
}

fn entries<'a>(entries: impl Iterator<Item = &'a EntryExpr>, see: &dyn Fn(&'a IdedExpr) -> Part<'a>) -> Part<'a> {
    let parts = entries.flat_map(|entry| match entry {
        EntryExpr::MapEntry(entry) => vec![see(&entry.key), see(&entry.value)],
        EntryExpr::StructField(field) => vec![see(&field.value)],
    });
    let (work, weight) = parts.fold((Load::default(), Load::of(1)), |(work, weight), part| {
        (work + part.work + part.weight(), weight + part.weight())
    });
    Part::heavy(work, weight)
}

fn call<'a>(call: &'a CallExpr, roots: &'a [(&str, Cel)], walk: Option<&Walk<'_>>) -> Part<'a> {
    let parts: Vec<Part<'_>> =
        call.target.iter().map(AsRef::as_ref).chain(&call.args).map(|arg| visit(arg, roots, walk)).collect();
    let work = parts.iter().fold(Load::default(), |work, part| work + part.work);
    let weights = || parts.iter().map(Part::weight);
    let all = || weights().fold(Load::default(), Add::add);
    match (call.func_name.as_str(), parts.as_slice()) {
        (operators::CONDITIONAL, [_, one, other]) => {
            let (items, each) = (one.walked(), other.walked());
            let weight = one.weight().greater(other.weight());
            Part { items: items.0.max(each.0), each: items.2.max(each.2), ..Part::heavy(work, weight) }
        }
        (
            operators::LOGICAL_AND
            | operators::LOGICAL_OR
            | operators::LOGICAL_NOT
            | operators::NOT_STRICTLY_FALSE
            | operators::SUBSTRACT
            | operators::MULTIPLY
            | operators::DIVIDE
            | operators::MODULO
            | operators::NEGATE,
            _,
        ) => Part::small(work),
        (operators::INDEX, [of, _]) => {
            let name = match call.args.get(1).map(|key| &key.expr) {
                Some(Tree::Literal(LiteralValue::String(name))) => Some(name.inner()),
                _ => None,
            };
            let key = parts.get(1).map(Part::weight).unwrap_or_default();
            member(Part { work: work + key, ..*of }, name)
        }
        // Two values are compared as far as the smaller one goes.
        (
            operators::EQUALS
            | operators::NOT_EQUALS
            | operators::LESS
            | operators::LESS_EQUALS
            | operators::GREATER
            | operators::GREATER_EQUALS,
            [one, other],
        ) => Part::small(work + lesser(one.weight(), other.weight(), walk)),
        (operators::IN, [one, Part { value: Some(Cel::Map(_)), .. }]) => Part::small(work + one.weight()),
        (operators::IN, _) => Part::small(work + all()),
        (operators::ADD, [one, other]) => {
            let (ours, theirs) = (one.walked(), other.walked());
            let (items, each) = (ours.0.saturating_add(theirs.0), ours.2.max(theirs.2));
            Part { items, each, ..Part::heavy(work + all(), all()) }
        }
        (ORDERED, [of]) => Part { work: work + all(), ..*of },
        ("size", [Part { value: Some(Cel::List(_) | Cel::Map(_)), .. }]) => Part::small(work),
        ("string", _) => Part::heavy(work + all(), all() + Load::of(2)),
        _ => Part::small(work + all()),
    }
}

/// The lighter of two, over all turns of the walk.
fn lesser(one: Load, other: Load, walk: Option<&Walk<'_>>) -> Load {
    let over = |load: Load| walk.map_or(load.fixed, |walk| walk.over(load));
    if over(one) <= over(other) { one } else { other }
}

fn walked<'a>(each: &'a ComprehensionExpr, roots: &'a [(&str, Cel)]) -> Part<'a> {
    let range = visit(&each.iter_range, roots, None);
    let (items, all, most) = range.walked();
    let names = [Some(&each.iter_var), each.iter_var2.as_ref()];
    let of = names.into_iter().flatten().map(String::as_str).collect();
    let walk = Walk { items: of, gathered: &each.accu_var, turns: items, all };
    let turn = |expr| visit(expr, roots, Some(&walk));
    let (asked, done) = (turn(&each.loop_cond), turn(&each.loop_step));
    let begun = visit(&each.accu_init, roots, None).work;
    let turns = Load::of(walk.over(asked.work + done.work + Load { fixed: STEP, item: 1 }));
    let heaviest = done.weight().fixed.saturating_add(most.saturating_mul(done.weight().item));
    let result = turn(&each.result).work;
    let work = range.work + begun + turns + Load::of(result.fixed);
    Part { items, each: heaviest, ..Part::heavy(work, Load::of(walk.over(done.weight()))) }
}

fn weigh(value: &Cel) -> u64 {
    match value {
        Cel::String(text) => bytes(text.len()),
        Cel::List(items) => items.iter().map(weigh).fold(1, u64::saturating_add),
        Cel::Map(members) => {
            let weights = members.map.iter().map(|(name, value)| key(name).saturating_add(weigh(value)));
            weights.fold(1, u64::saturating_add)
        }
        _ => 1,
    }
}

fn key(name: &Key) -> u64 {
    if let Key::String(name) = name { bytes(name.len()) } else { 1 }
}

fn bytes(length: usize) -> u64 {
    count(length) / 16 + 1
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
