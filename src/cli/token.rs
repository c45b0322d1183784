//! `gangway token`: makes an access token, of which only the digest is kept and which is shown once, and takes it back.

use clap::{Args, Subcommand};

use super::{Config, opened};
use crate::api::token::{Scope, digest, fresh};
use crate::clock::SystemChance;
use crate::store::StoreError;
use crate::store::tokens::TokenGrant;
use crate::terminal::{Exit, Failure, out};

#[derive(Debug, Subcommand)]
pub(super) enum Token {
    Add(Add),
    Remove(Remove),
}

/// Makes an access token and prints it, once: only its digest is kept
#[derive(Debug, Args)]
pub(super) struct Add {
    /// Whom it stands for: the actor of what is done with it, in the journal
    #[arg(value_parser = name)]
    name: String,
    /// What it allows, separated by commas: read (look), publish (send events), operate (retry, move, cancel, note, adopt)
    #[arg(long, value_name = "SCOPES", value_delimiter = ',', required = true, value_parser = scope)]
    scope: Vec<Scope>,
    #[command(flatten)]
    config: Config,
}

/// Takes an access token back
///
/// Whoever serves may know it for `server.token_cache` longer, 10 s by default. The name is free again.
#[derive(Debug, Args)]
pub(super) struct Remove {
    /// Whom it stands for, as in `token add`
    #[arg(value_parser = name)]
    name: String,
    #[command(flatten)]
    config: Config,
}

impl Token {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        match self {
            Self::Add(add) => add.run().await,
            Self::Remove(remove) => remove.run().await,
        }
    }
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
        out::aside(&format!("{} is taken back; it stops working everywhere within {within}", self.name));
        Ok(Exit::Well)
    }
}

impl Add {
    async fn run(self) -> Result<Exit, Failure> {
        let add = self;
        let settings = opened::settings(&add.config)?;
        let store = opened::store(&settings).await?;
        store.migrate().await?;
        let token = fresh(&SystemChance);
        let mut scopes: Vec<String> = add.scope.iter().map(|scope| scope.word().to_owned()).collect();
        scopes.sort();
        scopes.dedup();
        let grant = TokenGrant { name: add.name, scopes };
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
