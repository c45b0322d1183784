//! Whatever stands where a setting is expected, nothing that is said about it holds a part of it that may be secret.
//! The settings are those of the files that list them, so that a new one is tried as well.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use gangway::settings::{Input, Settings};
use toml::{Table, Value};

const MARK: &str = "hush34sec";

/// Settings whose problem names the folder or file, which is what helps to find it.
const NAMES_OF_FILES: [&str; 4] = ["folders", "key_file", "templates", "definition"];

/// What people paste, or a tool leaves.
const HOSTILE: [&str; 18] = [
    "hush34sec",
    "hush34sec\n",
    " hush34sec\r\n",
    "\u{feff}hush34sec",
    "\"hush34sec\"",
    "\"hush34sec",
    "hush34sec\\n",
    "hush34sec hush34sec",
    "hush34sec\nhush34sec!",
    "hush34sec\u{0}",
    "v1,whsec_hush34sec",
    "tcp://hush34sec:1",
    "-----BEGIN PRIVATE KEY-----\\nhush34sec",
    "postgres://u:hush34sec/x@h/n",
    "amqp://u:hush34sec#x@h",
    "smtp://u:hush34sec?x@h",
    "https://u:hush34sec@h/x",
    "https://h/x?token=hush34sec",
];

fn leaves(table: &Table, above: &str, found: &mut Vec<(String, Value)>) {
    for (name, value) in table {
        let key = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
        match value {
            Value::Table(inner) if !inner.is_empty() => leaves(inner, &key, found),
            other => found.push((key, other.clone())),
        }
    }
}

fn put(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => drop(table.insert(key.to_owned(), value)),
        Some((first, rest)) => {
            let inner = table.entry(first.to_owned()).or_insert_with(|| Value::Table(Table::new()));
            put(inner.as_table_mut().expect("a section"), rest, value);
        }
    }
}

fn text(path: &str) -> Table {
    std::fs::read_to_string(path).expect(path).parse().expect(path)
}

/// The settings of all providers as their own files have them.
fn providers() -> Table {
    let mut providers = Table::new();
    for folder in std::fs::read_dir("src/providers").expect("providers") {
        let folder = folder.expect("a folder").path();
        let file = folder.join("settings.toml");
        if !file.is_file() {
            continue;
        }
        let mut section = text(file.to_str().expect("a name"));
        let name = folder.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        let name = if name == "generic" { "example".to_owned() } else { name };
        if name == "example" {
            put(&mut section, "values.client_id", Value::String("17".to_owned()));
            put(&mut section, "secrets.client_secret", Value::String("s".to_owned()));
        }
        let mut common = text("src/settings/provider.toml");
        common.remove("webhook_secret");
        common.extend(section);
        for (key, value) in common {
            put(&mut providers, &format!("{name}.{key}"), value);
        }
    }
    providers
}

/// Everything that is said about these settings. `shown`: what is in force as well; `deep`: what a start says that
/// reads definitions, flows and templates too.
fn said(input: &Input, shown: bool, deep: bool) -> String {
    match Settings::read(input) {
        Err(faults) => format!("{faults}\n{faults:?}\n{input:?}"),
        Ok(settings) => {
            let all = if shown { format!("{settings:?}") } else { format!("{:?}", settings.providers) };
            if !deep {
                return all;
            }
            let catalogue = gangway::app::catalogue(&settings).err().map(|failure| format!("{failure}\n{failure:?}"));
            let built = gangway::app::Built::of(&settings).err().map(|failure| format!("{failure:?}"));
            format!("{catalogue:?}\n{built:?}\n{input:?}\n{all}")
        }
    }
}

fn is_secret(key: &str) -> bool {
    const ENDS: [&str; 7] = ["key", "secret", "secrets", "password", "token", "authorization", "credentials"];
    let last = key.rsplit('.').next().unwrap_or_default();
    !key.contains(".paths.") && ENDS.iter().any(|end| last.ends_with(end))
}

#[test]
fn no_setting_shows_what_stands_in_it_whatever_that_is_and_wherever_it_was_set() {
    let mut all = Vec::new();
    leaves(&text("gangway.default.toml"), "", &mut all);
    all.retain(|(key, _)| key != "providers");
    leaves(&providers(), "providers", &mut all);
    for name in ["original", "example"] {
        all.push((format!("providers.{name}.webhook_secret"), Value::String(String::new())));
    }
    assert!(all.len() > 300, "{}", all.len());
    let usually = providers();
    // Each is tried by itself, so all processors may try at once.
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for some in all.chunks(all.len().div_ceil(threads)) {
            scope.spawn(|| some.iter().for_each(|(key, usual)| try_all(key, usual, &usually)));
        }
    });
}

/// Puts everything hostile into this setting, in a file and in a variable.
fn try_all(key: &str, usual: &Value, usually: &Table) {
    let file_name = NAMES_OF_FILES.iter().any(|name| key.ends_with(name));
    for hostile in HOSTILE {
        let mut file = Table::new();
        if let Some(section) = key.strip_prefix("providers.").and_then(|rest| rest.split('.').next()) {
            let whole = usually.get(section).expect("a provider").clone();
            put(&mut file, &format!("providers.{section}"), whole);
        }
        let listed = |text: Value| if usual.is_array() { Value::Array(vec![text]) } else { text };
        let variable = (format!("GANGWAY_{}", key.replace('.', "__").to_uppercase()), hostile.to_owned());
        let by_variable =
            Input { file: Some(("gangway.toml".to_owned(), file.to_string())), environment: vec![variable] };
        if key.ends_with("webhook_secret") {
            let webhook = file.get_mut("providers").and_then(Value::as_table_mut).expect("a section");
            webhook.iter_mut().for_each(|(_, section)| drop(section.as_table_mut().map(|it| it.remove("webhook"))));
        }
        put(&mut file, key, listed(Value::String(hostile.to_owned())));
        let by_file = Input { file: Some(("gangway.toml".to_owned(), file.to_string())), environment: vec![] };
        // A start takes long; the plainest of the values, and two addresses, say what it would tell.
        let telling = ["hush34sec", "postgres://u:hush34sec/x@h/n", "https://u:hush34sec@h/x"].contains(&hostile);
        for (input, deep) in [(by_file, telling), (by_variable, false)] {
            let said = said(&input, is_secret(key) || hostile.contains("://u:"), deep);
            // The name of a file is told, except for what an address in its place would show.
            if !file_name || hostile.contains("://u:") {
                let line = said.lines().find(|line| line.contains(MARK)).unwrap_or_default();
                assert!(!said.contains(MARK), "{key} = {hostile:?} is told: {line}");
            }
        }
    }
}

#[test]
fn a_value_is_taken_as_it_was_meant_whatever_a_tool_left_around_it() {
    let read = |name: &str, value: &str| {
        let environment = vec![(name.to_owned(), value.to_owned())];
        Settings::read(&Input { file: None, environment }).map_err(|faults| faults.to_string())
    };
    let key = "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=";
    for left in [
        format!("{key}\n"),
        format!("\"{key}\"\r\n"),
        format!("\u{feff}{key} "),
        key.replace('+', "-").replace('/', "_").replace('=', ""),
        format!("{}\n{}\n", &key[..22], &key[22..]),
    ] {
        assert!(read("GANGWAY_MASTER_KEY", &left).is_ok(), "{left:?}");
    }
    for (name, value) in [
        ("GANGWAY_LISTEN", "\"127.0.0.1:0\"\n"),
        ("GANGWAY_DATABASE_URL", "'postgres://u:p%40@h/n'\r\n"),
        ("GANGWAY_AMQP_URL", " amqp://u:p@h/%2f\n"),
        ("GANGWAY_SMTP_URL", "\u{feff}smtp://me@example.com:p@h:587\n"),
        ("GANGWAY_AMQP_URL", "\"\""),
        ("GANGWAY_ENGINE__BATCH", "\"64\"\n"),
        ("GANGWAY_ENGINE__HOLD", "2d\r\n"),
        ("GANGWAY_LOG__LEVEL", "'debug' "),
        ("GANGWAY_OUTBOUND__ALLOW_PRIVATE", "true\n"),
    ] {
        assert!(read(name, value).is_ok(), "{name}={value:?}: {:?}", read(name, value).err());
    }
}

#[test]
fn what_cannot_be_meant_is_refused_with_the_remedy_and_a_master_key_is_not_replaced_by_another() {
    let told = |name: &str, value: &str| {
        let environment = vec![(name.to_owned(), value.to_owned())];
        let faults = Settings::read(&Input { file: None, environment }).expect_err(value).0;
        assert!(faults.iter().all(|fault| !fault.hint.is_empty()), "{faults:?}");
        faults.into_iter().map(|fault| format!("{}; {}", fault.what, fault.hint)).collect::<String>()
    };
    let cut = told("GANGWAY_MASTER_KEY", "c2VjcmV0LXNlY3JldC1zZWNyZXQ=\n");
    assert!(cut.contains("is 20 bytes") && cut.contains("make no other one for data that there is"), "{cut}");
    for (name, value, says) in [
        ("GANGWAY_DATABASE_URL", "postgres://u:p/w@h/n", "/ as %2F"),
        ("GANGWAY_DATABASE_URL", "postgres://u:p#w@h/n", "# as %23"),
        ("GANGWAY_AMQP_URL", "amqp://u:p#w@h", "# as %23"),
        ("GANGWAY_AMQP_URL", "amqp://u:p?w@h", "? as %3F"),
        ("GANGWAY_AMQP_URL", "amqp://u:pw@h:port", "write amqp://"),
        ("GANGWAY_SMTP_URL", "smtp://u:12/w@h", "/ as %2F"),
        ("GANGWAY_PROVIDERS__WALTID__PASSWORD", "pw ", "must be changed at the provider"),
        ("GANGWAY_PROVIDERS__WALTID__PASSWORD", "\"pw\"", "write it without them"),
        ("GANGWAY_PROVIDERS__WALTID__API_KEY", "a\nb!", "on one line"),
        ("GANGWAY_PROVIDERS__WALTID__API_KEY", "\"ab", "no partner"),
    ] {
        let told = told(name, value);
        assert!(told.contains(says), "{name}={value:?}: {told}");
    }
}

/// A folder that is gone when it is dropped, and processes that are.
struct Place(PathBuf);

impl Drop for Place {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The published example key of RFC 8410: what stands between its lines is the mark of a key.
const PEM: [&str; 3] = [
    "-----BEGIN PRIVATE KEY-----",
    "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC",
    "-----END PRIVATE KEY-----",
];
const MASTER: &str = "aHVzaDM0c2VjLWh1c2gzNHNlYy1odXNoMzRzZWMtaHU=";
const MARKS: [&str; 4] = [MARK, "MC4CAQAw", "aHVzaDM0", "68757368"];

/// Every setting that is secret, with a value as a tool may leave it; `spoilt`: one that is refused.
fn secrets(spoilt: bool, folder: &Path) -> Vec<(String, String)> {
    let mut all = Vec::new();
    leaves(&providers(), "providers", &mut all);
    let mut set: Vec<(String, String)> = Vec::new();
    for (key, usual) in all {
        let last = key.rsplit('.').next().unwrap_or_default();
        if key.contains(".events.") || key.contains(".texts.") || usual.as_str() == Some("") && last != "sign_up_url" {
            continue;
        }
        let value = match (is_secret(&key), last) {
            (_, "key" | "weak_password") => continue,
            (true, "service_key") if !spoilt => format!(" {}\\r\\n  {}\\n{}\n\n", PEM[0], PEM[1], PEM[2]),
            (true, "password" | "registry_password") if !spoilt => "hush34sec pass\r\n".to_owned(),
            (true, "api_secret" | "client_secret" | "secrets" | "service_token" | "api_key") if !spoilt => {
                "\u{feff}\"hush34sec-hush34sec-hush34sec\" \n".to_owned()
            }
            (true, _) if usual.is_str() || usual.is_array() => "\"hush34sec-hush34sec-hush34sec\t1".to_owned(),
            (false, "base_url" | "org_url") => "http://127.0.0.1:1".to_owned(),
            (
                false,
                "organization" | "tenant" | "role" | "definition" | "username" | "email" | "credential_id" | "origin"
                | "client_id",
            ) => usual.as_str().unwrap_or_default().to_owned(),
            _ => continue,
        };
        set.push((key, value));
    }
    let spoil = |good: &str, bad: &str| if spoilt { bad.to_owned() } else { good.to_owned() };
    let sqlite = format!("sqlite://{}/gangway.sqlite?mode=rwc\n", folder.display());
    set.extend([
        ("keys.master_key".to_owned(), spoil(&format!("'{MASTER}'\r\n"), &MASTER[..40])),
        ("database.url".to_owned(), spoil(&sqlite, "postgres://u:hush34sec/x@127.0.0.1:1/n")),
        ("amqp.url".to_owned(), spoil("amqp://u:hush34sec@127.0.0.1:1\n", "amqp://u:hush34sec#x@127.0.0.1:1")),
        ("mail.url".to_owned(), spoil("smtp://u:hush34sec@127.0.0.1:1 ", "smtp://u:hush34sec?x@127.0.0.1:1")),
        ("server.listen".to_owned(), "127.0.0.1:0\n".to_owned()),
        ("outbound.allow_private".to_owned(), "true".to_owned()),
        ("log.level".to_owned(), "debug".to_owned()),
    ]);
    set
}

/// What a command says, on both ways, until it ends or, for `serve`, has done its work for a while.
fn hear(folder: &Path, command: &[&str], file: Option<&Path>, variables: &[(String, String)]) -> (String, Option<i32>) {
    let (out, err) = (folder.join("out"), folder.join("err"));
    let open = |path: &Path| std::fs::File::create(path).expect("a file");
    let mut program = Command::new(env!("CARGO_BIN_EXE_gangway"));
    program.args(command).env_clear().envs(variables.iter().map(|(name, value)| (name, value)));
    if let Some(file) = file {
        program.arg("--config").arg(file);
    }
    program.stdin(Stdio::null()).stdout(open(&out)).stderr(open(&err));
    let mut running = Running(program.spawn().expect("it starts"));
    let read = |path: &Path| String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned();
    // By then `serve` has read everything, opened the database, and failed to reach the broker.
    let enough = || command[0] == "serve" && read(&err).to_lowercase().contains("broker");
    let code = super::wait::end_of(&mut running.0, enough).and_then(|status| status.code());
    drop(running);
    (read(&out) + &read(&err), code)
}

#[test]
fn no_command_prints_a_secret_neither_one_that_is_taken_nor_one_that_is_refused() {
    let folder = std::env::temp_dir().join(format!("gangway-hostile-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let place = Place(folder);
    for spoilt in [false, true] {
        let set = secrets(spoilt, &place.0);
        assert!(set.iter().filter(|(_, value)| value.contains(MARK)).count() >= 12, "{set:?}");
        let mut file = Table::new();
        for (key, value) in &set {
            let value = match (key.as_str(), key.rsplit('.').next()) {
                ("outbound.allow_private", _) => Value::Boolean(true),
                (_, Some("secrets")) => Value::Array(vec![Value::String(value.clone())]),
                _ => Value::String(value.clone()),
            };
            if key.ends_with("example.secrets") {
                put(&mut file, &format!("{key}.client_secret"), value.as_array().unwrap()[0].clone());
            } else {
                put(&mut file, key, value);
            }
        }
        put(&mut file, "providers.example.values.client_id", Value::String("17".to_owned()));
        let path = place.0.join("gangway.toml");
        std::fs::write(&path, file.to_string()).unwrap();
        let name = |key: &str| match key {
            "providers.example.secrets" => "GANGWAY_PROVIDERS__EXAMPLE__SECRETS__CLIENT_SECRET".to_owned(),
            key => format!("GANGWAY_{}", key.replace('.', "__").to_uppercase()),
        };
        let mut variables: Vec<_> = set.iter().map(|(key, value)| (name(key), value.clone())).collect();
        variables.push(("GANGWAY_PROVIDERS__EXAMPLE__VALUES__CLIENT_ID".to_owned(), "17".to_owned()));
        let quiet = vec![("GANGWAY_LOG".to_owned(), "debug".to_owned())];
        let commands: [&[&str]; 4] = [&["settings"], &["check", "flows"], &["migrate"], &["serve"]];
        for command in commands {
            for (file, variables) in [(Some(path.as_path()), &quiet), (None, &variables)] {
                let (said, code) = hear(&place.0, command, file, variables);
                for mark in MARKS {
                    let line = said.lines().find(|line| line.contains(mark));
                    assert!(line.is_none(), "{command:?} prints {line:?}");
                }
                let way = if file.is_some() { "file" } else { "variables" };
                if spoilt {
                    assert_eq!(code, Some(2), "{command:?} by {way}: {said}");
                } else if command[0] != "serve" {
                    assert_eq!(code, Some(0), "{command:?} by {way}: {said}");
                } else {
                    assert_eq!(code, None, "by {way}: {said}");
                }
            }
        }
    }
}
