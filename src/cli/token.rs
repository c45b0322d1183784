//! `gangway token`: makes an access token, which is shown once and kept as a digest only; lists them, and removes one.

use clap::{Args, Subcommand};
use gangway_core::time::{Millis, Timestamp};
use serde_json::json;

use super::{Config, opened};
use crate::api::token::{Scope, digest, fresh};
use crate::clock::SystemChance;
use crate::settings::duration;
use crate::store::StoreError;
use crate::store::tokens::TokenGrant;
use crate::terminal::{Exit, Failure, out};

#[derive(Debug, Subcommand)]
pub(super) enum Token {
    Add(Add),
    List(List),
    Remove(Remove),
}

/// Makes an access token and prints it, once: only its digest is kept
#[derive(Debug, Args)]
pub(super) struct Add {
    /// The name of its holder, which the journal shows for each act
    #[arg(value_parser = name)]
    name: String,
    /// What it allows, separated by commas: read (look), publish (send events), operate (retry, move, cancel, note,
    /// adopt)
    #[arg(long, value_name = "SCOPES", value_delimiter = ',', required = true, value_parser = scope)]
    scope: Vec<Scope>,
    /// When it stops working, counted from now, such as 90d or 12h [default: never]
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    expires: Option<Millis>,
    /// CloudEvents source that it may publish under, such as /signup; repeatable [default: any]
    #[arg(long, value_name = "SOURCE", value_parser = source)]
    source: Vec<String>,
    #[command(flatten)]
    config: Config,
}

/// Lists access tokens: name, scopes, sources, creation and expiry; never the token itself
#[derive(Debug, Args)]
pub(super) struct List {
    /// Print JSON lines
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: Config,
}

/// Removes an access token
///
/// Serving processes may accept it for up to `server.token_cache` longer, 10 s by default. The name is free again.
#[derive(Debug, Args)]
pub(super) struct Remove {
    /// The name of its holder, as in `token add`
    #[arg(value_parser = name)]
    name: String,
    #[command(flatten)]
    config: Config,
}

impl Token {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        match self {
            Self::Add(add) => add.run().await,
            Self::List(list) => list.run().await,
            Self::Remove(remove) => remove.run().await,
        }
    }
}

impl List {
    async fn run(self) -> Result<Exit, Failure> {
        let settings = opened::settings(&self.config)?;
        let store = opened::store(&settings).await?;
        store.migrate().await?;
        let now = store.clock().await?;
        for grant in store.tokens().await? {
            out::data(&if self.json { json(&grant, now) } else { line(&grant, now) });
        }
        Ok(Exit::Well)
    }
}

fn json(grant: &TokenGrant, now: Timestamp) -> String {
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let shown = json!({
        "name": grant.name, "scopes": grant.scopes, "sources": grant.sources,
        "created_at": time(grant.created_at), "expires_at": time(grant.expires_at), "expired": grant.expired(now),
    });
    shown.to_string()
}

fn line(grant: &TokenGrant, now: Timestamp) -> String {
    let since = grant.created_at.map(|at| format!("  since {at}")).unwrap_or_default();
    let until = grant.expires_at.map(|at| format!("  {} {at}", if grant.expired(now) { "expired" } else { "until" }));
    let only = if grant.sources.is_empty() { String::new() } else { format!("  only {}", grant.sources.join(", ")) };
    format!("{:<24} {}{since}{}{only}", grant.name, grant.scopes.join(","), until.unwrap_or_default())
}

impl Remove {
    async fn run(self) -> Result<Exit, Failure> {
        let settings = opened::settings(&self.config)?;
        let store = opened::store(&settings).await?;
        store.migrate().await?;
        if !store.remove_token(&self.name).await? {
            return Err(Failure::new(Exit::NotAllWell, format!("there is no token named `{}`", self.name)));
        }
        let within = settings.server.token_cache;
        out::aside(&format!("{} is removed; it stops working everywhere within {within}", self.name));
        Ok(Exit::Well)
    }
}

impl Add {
    async fn run(self) -> Result<Exit, Failure> {
        let add = self;
        if !add.source.is_empty() && !add.scope.contains(&Scope::Publish) {
            let what = "--source says what may be published: it goes with --scope publish";
            return Err(Failure::new(Exit::Usage, what));
        }
        let settings = opened::settings(&add.config)?;
        let store = opened::store(&settings).await?;
        store.migrate().await?;
        let token = fresh(&SystemChance);
        let mut scopes: Vec<String> = add.scope.iter().map(|scope| scope.word().to_owned()).collect();
        scopes.sort();
        scopes.dedup();
        // Processes that serve look at the database's clock.
        let now = store.clock().await?;
        let expires_at = add.expires.map(|length| now.plus(length));
        let grant = TokenGrant { name: add.name, scopes, sources: add.source, created_at: Some(now), expires_at };
        match store.add_token(digest(&token), &grant).await {
            Ok(()) => {
                out::data(&token);
                out::aside(&format!("{} may {}; the token is not shown again", grant.name, grant.scopes.join(", ")));
                Ok(Exit::Well)
            }
            Err(StoreError::Poison(what)) => Err(Failure::new(Exit::Usage, format!("{}: {what}", grant.name))),
            Err(error) => Err(error.into()),
        }
    }
}

fn source(text: &str) -> Result<String, String> {
    if text.is_empty() || text.len() > 512 || text.chars().any(char::is_control) {
        return Err("1 to 512 characters, as the events say it".to_owned());
    }
    Ok(text.to_owned())
}

fn scope(word: &str) -> Result<Scope, String> {
    Scope::from_word(word.trim()).ok_or_else(|| "one of read, publish, operate".to_owned())
}

fn name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.@".contains(c);
    if text.is_empty() || text.len() > 100 || !text.chars().all(plain) {
        return Err("1 to 100 letters, digits, and - _ . @".to_owned());
    }
    Ok(text.to_owned())
}
