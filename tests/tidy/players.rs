//! A played provider is one folder and one row, and in the demo one play: nothing else there names it, and no player
//! names another.

use crate::scan::{before_line, find_words, scan, test_module_line};
use crate::tree::Tree;

/// The table, with a folder for each provider.
const TABLE: &str = "sandbox/src/players/";
/// Where providers are played and shown.
const ROOMS: [&str; 2] = ["sandbox/src/", "src/app/demo/"];
/// What may name all of them.
const HOMES: [&str; 2] = ["sandbox/src/players/mod.rs", "src/app/demo/play/"];

/// Every place that names a player although it is not that player's.
pub fn check(tree: &Tree) -> Vec<String> {
    let player = |path: &str| path.strip_prefix(TABLE)?.strip_suffix("/mod.rs").map(str::to_owned);
    let players: Vec<String> = tree.all().filter_map(|(path, _)| player(path)).collect();
    let mut problems = Vec::new();
    for (path, source) in tree.with_ending(".rs") {
        let inside = ROOMS.iter().any(|room| path.starts_with(room));
        if !inside || HOMES.iter().any(|home| path.starts_with(home)) {
            continue;
        }
        let scanned = scan(source);
        let end = test_module_line(&scanned.code);
        let (code, text) = (before_line(&scanned.code, end), before_line(&scanned.text, end));
        for name in players.iter().filter(|name| !path.starts_with(&format!("{TABLE}{name}/"))) {
            let named = find_words(&code, name).chain(find_words(&text, name));
            problems.extend(named.map(|(line, _)| {
                format!(
                    "{path}:{line}: names the player `{name}`. Put it into its folder, or ask its row ({TABLE}mod.rs)."
                )
            }));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tree::Tree;

    #[test]
    fn a_player_is_named_in_its_folder_in_the_table_and_in_its_play_only() {
        let naming = "/// Such as acme.\nfn f() { world.acme.tell(\"acme\"); }\n";
        let files = [
            ("sandbox/src/players/mod.rs", naming),
            ("sandbox/src/players/acme/mod.rs", naming),
            ("sandbox/src/players/other/mod.rs", naming),
            ("sandbox/src/world.rs", naming),
            ("src/app/demo/play/acme.rs", naming),
            ("src/app/demo/settings.rs", naming),
        ];
        let told = check(&Tree::of(&files));
        let places: std::collections::BTreeSet<&str> = told.iter().filter_map(|told| told.split(": ").next()).collect();
        let wrong = ["sandbox/src/players/other/mod.rs:2", "sandbox/src/world.rs:2", "src/app/demo/settings.rs:2"];
        assert_eq!(places.into_iter().collect::<Vec<_>>(), wrong, "{told:?}");
    }
}
