//! The embedded default's master key: a file beside the database that only its owner may read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use super::Keyring;
use crate::clock::Chance;

/// Reads the master key from this file; makes the file with a new key when there is none. Several processes may do
/// this at once and get the same key. After it returns, the key is on disk.
///
/// # Errors
/// A sentence that names the file: it cannot be read or written, or others may read it.
pub fn key_file(path: &Path, chance: &dyn Chance) -> Result<SecretString, String> {
    let told = |error: io::Error| format!("the key file {} cannot be used: {error}", path.display());
    if !path.try_exists().map_err(told)? {
        make(path, chance).map_err(told)?;
    }
    let mode = mode(path).map_err(told)?;
    if mode & 0o077 != 0 {
        let path = path.display();
        return Err(format!("others may read the key file {path} (mode {mode:03o}); run `chmod 600 {path}`"));
    }
    fs::read_to_string(path).map(|text| text.trim().to_owned().into()).map_err(told)
}

/// Written whole under a name of its own, then linked: whoever links first decides, and nobody reads half a key.
fn make(path: &Path, chance: &dyn Chance) -> io::Result<()> {
    let mut tag = [0_u8; 8];
    chance.fill(&mut tag);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let draft = folder.join(format!(".key-{}", hex::encode(tag)));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    let written = writeln!(file, "{}", Keyring::generate(chance).expose_secret()).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => File::open(&folder)?.sync_all(),
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> io::Result<u32> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::metadata(path)?.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
fn mode(_path: &Path) -> io::Result<u32> {
    Ok(0)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::clock::{SeededChance, SystemChance};

    fn folder() -> PathBuf {
        let mut tag = [0_u8; 8];
        SystemChance.fill(&mut tag);
        let folder = std::env::temp_dir().join(format!("gangway-key-{}", hex::encode(tag)));
        fs::create_dir(&folder).unwrap();
        folder
    }

    #[test]
    fn a_key_file_is_made_once_and_read_by_its_owner_only() {
        let folder = folder();
        let path = folder.join("gangway.key");
        let first = key_file(&path, &SeededChance::new(1)).unwrap();
        let second = key_file(&path, &SeededChance::new(2)).unwrap();
        assert_eq!(first.expose_secret(), second.expose_secret());
        assert!(Keyring::new(&first).is_ok());
        assert_eq!(mode(&path).unwrap(), 0o600);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "a draft was left behind");
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = folder();
        let path = folder.join("gangway.key");
        let key = key_file(&path, &SeededChance::new(1)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = key_file(&path, &SeededChance::new(1)).unwrap_err();
        assert!(error.contains("chmod 600") && !error.contains(key.expose_secret()), "{error}");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_folder_that_does_not_exist_is_named() {
        let error = key_file(Path::new("/no/such/folder/gangway.key"), &SeededChance::new(1)).unwrap_err();
        assert!(error.contains("/no/such/folder/gangway.key"), "{error}");
    }
}
