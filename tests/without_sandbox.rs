//! What a production build leaves out.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop")]

use std::process::Command;

/// The crates that a build of `gangway` links, with these flags.
fn crates(flags: &[&str]) -> Vec<String> {
    let tree = ["tree", "--package", "gangway", "--edges", "normal", "--prefix", "none", "--locked", "--offline"];
    let mut command = Command::new(env!("CARGO"));
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).args(tree).args(flags).output().expect("cargo runs");
    let (said, aside) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{aside}");
    said.lines().filter_map(|line| line.split(' ').next().map(str::to_owned)).collect()
}

#[test]
fn a_build_without_default_features_has_no_played_provider_and_one_with_them_has() {
    let sandbox = |crates: Vec<String>| crates.iter().any(|name| name == "gangway-sandbox");
    assert!(sandbox(crates(&[])));
    assert!(!sandbox(crates(&["--no-default-features"])));
}
