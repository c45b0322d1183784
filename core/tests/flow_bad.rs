//! Wrong flow files, each beside the exact message that it must produce. To write the messages anew after a change
//! of wording, run with `UPDATE_BAD_FLOWS=1` and read the difference.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails the test by a panic"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use gangway_core::flow::diagnostic::Code;
use gangway_core::flow::parse::FILE_MAX;
use gangway_core::flow::{Diagnostics, load, load_all, same_version};
use support::catalogue;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad_flows")
}

/// Names of the cases (`03-anchors`), sorted.
fn cases() -> Vec<String> {
    let names = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut cases: Vec<String> = names
        .filter_map(|name| name.strip_suffix(".yaml").map(str::to_owned))
        .filter(|name| !name.contains('.'))
        .collect();
    cases.sort();
    cases
}

/// What loading this case says. Beside `NAME.yaml` there may be `NAME.other.yaml` and `NAME.third.yaml`, loaded before
/// it, or `NAME.known.yaml`, the version that is known already.
fn diagnostics(case: &str) -> Diagnostics {
    let read = |kind: &str| fs::read_to_string(folder().join(format!("{case}{kind}.yaml"))).ok();
    let (file, catalogue) = (format!("{case}.yaml"), catalogue());
    let mut text = read("").unwrap();
    if let Some((before, line)) = text.trim_end().rsplit_once('\n')
        && line.starts_with("# The test repeats this line")
    {
        text = format!("{before}\n{}", format!("{line}\n").repeat(FILE_MAX / line.len()));
    }
    let beside = [".other", ".third"].map(|kind| Some((format!("{case}{kind}.yaml"), read(kind)?)));
    let mut files: Vec<(String, String)> = beside.into_iter().flatten().collect();
    if !files.is_empty() {
        files.push((file, text));
        return load_all(&files, &catalogue).unwrap_err();
    }
    match (load(&file, &text, &catalogue), read(".known")) {
        (Ok(flow), Some(known)) => {
            let known = load("known.yaml", &known, &catalogue).unwrap();
            same_version(&file, &flow, &known.digest).unwrap_err()
        }
        (Ok(_), None) => panic!("{file} loads, but it is wrong"),
        (Err(diagnostics), _) => diagnostics,
    }
}

#[test]
fn every_bad_flow_is_refused_with_exactly_its_message() {
    let mut different = Vec::new();
    for case in cases() {
        let said = diagnostics(&case);
        assert_eq!(said.count, said.rendered.matches("error[").count(), "{case}");
        let path = folder().join(format!("{case}.txt"));
        if std::env::var_os("UPDATE_BAD_FLOWS").is_some() {
            fs::write(&path, &said.rendered).unwrap();
        }
        if fs::read_to_string(&path).unwrap_or_default() != said.rendered {
            different.push(format!("{case}:\n{}", said.rendered));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// Kinds from here on are of definitions of providers.
const DEFINITIONS: &str = "F080";

#[test]
fn every_kind_of_problem_has_a_bad_flow() {
    let told: Vec<Code> = cases().iter().flat_map(|case| diagnostics(case).codes).collect();
    let untold: Vec<&str> =
        Code::ALL.iter().filter(|code| !told.contains(code) && code.id() < DEFINITIONS).map(|code| code.id()).collect();
    assert!(untold.is_empty(), "no bad flow shows {untold:?}");
}

#[test]
fn codes_are_unique_and_in_order() {
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.id()).collect();
    assert!(codes.windows(2).all(|pair| pair[0] < pair[1]), "{codes:?}");
}

#[test]
fn five_mistakes_are_told_at_once() {
    let said = diagnostics(cases().iter().find(|case| case.ends_with("five-mistakes")).unwrap());
    assert_eq!(said.count, 5, "{said}");
}
