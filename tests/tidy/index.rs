//! Every page below `docs/` is in the index that a reader starts from, and every table is on the page of tables.

use crate::tree::Tree;

const INDEX: &str = "docs/README.md";
const TABLES: &str = "docs/reference/tables.md";

/// Every page and every table that a reader would not find.
pub fn check(tree: &Tree) -> Vec<String> {
    let index = tree.text(INDEX).unwrap_or_default();
    let pages = tree.with_ending(".md").filter_map(|(path, _)| path.strip_prefix("docs/"));
    let lost = pages.filter(|page| *page != "README.md" && !index.contains(&format!("]({page})")));
    let lost = lost.map(|page| format!("docs/{page}: {INDEX} does not link it. Add it for the reader it is for."));
    let tables = tree.text(TABLES).unwrap_or_default();
    let rows = tree.with_ending(".rs").filter(|(path, _)| path.starts_with("entities/src/"));
    let names = rows.filter_map(|(_, text)| Some(text.split_once("table_name = \"")?.1.split_once('"')?.0));
    let silent = names.filter(|name| !tables.contains(&format!("\n| `{name}` |")));
    lost.chain(silent.map(|name| format!("{TABLES}: no row for the table `{name}`. Say its key, writer and reader.")))
        .collect()
}
