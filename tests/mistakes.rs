//! Mistakes that operators make, through the real program: it says what is wrong, where, and how to mend it, shows no
//! secret, and ends with 2; with 3 when a server cannot be reached or an address is taken.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests may panic")]

use std::path::{Path, PathBuf};
use std::process::Command;

const SECRET: &str = "hush-hush-hush-hush";

const ORIGINAL: &str = "[providers.original]
base_url = \"https://api.example.com/v1\"
api_key = \"hush-hush-hush-hush\"
api_secret = \"hush-hush-hush-hush\"
";

const FLOW: &str = "flow: x
version: 1
start: { on: user.x, user: { id: data.user_id, email: data.email } }
states:
  a:
    call: orignal.create_user
    with: { user_external_id: user.id }
    outcomes: { created: done, exists: done, refused: done }
  done: { end: completed }
";

/// A folder with these files, gone when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn with(name: &str, files: &[(&str, Vec<u8>)]) -> Self {
        let folder = std::env::temp_dir().join(format!("gangway-mistakes-{}-{name}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        for (file, bytes) in files {
            std::fs::write(folder.join(file), bytes).unwrap();
        }
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// Exit code and everything said, in this folder and with these variables only.
fn gangway(folder: &Path, command: &str, variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_gangway"));
    program.current_dir(folder).env_clear().envs(variables.iter().copied()).args(command.split(' '));
    let output = program.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

/// A provider that no settings have.
const DEFINITION: &str = "provider: acme
title: Acme
auth: none
actions:
  greet:
    about: Greets.
    input: { user_external_id: required }
    request: { method: POST, path: /greet, body: { id: input.user_external_id } }
    outcomes: { created: { when: status == 201 }, exists: { when: status == 409 }, refused: { when: status == 422 } }
samples:
  - { action: greet, input: { user_external_id: u }, answers: [{ status: 201 }], ends: created }
";

#[test]
fn a_flow_is_checked_against_the_definition_beside_it_whether_or_not_settings_have_the_provider() {
    let flow = |action: &str| FLOW.replace("orignal.create_user", action).into_bytes();
    let files = [
        ("acme.yaml", DEFINITION.as_bytes().to_vec()),
        ("right.yaml", flow("acme.greet")),
        ("wrong.yaml", flow("acme.greeet")),
    ];
    let folder = Folder::with("beside", &files);
    let (code, said) = gangway(&folder.0, "check acme.yaml right.yaml", &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("acme.yaml: provider acme, 1 actions, is right"), "{said}");
    assert!(said.contains("right.yaml: x version 1, 2 states, is right"), "{said}");
    // It is right, and cannot run yet.
    assert!(said.contains("`gangway serve` refuses it"), "{said}");
    let (code, said) = gangway(&folder.0, "check acme.yaml wrong.yaml", &[]);
    assert!(code == Some(2) && said.contains("did you mean `acme.greet`?"), "{said}");
    assert_eq!(gangway(&folder.0, "check right.yaml", &[]).0, Some(2));
}

struct Row {
    name: &'static str,
    /// `gangway.toml`; empty: [`ORIGINAL`].
    settings: Vec<u8>,
    flow: Vec<u8>,
    command: &'static str,
    variables: &'static [(&'static str, &'static str)],
    says: &'static [&'static str],
}

impl Default for Row {
    fn default() -> Self {
        let (settings, flow) = (ORIGINAL.into(), FLOW.into());
        Self { name: "", settings, flow, command: "settings", variables: &[], says: &[] }
    }
}

fn usual() -> Row {
    Row::default()
}

fn variables_and_values() -> Vec<Row> {
    vec![
        Row {
            name: "a variable with one underscore too few",
            variables: &[("GANGWAY_PROVIDERS_ORIGINAL_API_KEY", SECRET)],
            says: &["GANGWAY_PROVIDERS_ORIGINAL_API_KEY", "did you mean GANGWAY_PROVIDERS__ORIGINAL__API_KEY?"],
            ..usual()
        },
        Row {
            name: "a variable of a section",
            variables: &[("GANGWAY_OUTBOUND__RETRY", SECRET)],
            says: &["outbound.retry (GANGWAY_OUTBOUND__RETRY): must be a section", "it holds attempts"],
            ..usual()
        },
        Row {
            name: "a secret in another section",
            settings: format!("[server]\napi_secret = \"{SECRET}\"\n[original]\napi_key = \"{SECRET}\"").into(),
            says: &[
                "server.api_secret (gangway.toml:2): is not a setting",
                "it belongs in providers.original",
                "original (gangway.toml:3): is not a setting",
                "did you mean providers.original?",
            ],
            ..usual()
        },
        Row {
            name: "addresses without a scheme",
            settings: format!(
                "[providers.original]\nbase_url = \"api.example.com\"\napi_key = \"{SECRET}\"\napi_secret = \"x\"\n\
                 [amqp]\nurl = \"u:{SECRET}@broker\"\n[mail]\nurl = \"u:{SECRET}@mail\"\n\
                 [database]\nurl = \"u:{SECRET}@db\""
            )
            .into(),
            says: &[
                "providers.original.base_url (gangway.toml:2)",
                "https://api.example.com/v1",
                "amqp.url (gangway.toml:6)",
                "amqp://USER",
                "mail.url (gangway.toml:8)",
                "smtp://user",
                "database.url (gangway.toml:10)",
                "postgres://",
            ],
            ..usual()
        },
        Row {
            name: "lengths of time without a unit",
            settings: format!("{ORIGINAL}retry.first = 5\n[server]\nstop = 20").into(),
            says: &[
                "providers.original.retry.first (gangway.toml:5): must be a length of time, such as \"15s\"",
                "server.stop (gangway.toml:7): must be a length of time",
                "the default is \"20s\"",
            ],
            ..usual()
        },
    ]
}

fn flows() -> Vec<Row> {
    vec![
        Row {
            name: "a flow's provider misspelt",
            command: "check flow.yaml",
            says: &["flow.yaml:6:11", "unknown action `orignal.create_user`", "did you mean `original.create_user`?"],
            ..usual()
        },
        Row {
            name: "a flow's provider that is unknown",
            flow: FLOW.replace("orignal", "acme").into(),
            command: "check flow.yaml",
            says: &["flow.yaml:6:11", "unknown action `acme.create_user`", "providers are `didx`", "in the settings"],
            ..usual()
        },
    ]
}

fn files() -> Vec<Row> {
    vec![
        Row {
            name: "a file that is not there",
            command: "serve --config none.toml",
            says: &["none.toml: cannot be read", "look at the name"],
            ..usual()
        },
        Row {
            name: "flow files that cannot be read",
            command: "check none.yaml .",
            says: &["none.yaml: cannot be read", "look at the name"],
            ..usual()
        },
        Row {
            name: "a tab in YAML",
            flow: FLOW.replace("  a:", "\ta:").into(),
            command: "check flow.yaml",
            says: &["flow.yaml:5", "not YAML", "indent with spaces"],
            ..usual()
        },
        Row {
            name: "a key given twice",
            settings: format!("{ORIGINAL}api_key = \"{SECRET}\"\n[server]\nstop = 5").into(),
            says: &["gangway.toml:5: `api_key` is given twice", "keep one", "server.stop (gangway.toml:7)"],
            ..usual()
        },
        Row {
            name: "keys without a name",
            settings: format!("[server]\n\"\" = 1\n= \"{SECRET}\"").into(),
            says: &["server.\"\" (gangway.toml:2): is an empty key", "gangway.toml:3: is not TOML"],
            ..usual()
        },
        Row {
            name: "settings that are not UTF-8",
            settings: b"[server]\n# caf\xe9\n".to_vec(),
            says: &["gangway.toml:2: is not UTF-8", "save the file as UTF-8"],
            ..usual()
        },
        Row {
            name: "a flow that is not UTF-8",
            flow: b"flow: x\n# caf\xe9\n".to_vec(),
            command: "check flow.yaml",
            says: &["flow.yaml:2: is not UTF-8", "save the file as UTF-8"],
            ..usual()
        },
        Row {
            name: "a definition that is no definition",
            settings: b"[providers.acme]\nbase_url = \"https://a.example\"\ndefinition = \"gangway.toml\"".to_vec(),
            says: &["providers.acme.definition: gangway.toml does not load", "gangway check"],
            ..usual()
        },
    ]
}

#[test]
fn each_mistake_is_answered_with_what_where_and_how_to_mend_it_and_2() {
    let rows = variables_and_values().into_iter().chain(flows()).chain(files());
    for (number, row) in rows.enumerate() {
        let files = [("gangway.toml", row.settings), ("flow.yaml", row.flow)];
        let folder = Folder::with(&number.to_string(), &files);
        let (code, said) = gangway(&folder.0, row.command, row.variables);
        assert_eq!(code, Some(2), "{}: {said}", row.name);
        for wanted in row.says {
            assert!(said.contains(wanted), "{}: should say {wanted:?}, but says\n{said}", row.name);
        }
        assert!(!said.contains("hush"), "{}: {said}", row.name);
    }
}

#[test]
fn a_taken_address_and_a_database_that_nobody_serves_are_answered_with_3() {
    let folder = Folder::with("three", &[]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, said) = gangway(&folder.0, "serve", &[("GANGWAY_LISTEN", &address)]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains(&address) && said.contains("GANGWAY_LISTEN"), "{said}");
    // An address that is taken, and speaks no PostgreSQL: it hangs up at once.
    std::thread::spawn(move || taken.incoming().for_each(drop));
    let url = format!("postgres://somebody:{SECRET}@{address}/nowhere");
    let (code, said) =
        gangway(&folder.0, "migrate", &[("GANGWAY_DATABASE_URL", &url), ("GANGWAY_MASTER_KEY", &"5f".repeat(32))]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains(&address) && !said.contains("hush"), "{said}");
}
