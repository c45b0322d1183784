//! `[keys]`: the master key, or the file that holds it.

use std::io::{ErrorKind, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Problem, secret};
use crate::clock::Chance;

/// The master key, or the file that holds it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySettings {
    /// The key; empty: the file.
    #[serde(default, deserialize_with = "secret::text")]
    pub master_key: SecretString,
    /// The file.
    #[serde(default)]
    pub key_file: String,
}

impl KeySettings {
    /// What is wrong in it.
    #[must_use]
    pub fn problems(&self, at: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        let key = self.master_key.expose_secret();
        if key.is_empty() && self.key_file.is_empty() {
            let hint = "set master_key, or name a key_file";
            problems.push(Problem::new(format!("{at}.master_key"), "is empty, and so is keys.key_file", hint));
        }
        if !key.is_empty() && !is_key(key) {
            let hint = "make one with: openssl rand -base64 32";
            problems.push(Problem::new(format!("{at}.master_key"), "is not 32 bytes in base64 or hexadecimal", hint));
        }
        problems
    }

    /// The master key: as given, else from the file. A missing file is made only where `make` is true (the embedded
    /// database): a container without a lasting disk would otherwise lose the key, and all data with it.
    ///
    /// # Errors
    /// When the file is missing and may not be made, cannot be read or written, or holds something else.
    pub fn master(&self, make: bool, chance: &dyn Chance) -> Result<SecretString, Problem> {
        if !self.master_key.expose_secret().is_empty() {
            return Ok(self.master_key.clone());
        }
        let path = Path::new(&self.key_file);
        let wrong = |what: String, hint: &str| Problem::new("keys.key_file", what, hint);
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound && make => create(path, chance)
                .map_err(|error| wrong(format!("cannot be made: {error}"), "check the folder's rights"))?,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let hint = "set GANGWAY_MASTER_KEY; make one with: openssl rand -base64 32";
                return Err(wrong("does not exist, and is only made for SQLite".to_owned(), hint));
            }
            Err(error) => return Err(wrong(format!("cannot be read: {error}"), "check the file's rights")),
        };
        let text = text.trim();
        if is_key(text) {
            Ok(SecretString::from(text))
        } else {
            Err(wrong("does not hold 32 bytes in base64 or hexadecimal".to_owned(), "restore it from your backup"))
        }
    }
}

fn is_key(text: &str) -> bool {
    let base64 = STANDARD.decode(text).is_ok_and(|bytes| bytes.len() == 32);
    base64 || hex::decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

/// Makes the file, readable by its owner only, and answers what is in it. Written whole under a name of its own, then
/// linked: of processes that start at once the first decides, and nobody reads half a key.
fn create(path: &Path, chance: &dyn Chance) -> std::io::Result<String> {
    let mut bytes = [0_u8; 40];
    chance.fill(&mut bytes);
    let (key, tag) = bytes.split_at(32);
    let draft = path.with_file_name(format!(".gangway-key-{}", hex::encode(tag)));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(&draft)?;
    let written = file.write_all(STANDARD.encode(key).as_bytes()).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| match std::fs::hard_link(&draft, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    std::fs::remove_file(&draft)?;
    linked?;
    std::fs::read_to_string(path)
}

#[cfg(test)]
mod tests {
    use super::{KeySettings, SecretString};
    use crate::clock::SeededChance;
    use secrecy::ExposeSecret;

    #[test]
    fn a_missing_key_file_is_made_once_for_the_embedded_database_and_never_for_another() {
        let folder = std::env::temp_dir().join(format!("gangway-keys-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("a.key");
        let keys = KeySettings { master_key: SecretString::from(""), key_file: file.display().to_string() };
        assert!(keys.master(false, &SeededChance::new(1)).unwrap_err().hint.contains("GANGWAY_MASTER_KEY"));
        let made = keys.master(true, &SeededChance::new(1)).unwrap();
        let read = keys.master(true, &SeededChance::new(2)).unwrap();
        assert_eq!(made.expose_secret(), read.expose_secret());
        std::fs::write(&file, "short").unwrap();
        let problem = keys.master(true, &SeededChance::new(3)).unwrap_err();
        assert!(!format!("{problem:?}").contains("short\""), "the key's text is never shown");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
