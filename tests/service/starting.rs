//! What keeps gangway from starting: each is told whole, with the exit code that the contract gives it.

use std::path::Path;
use std::process::{Command, Output};

use gangway::terminal::Exit;
use sea_orm::sqlx::postgres::PgConnection;
use sea_orm::sqlx::{Connection as _, Executor as _, query_scalar};

use crate::db::{MASTER_KEY, TestDb};
use crate::events::GREETED;
use crate::world::{Folder, Setup, quick_flow};

/// The program with this file of settings, run to its end.
fn gangway(arguments: &[&str], folder: &Path, settings: &str, environment: &[(&str, &str)]) -> Output {
    command(arguments, folder, settings, environment).output().unwrap()
}

/// The program with this file of settings, and nothing of this machine's environment that is gangway's.
fn command(arguments: &[&str], folder: &Path, settings: &str, environment: &[(&str, &str)]) -> Command {
    let file = folder.join("gangway.toml");
    std::fs::write(&file, settings).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_gangway"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GANGWAY_")) {
        command.env_remove(name);
    }
    command.args(arguments).arg("--config").arg(&file).current_dir(folder).envs(environment.iter().copied());
    command
}

/// Exit code and stderr.
fn ended(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

const PROVIDER: &str = "[mail]\nurl = \"smtp://127.0.0.1:1?tls=none\"\n[providers.original]\n\
    base_url = \"http://127.0.0.1:1/v1\"\napi_key = \"k-0123\"\napi_secret = \"s-0123\"\ncollection_uid = \"1\"\n";

#[test]
fn a_flow_file_with_mistakes_is_shown_with_line_cause_and_hint_and_ends_with_2() {
    let folder = Folder::new();
    let right = folder.0.join("right.yaml");
    std::fs::write(&right, quick_flow()).unwrap();
    let check = |file: &Path| ended(&gangway(&["check", file.to_str().unwrap()], &folder.0, PROVIDER, &[]));
    assert_eq!(check(&right).0, Some(0));
    let wrong = folder.0.join("wrong.yaml");
    let text = quick_flow()
        .replace("created: first_asset", "created: first_aset")
        .replace("refused: review\n\n  first_asset", "\n  first_asset")
        .replace("states.wallet.address", "states.wallet.adress");
    std::fs::write(&wrong, text).unwrap();
    let (code, said) = check(&wrong);
    assert_eq!(code, Some(2), "{said}");
    for part in ["wrong.yaml:", "first_aset", "refused", "adress", "help:"] {
        assert!(said.contains(part), "`{part}` is not said:\n{said}");
    }
    let (code, said) = check(&folder.0.join("nowhere.yaml"));
    assert!(code == Some(2) && said.contains("nowhere.yaml"), "{said}");
    let not_yaml = folder.0.join("tabs.yaml");
    std::fs::write(&not_yaml, "flow: x\n\tstates: {").unwrap();
    let (code, said) = check(&not_yaml);
    assert!(code == Some(2) && said.contains("tabs.yaml:1"), "{said}");
}

#[test]
fn a_start_builds_each_provider_once() {
    let folder = Folder::new();
    // Ends when the flows are read, the last part that needs the providers: nothing can send their mails.
    let settings = PROVIDER.replace("[mail]\nurl = \"smtp://127.0.0.1:1?tls=none\"\n", "");
    let settings = format!("{settings}[providers.original.webhook]\nverify = \"none\"\n");
    let output = gangway(&["serve"], &folder.0, &settings, &[("GANGWAY_LISTEN", "127.0.0.1:0")]);
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(output.status.code() == Some(2) && said.contains("mail.url"), "{said}");
    assert_eq!(said.matches("deliveries are not verified").count(), 1, "{said}");
}

#[test]
fn two_flows_on_one_start_type_are_refused_by_check_and_by_serve() {
    let folder = Folder::new();
    let flows = folder.0.join("flows");
    std::fs::create_dir(&flows).unwrap();
    std::fs::write(flows.join("a.yaml"), GREETED).unwrap();
    std::fs::write(flows.join("b.yaml"), GREETED.replace("flow: greeted", "flow: greeted-too")).unwrap();
    let settings = format!("[flows]\nfolders = [\"{}\"]\n", flows.display());
    for arguments in [vec!["check", flows.to_str().unwrap()], vec!["serve"]] {
        let (code, said) = ended(&gangway(&arguments, &folder.0, &settings, &[("GANGWAY_LISTEN", "127.0.0.1:0")]));
        assert_eq!(code, Some(2), "{arguments:?}: {said}");
        assert!(said.contains("guest.came") && said.contains("greeted-too"), "{said}");
    }
}

#[test]
fn a_flow_that_starts_one_that_is_not_there_is_refused_by_check_and_by_serve() {
    let folder = Folder::new();
    let flows = folder.0.join("flows");
    std::fs::create_dir(&flows).unwrap();
    let parent = flows.join("parent.yaml");
    let text = "flow: parent\nversion: 1\nstart: { on: user.came, user: { id: data.id } }\nstates:\n  \
                begin: { start: greeted, outcomes: { started: done, running: done, ended: done } }\n  \
                done: { end: completed }\n";
    std::fs::write(&parent, text).unwrap();
    let settings = format!("[flows]\nfolders = [\"{}\"]\n", flows.display());
    for arguments in [vec!["check", parent.to_str().unwrap()], vec!["serve"]] {
        let (code, said) = ended(&gangway(&arguments, &folder.0, &settings, &[("GANGWAY_LISTEN", "127.0.0.1:0")]));
        assert_eq!(code, Some(2), "{arguments:?}: {said}");
        assert!(said.contains("no flow `greeted` among these files"), "{said}");
    }
    std::fs::write(flows.join("child.yaml"), GREETED).unwrap();
    let (code, said) = ended(&gangway(&["check", flows.to_str().unwrap()], &folder.0, &settings, &[]));
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn settings_that_cannot_be_are_told_all_at_once_without_their_secrets_and_end_with_2() {
    let folder = Folder::new();
    let settings = "colour = 1\n[server]\nlisten = \"nowhere\"\nlistn = \"x\"\n[engine]\nbatch = 0\n\
        [outbound]\nlease = \"1s\"\n[providers.original]\nbase_url = \"ftp://x\"\napi_key = \"hush-hush key\"\n\
        api_secret = \"\"\n[amqp]\nurl = \"http://hush:hush@x\"\n";
    let environment = [("GANGWAY_MASTER_KEY", "hush-hush-master"), ("GANGWAY_ENGINE__QUEUE", "many")];
    let (code, said) = ended(&gangway(&["serve"], &folder.0, settings, &environment));
    assert_eq!(code, Some(2), "{said}");
    let keys = [
        "colour",
        "server.listen",
        "server.listn",
        "engine.batch",
        "outbound.lease",
        "base_url",
        "api_key",
        "amqp.url",
        "master_key",
        "engine.queue",
    ];
    for key in keys {
        assert!(said.contains(key), "`{key}` is not told:\n{said}");
    }
    assert!(!said.contains("hush"), "{said}");
    let (code, said) = ended(&gangway(&["serve"], &folder.0, "[server\nlisten = 1", &[]));
    assert!(code == Some(2) && said.contains("gangway.toml:"), "{said}");
}

#[test]
fn a_port_that_is_taken_and_a_database_that_is_away_end_with_3() {
    let folder = Folder::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, said) = ended(&gangway(&["serve"], &folder.0, PROVIDER, &[("GANGWAY_LISTEN", &address)]));
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains(&address) && said.contains("GANGWAY_LISTEN"), "{said}");
    let environment = [
        ("GANGWAY_LISTEN", "127.0.0.1:0"),
        ("GANGWAY_DATABASE_URL", "postgres://user:hush@127.0.0.1:1/none"),
        ("GANGWAY_MASTER_KEY", MASTER_KEY),
    ];
    let (code, said) = ended(&gangway(&["serve"], &folder.0, PROVIDER, &environment));
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("127.0.0.1:1/none") && said.contains("database.url"), "{said}");
    assert!(!said.contains("hush"), "{said}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_token_that_could_not_be_printed_ends_with_1_and_one_that_was_taken_back_is_made_anew() {
    let folder = Folder::new();
    let key = [("GANGWAY_MASTER_KEY", MASTER_KEY)];
    let say = |words: &[&str]| ended(&gangway(words, &folder.0, PROVIDER, &key));
    let add = ["token", "add", "support", "--scope", "read"];
    assert_eq!(say(&add).0, Some(0));
    assert_eq!(say(&add).0, Some(2), "the name is taken");
    assert_eq!(say(&["token", "remove", "suport"]).0, Some(1));
    let (code, said) = say(&["token", "remove", "support"]);
    assert!(code == Some(0) && said.contains("within 10s"), "{code:?} {said}");
    // The disk is full: the token is made, and can never be read.
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = command(&add, &folder.0, PROVIDER, &key);
    let (code, said) = ended(&command.stdout(full).output().unwrap());
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("stdout cannot be written"), "{said}");
    assert_eq!(say(&["token", "remove", "support"]).0, Some(0));
    assert_eq!(say(&add).0, Some(0));
}

crate::on_both_databases!(a_known_version_with_other_content_is_refused_and_a_new_version_starts);

async fn a_known_version_with_other_content_is_refused_and_a_new_version_starts(db: &TestDb) {
    let world = Setup::default().flow(GREETED).start(db).await;
    let event = serde_json::json!({
        "specversion": "1.0", "id": "c-1", "source": "/test", "type": "guest.came", "subject": "ann",
        "data": { "user_id": "ann", "email": "ann@example.com" },
    });
    let came = world.publish(&event).await.is(202).json();
    let id = came["onboarding_id"].as_str().unwrap();
    world.stop().await;
    let changed = GREETED.replace("within: 1h", "within: 2h");
    let failure = Setup::default().flow(&changed).try_start(db).await.err().unwrap();
    assert_eq!(failure.exit, Exit::Usage);
    assert!(failure.message.contains("greeted version 1"), "{}", failure.message);
    // An onboarding that began under version 1 stays under it.
    let world = Setup::default().again().flow(&changed.replace("version: 1", "version: 2")).start(db).await;
    assert_eq!(world.onboarding(id).await["version"], 1);
    let mut second = event.clone();
    (second["id"], second["subject"], second["data"]["user_id"]) = ("c-2".into(), "ben".into(), "ben".into());
    let came = world.publish(&second).await.is(202).json();
    assert_eq!(world.onboarding(came["onboarding_id"].as_str().unwrap()).await["version"], 2);
    let mut greeted = event;
    (greeted["id"], greeted["type"]) = ("g-1".into(), "guest.greeted".into());
    world.publish(&greeted).await.is(202);
    world.comes_to(id, "completed").await;
    world.stop().await;
}

#[tokio::test]
async fn a_token_expires_by_the_databases_clock_whatever_this_machines_says() {
    let (db, folder) = (TestDb::postgres().await, Folder::new());
    let mut admin = PgConnection::connect(&db.url).await.unwrap();
    // The database's clock is ten days ahead of this machine's.
    for change in [
        "CREATE FUNCTION public.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS \
         $$ SELECT pg_catalog.statement_timestamp() + interval '10 days' $$",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database()); END $$",
    ] {
        admin.execute(change).await.unwrap();
    }
    let settings = format!("[database]\nurl = \"{}\"\n", db.url);
    let key = [("GANGWAY_MASTER_KEY", MASTER_KEY)];
    let run = |arguments: &[&str]| {
        let output = gangway(arguments, &folder.0, &settings, &key);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    run(&["token", "add", "crm", "--scope", "read", "--expires", "1d"]);
    let left = "SELECT (expires_at / 1000 - extract(epoch FROM now()))::bigint / 3600 FROM tokens";
    let left: i64 = query_scalar(left).fetch_one(&mut admin).await.unwrap();
    assert!((250..=265).contains(&left), "a day by the clock that decides, {left} hours by this machine's");
    admin.execute("UPDATE tokens SET expires_at = expires_at - 2 * 86400000").await.unwrap();
    let listed = run(&["token", "list"]);
    assert!(listed.contains("  expired "), "it is over by the clock that decides: {listed}");
}
