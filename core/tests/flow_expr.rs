//! What expressions answer, and that they can neither leak, nor differ, nor overflow a stack.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails the test by a panic"
)]

use std::collections::BTreeMap;

use gangway_core::event::{OnboardingId, UserId};
use gangway_core::flow::expr::{DEPTH_MAX, Expr, LENGTH_MAX, OPERATORS_MAX, Scope, TREE_MAX, WORK_MAX, Wrong};
use gangway_core::onboarding::{FlowRef, Memory, Onboarding, Status, User};
use gangway_core::time::Timestamp;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use uuid::Uuid;

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn data() -> Map<String, Value> {
    object(json!({
        "age": 41, "large": u64::MAX, "price": 0.1, "name": "Ada", "nothing": null, "yes": true,
        "address": {"city": "Wien", "zip": null}, "tags": ["b", "a"],
        "prices": {"z": 1, "m": 2, "a": 3, "k": 4, "b": 5, "y": 6}, "x-y": {"z": 1},
    }))
}

fn onboarding() -> Onboarding {
    let user = User {
        id: UserId(Uuid::from_u128(7)),
        external_id: "u-1".into(),
        email: Some("ada@secret.example".into()),
        locale: None,
        created_at: Timestamp(0),
    };
    let states = BTreeMap::from([("create_user".to_owned(), object(json!({"uid": "144", "rank": 3})))]);
    Onboarding {
        id: OnboardingId(Uuid::from_u128(9)),
        user,
        flow: FlowRef { name: "f".into(), version: 1 },
        state: "s".into(),
        status: Status::Active,
        since: Timestamp(0),
        wake_at: None,
        revision: 1,
        created_at: Timestamp(0),
        ended_at: None,
        memory: Memory { states, ..Memory::default() },
    }
}

/// The answer, or the cause of the failure.
fn answer(source: &str) -> Result<Option<Value>, String> {
    let (data, onboarding) = (data(), onboarding());
    let scope = Scope { user: Some(&onboarding.user), data: &data, onboarding: Some(&onboarding) };
    let expr = Expr::compile(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    expr.eval(&scope).map_err(|error| error.to_string())
}

#[test]
fn expressions_answer_what_they_say() {
    let table = [
        ("user.id", json!("u-1")),
        ("user.gangway_id", json!(Uuid::from_u128(7).to_string())),
        ("onboarding.id", json!(Uuid::from_u128(9).to_string())),
        ("states.create_user.uid", json!("144")),
        ("data.address.city", json!("Wien")),
        ("data.age + 1", json!(42)),
        ("-data.age", json!(-41)),
        ("data.large", json!(u64::MAX)),
        ("data.yes ? data.large : 0u", json!(u64::MAX)),
        ("data.price * 1.0", json!(0.1)),
        ("states.create_user.rank - 5", json!(-2)),
        ("'Hello ' + data.name", json!("Hello Ada")),
        ("has(user.locale) ? user.locale : 'en'", json!("en")),
        ("has(data.nothing) ? 1 : 2", json!(2)),
        ("has(data.no.such.thing) ? 1 : 2", json!(2)),
        ("has(states.wallet.address) ? states.wallet.address : 'none'", json!("none")),
        ("has(states.create_user.uid)", json!(true)),
        ("data['x-y'].z", json!(1)),
        ("data.tags.map(t, t + '!')", json!(["b!", "a!"])),
        ("data.tags.exists(t, t == 'a') && size(data.tags) == 2", json!(true)),
        (
            "data.name.startsWith('A') ? {'b': [1, 2.5], 'a': data.address} : {}",
            json!({"a": {"city": "Wien"}, "b": [1, 2.5]}),
        ),
        ("\"quoted\"", json!("quoted")),
    ];
    for (source, wanted) in table {
        assert_eq!(answer(source), Ok(Some(wanted)), "{source}");
    }
}

#[test]
fn a_plain_path_to_something_absent_or_null_is_absent_and_so_is_a_null_answer() {
    for source in [
        "user.locale",
        "data.nothing",
        "data.no.such.thing",
        "data.name.length",
        "states.wallet.address",
        "data.address.zip",
        "has(user.locale) ? user.locale : null",
        "null",
    ] {
        assert_eq!(answer(source), Ok(None), "{source}");
    }
}

#[test]
fn a_walk_over_a_map_follows_the_order_of_its_keys() {
    for _ in 0..20 {
        assert_eq!(answer("data.prices.map(k, k)"), Ok(Some(json!(["a", "b", "k", "m", "y", "z"]))));
        assert_eq!(answer("{'q': 1, 'c': 2, 'p': 3}.filter(k, k != 'p')"), Ok(Some(json!(["c", "q"]))));
    }
}

#[test]
fn a_failure_never_tells_a_value() {
    for source in [
        "data.age + user.email",
        "int(user.email)",
        "data.prices[user.email]",
        "user.email[0]",
        "data.tags[9]",
        "1 / (data.age - 41)",
        "data.age * 9223372036854775807",
        "{1: user.email}",
        "user.email > 3",
        "data.no + 1",
        "bool(data.name)",
        "data.name.size() ? 1 : 2",
        "double('Ada' + data.name)",
        "0.0 / (data.price - 0.1)",
        "b'x' + bytes_or(data.name)",
    ] {
        let Ok(expr) = Expr::compile(source) else { continue };
        let (data, onboarding) = (data(), onboarding());
        let scope = Scope { user: Some(&onboarding.user), data: &data, onboarding: Some(&onboarding) };
        let error = expr.eval(&scope).expect_err(source);
        assert!(!error.why.contains("secret.example") && !error.why.contains("Ada"), "{source}: {error}");
    }
}

#[test]
fn what_has_no_single_answer_or_does_not_exist_cannot_be_called() {
    for source in
        ["now()", "random()", "data.name.lowerAscii()", "timestamp('2026-01-01T00:00:00Z')", "type(1)", "uuid()"]
    {
        assert!(matches!(Expr::compile(source).unwrap_err().wrong, Wrong::Function(_)), "{source}");
    }
    for source in
        ["", " ", "1 +", "data.x =", "a b", "(", "'open", "Made{x: 1}", "@ordered([1])", "1/0", "`x`", "data.?x"]
    {
        assert_eq!(Expr::compile(source).unwrap_err().wrong, Wrong::Syntax, "{source}");
    }
    let nested = "data.tags.all(a, data.tags.all(b, a == b))";
    assert_eq!(Expr::compile(nested).unwrap_err().wrong, Wrong::TooBig);
}

#[test]
fn reads_are_whole_paths_with_their_places() {
    let source = "has(states.a.b) ? states.a.b : data.items.map(i, i.id + user.id)[0] + data['x'].y";
    let reads = Expr::compile(source).unwrap().reads();
    let told: Vec<_> = reads.iter().map(|read| (read.path.join("/"), read.tested, &source[read.at.clone()])).collect();
    let wanted = [
        ("states/a/b", true, "states.a.b"),
        ("states/a/b", false, "states.a.b"),
        ("data/items", false, "data.items"),
        ("user/id", false, "user.id"),
        ("data/x/y", false, "data"),
    ];
    assert_eq!(told, wanted.map(|(path, tested, at)| (path.to_owned(), tested, at)));
}

/// Expressions as large as the limits let through, and a little larger.
fn largest() -> Vec<String> {
    let nest = |open: &str, close: &str, times: usize| open.repeat(times) + "data.x" + &close.repeat(times);
    let mut all = Vec::new();
    for deep in [TREE_MAX - 3, DEPTH_MAX, DEPTH_MAX + 1, 200] {
        for (open, close) in [
            ("(", ")"),
            ("[", "]"),
            ("{'a':", "}"),
            ("size(", ")"),
            ("(true && ", ")"),
            ("(1+1*2<3&&", ")"),
            ("data.x[", "]"),
        ] {
            all.push(nest(open, close, deep));
        }
        all.push("data.b ? 1 : ".repeat(deep) + "2");
        all.push("data.b ? (".repeat(deep) + "2" + &") : 1".repeat(deep));
        all.push("data.x".to_owned() + &".map(x, x".repeat(deep) + &")".repeat(deep));
    }
    for many in [TREE_MAX - 2, OPERATORS_MAX - 1, OPERATORS_MAX + 1, 900] {
        for piece in ["+1", " && true", ".x", ".size()", "[0]"] {
            all.push("data.x".to_owned() + &piece.repeat(many));
        }
        for piece in ["!", "- "] {
            all.push(piece.repeat(many) + "data.x");
        }
        all.push("(".repeat(DEPTH_MAX) + "data.x" + &"+1".repeat(many) + &")".repeat(DEPTH_MAX));
    }
    all.push("'".to_owned() + &"a".repeat(LENGTH_MAX));
    all
}

#[test]
fn the_largest_expression_fits_a_small_stack_when_it_is_read_and_when_it_is_evaluated() {
    let work = || {
        let data = data();
        let scope = Scope { user: None, data: &data, onboarding: None };
        let compiled: Vec<_> = largest().iter().filter_map(|source| Expr::compile(source).ok()).collect();
        for expr in &compiled {
            let _ = expr.eval(&scope);
        }
        compiled.len()
    };
    // Half of what a worker thread has, so that there is room for its callers.
    let small = std::thread::Builder::new().stack_size(1 << 20).spawn(work).unwrap();
    assert!(small.join().unwrap() > 10, "some of these are within the limits");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_text_makes_an_expression_panic(source in "[a-z0-9.()\\[\\]{}'\"?:+*/%!&|<>=, -]{0,60}") {
        let _ = Expr::compile(&source);
    }

    #[test]
    fn pieces_of_expressions_in_any_order_never_panic(pieces in prop::collection::vec(prop::sample::select(vec![
        "data.age", "user.email", "states.create_user.uid", "has(", "(", ")", "+", " ? ", " : ", "'a'", "[0]", ".map(i, i",
        " && ", "!", "size(", "1", "2.5", "null", " in ", "{", "}", ",", "==", "data.tags",
    ]), 0..12)) {
        let source = pieces.concat();
        if let Ok(expr) = Expr::compile(&source) {
            let (data, onboarding) = (data(), onboarding());
            let scope = Scope { user: Some(&onboarding.user), data: &data, onboarding: Some(&onboarding) };
            prop_assert_eq!(expr.eval(&scope), expr.eval(&scope));
        }
    }
}

/// The answer of an expression over this many names, all of them allowed.
fn over(count: usize, source: &str) -> Result<Option<Value>, String> {
    let names: Vec<String> = (0..count).map(|n| format!("name-{n}")).collect();
    let items: Vec<Value> = names.iter().map(|name| json!({"name": name, "kind": "a"})).collect();
    let known: Map<String, Value> = names.iter().map(|name| (name.clone(), json!(true))).collect();
    let roots = json!({"data": {"names": names, "allowed": names, "items": items, "known": known,
        "text": "x".repeat(count * 8), "one": "name-7"}});
    let expr = Expr::compile(source).map_err(|error| error.to_string())?;
    expr.eval_in(roots.as_object().ok_or("roots")?).map_err(|error| error.to_string())
}

#[test]
fn an_expression_that_would_take_too_long_is_refused_before_it_is_begun_and_tells_no_value() {
    let sources = [
        "data.names.all(x, x in data.allowed)",
        "data.names.all(x, x == data.text || data.text == x + data.text)",
        "data.items.filter(x, !(x.name in data.allowed))",
        "data.names.exists(x, data.text.contains(x))",
        "data.names.all(x, data.allowed == data.names)",
        "data.names.all(x, size(data.text + x) > 0)",
        "data.names.map(x, data.text)",
        "data.names.map(x, data.text + x)",
        "data.names.map(x, {data.text: x})",
        "data.names.map(x, [data.names, data.allowed])",
        "data.names.map(x, data.text) == data.names.map(x, data.text)",
        "data.names.filter(x, string(data.text) == x)",
        "data.names.map(x, data.known[data.text])",
    ];
    for source in sources {
        let refused = over(5_000, source).unwrap_err();
        assert!(refused.starts_with(&format!("`{source}`: ")), "{refused}");
        assert!(refused.contains(&format!("more than {WORK_MAX} steps")) && !refused.contains("name-"), "{refused}");
    }
    let sum = Expr::compile(&vec!["data.text"; 20].join(" + ")).unwrap();
    let megabyte = object(json!({"data": {"text": "x".repeat(1 << 20)}}));
    assert!(sum.eval_in(&megabyte).unwrap_err().why.contains("steps"), "two hundred megabytes of text, summed up");
}

#[test]
fn plain_walks_over_a_hundred_thousand_items_and_small_look_ups_are_no_trouble() {
    let rows = [
        (100_000, "data.items.exists(x, x.kind == 'b')", json!(false)),
        (100_000, "size(data.items.filter(x, x.kind == 'b'))", json!(0)),
        (20_000, "data.names.all(x, x in data.known)", json!(true)),
        (20_000, "data.one in data.allowed", json!(true)),
        (20_000, "size(data.items.map(x, x.name))", json!(20_000)),
        (500, "data.names.all(x, x in data.allowed)", json!(true)),
        (500, "data.items.all(x, x.name in data.allowed && x.kind == 'a')", json!(true)),
    ];
    for (count, source, answer) in rows {
        assert_eq!(over(count, source), Ok(Some(answer)), "{source}");
    }
}
