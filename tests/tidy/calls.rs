//! Calls that are made in one place only: the clock, randomness, the network, SQL; and no sleeping in tests.

use crate::scan::{before_line, find_words, scan, test_module_line};
use crate::tree::{Tree, is_test_file};

/// What may be written only at home. A home is the beginning of a path.
struct Rule {
    calls: &'static [&'static str],
    homes: &'static [&'static str],
    mend: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        calls: &["SystemTime::now", "Utc::now", "Local::now", "Instant::now"],
        homes: &["src/clock.rs", "src/telemetry", "sandbox/src/clock.rs", "xtask/"],
        mend: "Time is an input: take it from crate::clock (a duration is measured by its helper).",
    },
    Rule {
        calls: &["new_v4", "now_v7", "getrandom", "rand::", "OsRng", "thread_rng"],
        homes: &["src/clock.rs", "sandbox/src/clock.rs"],
        mend: "Ids and randomness are inputs: take them from crate::clock.",
    },
    Rule {
        calls: &["reqwest::Client", "reqwest::ClientBuilder", "reqwest::get", "reqwest::blocking"],
        homes: &["src/outbound/http", "sandbox/src/webhooks"],
        mend: "There is one HTTP sender: hand it a request (src/outbound/http; in the sandbox, its webhooks).",
    },
    Rule {
        calls: &["Far for"],
        homes: &["src/outbound/attempt/call.rs", "src/outbound/http/tokens.rs", "src/providers/script.rs"],
        mend: "Adapters never send: a conversation is carried out in src/outbound/attempt/call.rs, or played by a script.",
    },
    Rule {
        calls: &["Statement::from", "from_sql_and_values", "execute_unprepared"],
        homes: &["src/store", "migration/"],
        mend: "All SQL is in src/store: give the statement a function there.",
    },
];

/// Forbidden beginnings of texts between quotes.
const SQL: &[&str] = &["SELECT ", "INSERT INTO ", "DELETE FROM ", "ON CONFLICT"];
const SQL_HOMES: &[&str] = &["src/store", "migration/"];

/// A test waits for a condition, in a file of this name, with a deadline; or it drives time by hand.
const SLEEPS: &[&str] = &["sleep(", "sleep_until("];
const WAITING_HOME: &str = "/wait.rs";

/// Every call away from home.
pub fn check(tree: &Tree) -> Vec<String> {
    let mut problems = Vec::new();
    for (path, source) in tree.with_ending(".rs") {
        let scanned = scan(source);
        let tests_begin = if is_test_file(path) { 1 } else { test_module_line(&scanned.code) };
        let code = before_line(&scanned.code, tests_begin);
        for rule in RULES.iter().filter(|rule| !is_home(path, rule.homes)) {
            problems.extend(find(path, &code, rule.calls, rule.mend));
        }
        if !is_home(path, SQL_HOMES) {
            let mend = "All SQL is in src/store: give the statement a function there.";
            problems.extend(find(path, &before_line(&scanned.text, tests_begin), SQL, mend));
        }
        if !path.ends_with(WAITING_HOME) {
            problems.extend(sleeps(path, &scanned.code, tests_begin));
        }
    }
    problems
}

fn is_home(path: &str, homes: &[&str]) -> bool {
    homes.iter().any(|home| path.starts_with(home))
}

fn find(path: &str, code: &str, calls: &[&str], mend: &str) -> Vec<String> {
    let lines = calls.iter().flat_map(|call| find_words(code, call).map(|(line, _)| (line, call.trim())));
    lines.map(|(line, call)| format!("{path}:{line}: `{call}` away from its home. {mend}")).collect()
}

fn sleeps(path: &str, code: &str, tests_begin: usize) -> Vec<String> {
    let mend =
        "A test does not sleep: drive the clock by hand, or wait for a condition with a deadline (in a wait.rs).";
    let all = SLEEPS.iter().flat_map(|call| find_words(code, call));
    let in_tests = all.filter(|(line, _)| *line >= tests_begin && !path.contains("benches/"));
    in_tests.map(|(line, _)| format!("{path}:{line}: sleeps. {mend}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(path: &str, source: &str) -> usize {
        check(&Tree::of(&[(path, source)])).len()
    }

    #[test]
    fn the_wall_clock_is_read_at_home_only() {
        let source = "fn f() { let t = chrono::Utc::now(); }";
        assert_eq!(problems("src/engine/accept.rs", source), 1);
        assert_eq!(problems("core/src/step.rs", source), 1);
        assert_eq!(problems("src/clock.rs", source), 0);
        assert_eq!(problems("tests/it/world.rs", source), 0);
    }

    #[test]
    fn ids_and_randomness_are_made_at_home_only() {
        for call in ["Uuid::new_v4()", "Uuid::now_v7()", "getrandom::fill(&mut b)", "rand::random()"] {
            assert_eq!(problems("src/engine/accept.rs", call), 1, "{call}");
            assert_eq!(problems("src/clock.rs", call), 0, "{call}");
        }
        assert_eq!(problems("src/engine/accept.rs", "operand::x()"), 0);
    }

    #[test]
    fn only_the_sender_has_an_http_client() {
        assert_eq!(problems("src/providers/didx/calls.rs", "use reqwest::Client;"), 1);
        assert_eq!(problems("src/outbound/http/mod.rs", "use reqwest::Client;"), 0);
        assert_eq!(problems("src/providers/didx/calls.rs", "use reqwest::StatusCode;"), 0);
    }

    #[test]
    fn only_outbound_and_the_script_are_a_far_end() {
        let source = "impl Far for Shortcut<'_> {}";
        assert_eq!(problems("src/providers/haven/sign.rs", source), 1);
        assert_eq!(problems("src/outbound/attempt/call.rs", source), 0);
        assert_eq!(problems("src/providers/haven/sign.rs", "fn f(far: &dyn Far) { for x in y {} }"), 0);
    }

    #[test]
    fn sql_stands_in_the_store_only() {
        let source = "let q = \"SELECT id FROM users\";";
        assert_eq!(problems("src/api/users.rs", source), 1);
        assert_eq!(problems("src/store/users.rs", source), 0);
        assert_eq!(problems("src/api/users.rs", "// SELECT id FROM users"), 0);
    }

    #[test]
    fn a_test_does_not_sleep_but_a_loop_in_the_product_may() {
        let sleep = "tokio::time::sleep(d).await;";
        assert_eq!(problems("tests/it/held.rs", sleep), 1);
        assert_eq!(problems("src/engine/due.rs", &format!("#[cfg(test)]\nmod tests {{\n{sleep}\n}}")), 1);
        assert_eq!(problems("src/engine/due.rs", sleep), 0);
        assert_eq!(problems("tests/it/wait.rs", sleep), 0);
    }
}
