use std::collections::BTreeSet;
use std::path::Path;

use gangway_core::catalogue::Catalogue;
use gangway_core::phrases::Phrases;
use gangway_core::retry::Policy;
use toml::{Table, Value};

use super::{BUILT_IN, FORMS};
use crate::settings::providers::RESERVED;
use crate::settings::{Faults, Input, Settings};

/// The settings of this provider with every key that it takes, as its text has it, but with this value at this path.
fn with(provider: &str, changed: Option<(&[String], &str)>) -> Result<Settings, Faults> {
    let mut file = Table::new();
    for path in FORMS.paths().into_iter().filter(|path| path[0] == provider && path[1] != "webhook_secret") {
        let value = match changed {
            Some((at, word)) if at == path => Value::String(word.to_owned()),
            _ => FORMS.value(provider, &path[1..]).unwrap().clone(),
        };
        let (last, above) = path.split_last().unwrap();
        let mut table = file.entry("providers").or_insert_with(|| Value::Table(Table::new())).as_table_mut().unwrap();
        for name in above {
            table = table.entry(name).or_insert_with(|| Value::Table(Table::new())).as_table_mut().unwrap();
        }
        table.insert(last.clone(), value);
    }
    Settings::read(&Input { file: Some(("sample".to_owned(), file.to_string())), environment: Vec::new() })
}

#[test]
fn each_text_is_a_section_that_its_provider_takes() {
    for row in BUILT_IN {
        assert!(with(row.name, None).is_ok(), "{}", with(row.name, None).unwrap_err());
    }
}

#[test]
fn where_any_key_may_stand_any_value_may() {
    let path = ["waltid", "wallet", "body", "wallet", "createIfNotFound"].map(str::to_owned);
    assert!(FORMS.value("waltid", &path[1..]).unwrap().is_bool());
    assert!(with("waltid", Some((&path, "no truth value"))).is_ok());
}

#[test]
fn a_number_in_a_list_is_told_its_limits() {
    let file = "[providers.waltid]\nbase_url = \"https://a.example\"\napi_key = \"k\"\n\
        duplicate = { statuses = [70000] }";
    let input = Input { file: Some(("sample".to_owned(), file.to_owned())), environment: Vec::new() };
    let told = Settings::read(&input).unwrap_err().to_string();
    assert!(told.contains("holds something that is not a whole number from 0 to 65535"), "{told}");
}

#[test]
fn every_word_that_a_text_names_is_taken_by_the_type() {
    for row in BUILT_IN {
        let mut seen = 0;
        for (path, words) in FORMS.words(row.name) {
            for word in words {
                let told = with(row.name, Some((&path, &word))).err().map(|told| told.to_string()).unwrap_or_default();
                assert!(
                    !told.contains("cannot be read") && !told.contains("text in quotes"),
                    "{path:?} {word}: {told}"
                );
                seen += 1;
            }
        }
        assert!(seen > 0, "the words of webhooks are there");
    }
}

#[test]
fn no_provider_that_gangway_knows_has_a_reserved_name_and_no_two_have_the_same() {
    let names: BTreeSet<&str> = BUILT_IN.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), BUILT_IN.len());
    assert!(RESERVED.iter().all(|reserved| !names.contains(reserved)));
}

#[test]
fn every_folder_with_settings_has_a_row_and_every_row_a_folder_a_page_and_a_flow_of_its_own() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = std::fs::read_dir(root.join("src/providers")).unwrap().map(|entry| entry.unwrap().path());
    let with_settings: BTreeSet<String> = folders
        .filter(|folder| folder.join("settings.toml").exists())
        .map(|folder| folder.file_name().unwrap().to_str().unwrap().to_owned())
        .filter(|name| name != "generic")
        .collect();
    assert_eq!(with_settings, BUILT_IN.iter().map(|row| row.name.to_owned()).collect());
    for row in BUILT_IN {
        assert!(root.join(format!("docs/providers/{}.md", row.name)).exists(), "{} has no page", row.name);
        let (flow, text) = row.flow;
        assert!(text.contains(&format!("call: {}.", row.name)), "{flow} does not call {}", row.name);
    }
}

#[test]
fn each_action_outcome_and_fact_is_spoken_of_and_nothing_else_is() {
    for row in BUILT_IN {
        let mut offered = Catalogue::default();
        (row.describe)(&mut offered, &Policy::default());
        let mut phrases = Phrases::default();
        row.phrases.add(row.name, &mut phrases);
        let outcomes = offered.actions.iter().flat_map(|(action, spec)| {
            spec.outcomes.iter().map(|outcome| (action.clone(), outcome.name.clone())).collect::<Vec<_>>()
        });
        assert!(phrases.actions.keys().eq(offered.actions.keys()), "{}: actions", row.name);
        assert_eq!(phrases.outcomes.keys().cloned().collect::<BTreeSet<_>>(), outcomes.collect::<BTreeSet<_>>());
        assert!(phrases.facts.keys().eq(offered.facts.keys()), "{}: facts", row.name);
        for phrases in phrases.actions.values() {
            assert!(
                ![&phrases.clause, &phrases.done, &phrases.happened].into_iter().any(String::is_empty),
                "{phrases:?}"
            );
        }
        for (name, phrases) in &phrases.outcomes {
            let sentences = [&phrases.headline, &phrases.help].into_iter().flatten();
            assert!(!phrases.clause.is_empty() && sentences.clone().all(|one| one.ends_with('.')), "{name:?}");
        }
        assert!(
            phrases.facts.values().flat_map(|fact| &fact.proves).all(|action| offered.actions.contains_key(action))
        );
    }
}
