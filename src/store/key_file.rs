//! The embedded default's master key: a file beside the database that only its owner may read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use super::Keyring;
use crate::clock::Chance;
use crate::settings::keys::bytes;
use crate::settings::pasted::bare;
use crate::settings::{Fault, KeySettings, text};

/// The master key: as given in the settings, else from the file. A missing file is made only where `make` is true
/// (the embedded database): a container without a lasting disk would otherwise lose the key, and all data with it.
/// Several processes may do this at once and get the same key. After it returns, the key is on disk.
///
/// # Errors
/// When the file is missing and may not be made, cannot be read or written, others may read it, or it holds
/// something else. The text is never shown.
pub fn master_key(settings: &KeySettings, make: bool, chance: &dyn Chance) -> Result<SecretString, Fault> {
    if !settings.master_key.expose_secret().is_empty() {
        return Ok(settings.master_key.clone());
    }
    let path = Path::new(&settings.key_file);
    let wrong = |what: String, hint: &str| Fault::new("keys.key_file", what, hint);
    let told = |error: io::Error| wrong(format!("cannot be used: {error}"), "check the folder's and the file's rights");
    if !path.try_exists().map_err(told)? {
        if !make {
            let hint = "set GANGWAY_MASTER_KEY to the key of this database; a new database takes a new one: \
                        openssl rand -base64 32";
            return Err(wrong("does not exist, and is only made for SQLite".to_owned(), hint));
        }
        self::make(path, chance).map_err(told)?;
    }
    let mode = mode(path).map_err(told)?;
    if mode & 0o077 != 0 {
        let hint = format!("run: chmod 600 {}", text::name(path));
        return Err(wrong(format!("may be read by others (mode {mode:03o})"), &hint));
    }
    let text = fs::read_to_string(path).map_err(told)?;
    match bytes(bare(&text)) {
        Ok(_) => Ok(SecretString::from(bare(&text))),
        Err(what) => {
            let hint = "a key is 44 characters of base64 or 64 of hexadecimal; restore the file from your backup";
            Err(wrong(format!("holds no key: what stands in it {what}"), hint))
        }
    }
}

/// Written whole under a name of its own, then linked: the first process to link decides, and none reads half a key.
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

    fn settings(path: &Path) -> KeySettings {
        KeySettings { master_key: SecretString::from(""), key_file: path.display().to_string() }
    }

    #[test]
    fn a_key_file_is_made_once_for_the_embedded_database_and_never_for_another() {
        let folder = folder();
        let path = folder.join("gangway.key");
        let keys = settings(&path);
        assert!(master_key(&keys, false, &SeededChance::new(1)).unwrap_err().hint.contains("GANGWAY_MASTER_KEY"));
        let first = master_key(&keys, true, &SeededChance::new(1)).unwrap();
        let second = master_key(&keys, true, &SeededChance::new(2)).unwrap();
        assert_eq!(first.expose_secret(), second.expose_secret());
        assert!(Keyring::new(&first).is_ok());
        assert_eq!(mode(&path).unwrap(), 0o600);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "a draft was left behind");
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_that_others_may_read_or_that_holds_no_key_is_refused_without_showing_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = folder();
        let path = folder.join("gangway.key");
        let key = master_key(&settings(&path), true, &SeededChance::new(1)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = master_key(&settings(&path), true, &SeededChance::new(1)).unwrap_err();
        assert!(error.hint.contains("chmod 600") && !format!("{error:?}").contains(key.expose_secret()), "{error:?}");
        fs::write(&path, "too-short-to-be-a-key").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let error = master_key(&settings(&path), true, &SeededChance::new(1)).unwrap_err();
        assert!(!format!("{error:?}").contains("too-short"), "{error:?}");
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_is_the_same_key_in_every_way_that_an_editor_or_a_backup_leaves_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = folder();
        let path = folder.join("gangway.key");
        let made = master_key(&settings(&path), true, &SeededChance::new(1)).unwrap();
        let made = made.expose_secret();
        let url = made.replace('+', "-").replace('/', "_").replace('=', "");
        for left in
            [format!("\u{feff}{made}\r\n"), format!("\"{made}\"\n\n"), url, format!("{}\n{}", &made[..10], &made[10..])]
        {
            fs::write(&path, &left).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            let read = master_key(&settings(&path), true, &SeededChance::new(1)).unwrap();
            assert_eq!(bytes(read.expose_secret()), bytes(made), "{left:?}");
            assert!(Keyring::new(&read).is_ok());
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_folder_that_does_not_exist_is_told_under_its_setting() {
        let path = Path::new("/no/such/folder/gangway.key");
        let error = master_key(&settings(path), true, &SeededChance::new(1)).unwrap_err();
        assert_eq!(error.key, "keys.key_file");
    }
}
