//! `gangway settings`: what is in force, and where each value came from.

use clap::Args;

use super::Config;
use crate::settings::{Settings, Shown};
use crate::terminal::{Exit, Failure, out};

/// Prints the settings in force and where each came from; secrets are shown as ***
///
/// When something is wrong, prints every problem to stderr and ends with 2.
#[derive(Debug, Args)]
pub(super) struct Show {
    #[command(flatten)]
    config: Config,
    /// Print JSON: a list of {key, value, from}
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let settings = Settings::load(self.config.config.as_deref())?;
        // Definitions of providers, webhook profiles and templates are named in the settings: a start would read them.
        crate::app::catalogue(&settings)?;
        if self.json {
            let rows: Vec<_> = settings
                .shown
                .iter()
                .map(|shown| serde_json::json!({ "key": shown.key, "value": shown.value, "from": shown.from }))
                .collect();
            out::data(&serde_json::Value::Array(rows).to_string());
        } else {
            out::data(text(&settings.shown).trim_end());
        }
        Ok(Exit::Well)
    }
}

/// The settings as a file that could be read again (except for its secrets), each with its origin as a comment.
fn text(shown: &[Shown]) -> String {
    let mut text = String::new();
    let mut section = "";
    for shown in shown {
        let (at, name) = shown.key.rsplit_once('.').unwrap_or(("", &shown.key));
        if at != section {
            section = at;
            text.push_str(&format!("\n[{at}]\n"));
        }
        let setting = format!("{name} = {}", shown.value);
        text.push_str(&format!("{setting:<56} # {}\n", shown.from));
    }
    text.trim_start().to_owned()
}

#[cfg(test)]
mod tests {
    use super::text;
    use crate::settings::{Input, Settings};

    #[test]
    fn what_is_printed_is_a_file_of_settings_in_force() {
        let settings = Settings::read(&Input::default()).unwrap();
        let printed = text(&settings.shown);
        let table: toml::Table = printed.parse().unwrap();
        assert_eq!(table.get("engine").unwrap().get("batch").unwrap().as_integer(), Some(256));
        assert!(printed.contains("# default"));
        let again = Settings::read(&Input { file: Some(("printed".into(), printed)), environment: vec![] }).unwrap();
        assert_eq!(again.shown.len(), settings.shown.len());
    }
}
