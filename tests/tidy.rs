//! The house rules, held by a test: each check reads the tree and says what is wrong, where, and how to mend it.
//!
//! A rule that stands in the way of better code is changed here, in the open, and in CONTRIBUTING.md.

#[path = "tidy/budget.rs"]
mod budget;
#[path = "tidy/calls.rs"]
mod calls;
#[path = "tidy/edges.rs"]
mod edges;
#[path = "tidy/index.rs"]
mod index;
#[path = "tidy/leftovers.rs"]
mod leftovers;
#[path = "tidy/links.rs"]
mod links;
#[path = "tidy/manifests.rs"]
mod manifests;
#[path = "tidy/modules.rs"]
mod modules;
#[path = "tidy/names.rs"]
mod names;
#[path = "tidy/places.rs"]
mod places;
#[path = "tidy/players.rs"]
mod players;
#[path = "tidy/proofs.rs"]
mod proofs;
#[path = "tidy/scan.rs"]
mod scan;
#[path = "tidy/tree.rs"]
mod tree;

use tree::Tree;

/// Fails with all problems at once.
fn hold(rule: &str, problems: Vec<String>) {
    assert!(problems.is_empty(), "{rule}: {} to mend\n\n{}\n", problems.len(), problems.join("\n"));
}

#[test]
fn the_tree_that_is_read_is_this_one() {
    let tree = Tree::read();
    for path in ["Cargo.toml", "src/lib.rs", "core/src/lib.rs", "tests/tidy.rs", "xtask/src/lib.rs"] {
        assert!(tree.text(path).is_some(), "{path} was not read: the other checks would prove nothing");
    }
}

#[test]
fn modules_use_only_what_the_design_lets_them() {
    hold("module edges", edges::check(&Tree::read()));
}

#[test]
fn manifests_list_only_what_the_design_lets_them() {
    hold("manifests", manifests::check(&Tree::read()));
}

#[test]
fn a_played_provider_is_named_by_its_folder_its_row_and_its_play_only() {
    hold("players", players::check(&Tree::read()));
}

#[test]
fn files_and_functions_stay_within_their_budgets() {
    hold("size budgets", budget::check(&Tree::read()));
}

#[test]
fn calls_with_one_home_are_made_at_home() {
    hold("calls with one home", calls::check(&Tree::read()));
}

#[test]
fn a_provider_is_named_in_its_folder_and_its_row_only() {
    hold("names of providers", names::check(&Tree::read()));
}

#[test]
fn nothing_is_left_over_from_work() {
    hold("leftovers", leftovers::check(&Tree::read()));
}

#[test]
fn every_rust_file_is_part_of_a_crate() {
    hold("unreferenced files", modules::check(&Tree::read()));
}

#[test]
fn every_relative_link_in_a_document_leads_to_a_file() {
    hold("links", links::check(&Tree::read()));
}

#[test]
fn a_reader_finds_every_page_in_the_index_and_every_table_on_its_page() {
    hold("index of the documents", index::check(&Tree::read()));
}

#[test]
fn no_file_names_a_machine_or_a_private_registry() {
    hold("machine paths", places::check(&Tree::read()));
}

#[test]
fn every_test_that_a_page_names_as_its_proof_exists() {
    hold("proofs", proofs::check(&Tree::read()));
}
