//! `gangway aside`: what is kept apart from the journal, and taking it again.

use clap::{Args, Subcommand};
use serde_json::Value;
use uuid::Uuid;

use super::{Config, opened};
use crate::api::aside::shown;
use crate::store::Store;
use crate::store::aside::{AsideFilter, AsideKind, KeptAside};
use crate::terminal::{Exit, Failure, out};

#[derive(Debug, Subcommand)]
pub(super) enum Aside {
    List(List),
    Take(Take),
}

/// Lists what is kept apart: events that the database refuses, and deliveries that failed verification
///
/// Newest first. The content is shown only with --raw: a delivery may come from a stranger, and an event holds personal
/// data.
#[derive(Debug, Args)]
pub(super) struct List {
    /// Only this kind: quarantine (the database refuses them) or unverified (signature or secret was wrong)
    #[arg(long, value_parser = kind)]
    kind: Option<AsideKind>,
    /// Only from this source, such as unverified:original
    #[arg(long)]
    source: Option<String>,
    /// Show at most this many of each kind
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u32,
    /// Print JSON lines, as the API shows each
    #[arg(long)]
    json: bool,
    /// Also print the content that was kept: headers, bodies, personal data, secrets
    #[arg(long)]
    raw: bool,
    #[command(flatten)]
    config: Config,
}

/// Takes one again: an event of the quarantine is handed in as it was, a delivery is verified with today's settings
///
/// Once it is in the journal, it is no longer kept apart. If it was not taken, says why and exits with 1.
#[derive(Debug, Args)]
pub(super) struct Take {
    /// Its id, as `aside list` shows it
    id: Uuid,
    #[command(flatten)]
    config: Config,
}

impl Aside {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        match self {
            Self::List(list) => list.run().await,
            Self::Take(take) => {
                let settings = opened::settings(&take.config)?;
                let store = opened::store(&settings).await?;
                out::data(&crate::app::take_aside(&settings, store, take.id).await?);
                Ok(Exit::Well)
            }
        }
    }
}

impl List {
    async fn run(self) -> Result<Exit, Failure> {
        let settings = opened::settings(&self.config)?;
        let store = opened::store(&settings).await?;
        for kind in AsideKind::ALL.into_iter().filter(|kind| self.kind.is_none_or(|wanted| wanted == *kind)) {
            let filter = AsideFilter { kind, source: self.source.clone(), before: None, limit: self.limit };
            for kept in store.aside(&filter).await? {
                let content = if self.raw { content(&store, &kept).await? } else { None };
                out::data(&if self.json { json(&kept, content) } else { line(&kept, content) });
            }
        }
        Ok(Exit::Well)
    }
}

/// What was kept of it, as text.
async fn content(store: &Store, kept: &KeptAside) -> Result<Option<String>, Failure> {
    let found = store.kept_aside(kept.id).await?;
    Ok(found.map(|(_, content)| String::from_utf8_lossy(&content).into_owned()))
}

fn json(kept: &KeptAside, content: Option<String>) -> String {
    let mut shown = shown(kept);
    if let (Some(fields), Some(content)) = (shown.as_object_mut(), content) {
        fields.insert("content".to_owned(), serde_json::from_str(&content).unwrap_or(Value::String(content)));
    }
    shown.to_string()
}

fn line(kept: &KeptAside, content: Option<String>) -> String {
    let size = if kept.takeable { format!("{} bytes", kept.size) } else { "cannot be taken".to_owned() };
    let line = format!("{}  {}  {}  {}  {size}  {}", kept.id, kept.kind.word(), kept.at, kept.source, kept.reason);
    // Text from outside begins no line of ours and sends nothing to the terminal.
    let plain = |text: String| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    let content = content.map(|content| format!("\n  {}", plain(content))).unwrap_or_default();
    plain(line) + &content
}

fn kind(word: &str) -> Result<AsideKind, String> {
    AsideKind::from_word(word).ok_or_else(|| "quarantine or unverified".to_owned())
}
