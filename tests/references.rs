//! The references say what the code does. Each is written out from the code; after a change run
//! `GANGWAY_TEST_UPDATE=1 cargo test --test references` and read the difference.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::fmt::Write;
use std::path::{Path, PathBuf};

use gangway::problem::ProblemType;
use gangway::providers::registry::BUILT_IN;
use gangway::settings::DEFAULTS;
use gangway::telemetry::Metric;

fn held_in_step(name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference").join(name);
    if std::env::var_os("GANGWAY_TEST_UPDATE").is_some() {
        std::fs::write(&file, text).expect("the reference can be written");
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(written == text, "{name} is out of step; run with GANGWAY_TEST_UPDATE=1 and read the difference");
}

#[test]
fn the_reference_of_problems_is_the_catalogue() {
    let mut text = "# Problems\n\n\
        Every error is answered with `application/problem+json` (RFC 9457): `type`, `title`, `status`, and `detail` where \
        there is more to say. `type` is `urn:gangway:problem:ID`; the ids below are all there are. `title` is the same for \
        every occurrence; `detail` may change its wording, so do not read it by machine.\n\n\
        | id | status | title | what to do |\n|---|---|---|---|\n"
        .to_owned();
    for kind in ProblemType::ALL {
        writeln!(text, "| `{}` | {} | {} | {} |", kind.id(), kind.status(), kind.title(), kind.help()).unwrap();
    }
    held_in_step("problems.md", &text);
}

#[test]
fn the_reference_of_metrics_is_the_table() {
    let mut text = "# Metrics\n\n\
        `GET /metrics`, Prometheus text, without a token. Labels are few and closed: never an id, an address, or a path \
        with values in it. Figures of the database are read at most every `server.figures`.\n\n\
        | name | type | labels | what it tells |\n|---|---|---|---|\n"
        .to_owned();
    for metric in Metric::ALL {
        let labels = metric.labels().iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        writeln!(text, "| `{}` | {} | {labels} | {} |", metric.name(), metric.kind().word(), metric.help()).unwrap();
    }
    held_in_step("metrics.md", &text);
}

#[test]
fn every_metric_that_is_counted_is_described() {
    let mut waiting: Vec<PathBuf> = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut strangers = Vec::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for kind in ["counter!(\"", "gauge!(\"", "histogram!(\""] {
            for after in text.split(kind).skip(1) {
                let name = after.split('"').next().unwrap();
                if !Metric::ALL.iter().any(|metric| metric.name() == name) {
                    strangers.push(format!("{name} in {}", path.display()));
                }
            }
        }
    }
    assert!(strangers.is_empty(), "not in the table of src/telemetry/names.rs: {strangers:?}");
}

/// What this process has in memory, in bytes.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[tokio::test]
async fn what_is_counted_takes_no_more_memory_when_nobody_asks_for_it() {
    let handle = gangway::telemetry::metrics().unwrap();
    let every = gangway_core::time::Millis(1);
    let upkeep = tokio::spawn(gangway::telemetry::upkeep(handle, every));
    let before = resident();
    for _ in 0..400 {
        for _ in 0..10_000 {
            metrics::histogram!("gangway_batch_seconds").record(0.5);
        }
        tokio::task::yield_now().await;
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 40_000_000, "{grown} bytes more, of 68 million that were counted");
    upkeep.abort();
}

#[test]
fn the_reference_of_settings_is_the_commented_default_file() {
    let text = format!(
        "# Settings\n\n\
         This is `gangway.default.toml`, which is compiled in. At start, gangway reports all problems at once, each with \
         its line or variable, and refuses unknown keys; `gangway settings` prints what is in force. An empty text leaves \
         a setting out; an empty variable counts as not set. `GANGWAY_CONFIG` names the file, `GANGWAY_LOG` filters the \
         log; names that begin with `GANGWAY_TEST_` are for tests.\n\n```toml\n{}```\n",
        DEFAULTS.replace("\r\n", "\n")
    );
    held_in_step("settings.md", &text);
}

#[test]
fn the_settings_on_each_provider_s_page_are_its_commented_text() {
    for row in BUILT_IN {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/providers/{}.md", row.name));
        let text = std::fs::read_to_string(&page).unwrap();
        let (before, rest) = text.split_once("## Settings\n\n```toml\n").expect("a block of settings");
        let (_, after) = rest.split_once("```\n").expect("the end of the block");
        let section = row.settings.replace("\n[", &format!("\n[providers.{}.", row.name));
        let block = format!("## Settings\n\n```toml\n[providers.{}]\n{section}```\n", row.name);
        held_in_step(&format!("../providers/{}.md", row.name), &format!("{before}{block}{after}"));
    }
}

#[test]
fn the_reference_of_commands_is_their_help() {
    let mut text = "# Commands\n\nWhat `--help` says of each.\n".to_owned();
    let mut root = gangway::cli::declared().term_width(100);
    root.build();
    written(&mut text, root, "gangway");
    held_in_step("cli.md", &text);
}

#[test]
fn the_reference_of_the_sandbox_is_its_tables() {
    let mut text = "# Sandbox\n\n\
        `gangway sandbox` plays these providers and a mailbox. A user walks into a trap when its word stands in one of the \
        names that the provider reads. No other user is affected.\n\n\
        | provider | name | paths | sends webhooks |\n|---|---|---|---|\n"
        .to_owned();
    for role in gangway_sandbox::ROLES {
        let paths: Vec<String> = role.at.iter().map(|(_, path)| format!("`{path}`")).collect();
        let tells = if role.tells { "yes" } else { "no" };
        writeln!(text, "| {} | `{}` | {} | {tells} |", role.title, role.name, paths.join(", ")).unwrap();
    }
    for role in gangway_sandbox::ROLES {
        traps(&mut text, role.title, role.steered_by, role.traps);
    }
    let mailbox = gangway_sandbox::traps::mailbox::ALL;
    traps(&mut text, "Mailbox", "the beginning of the recipient's address", mailbox);
    held_in_step("sandbox.md", &text);
}

fn traps(text: &mut String, title: &str, steered_by: &str, traps: &[gangway_sandbox::traps::Trap]) {
    writeln!(text, "\n## {title}\n\nRead from: {steered_by}.\n\n| word | what happens |\n|---|---|").unwrap();
    for trap in traps {
        writeln!(text, "| `{}` | {} |", trap.word, trap.what).unwrap();
    }
}

fn written(text: &mut String, mut command: clap::Command, name: &str) {
    writeln!(text, "\n## {name}\n\n```text").unwrap();
    for line in command.render_long_help().to_string().lines() {
        writeln!(text, "{}", line.trim_end()).unwrap();
    }
    writeln!(text, "```").unwrap();
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        written(text, inner.clone(), &format!("{name} {}", inner.get_name()));
    }
}
