//! Settings: what is refused, what wins, what is never shown.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may panic")]

use gangway::providers::original::settings::OriginalSettings;
use gangway::providers::webhook::WebhookSettings;
use gangway::settings::{Faults, Input, Settings};
use secrecy::ExposeSecret;

#[path = "settings/hostile.rs"]
mod hostile;
#[path = "settings/wait.rs"]
mod wait;

fn read(file: &str, environment: &[(&str, &str)]) -> Result<Settings, Faults> {
    Settings::read(&Input {
        file: (!file.is_empty()).then(|| ("gangway.toml".to_owned(), file.to_owned())),
        environment: environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    })
}

fn faults(file: &str, environment: &[(&str, &str)]) -> Vec<(String, String)> {
    let faults = read(file, environment).expect_err("these settings are wrong").0;
    faults.into_iter().map(|fault| (fault.key, format!("{}; {}", fault.what, fault.hint))).collect()
}

fn shown(settings: &Settings, key: &str) -> (String, String) {
    let found = settings.shown.iter().find(|shown| shown.key == key).expect("a key that is shown");
    (found.value.clone(), found.from.clone())
}

/// What the section of Original says.
fn original(settings: &Settings) -> (OriginalSettings, Option<WebhookSettings>) {
    let provider = settings.providers.get("original").expect("a section");
    let webhook = provider.webhook.as_ref().map(|section| WebhookSettings::of(section).expect("right"));
    (provider.section.read(OriginalSettings::faults).expect("right"), webhook)
}

#[test]
fn the_compiled_in_defaults_are_right_as_they_are() {
    let settings = read("", &[]).unwrap();
    assert_eq!(settings.server.listen, "127.0.0.1:8080");
    assert_eq!(settings.engine.hold.0, 30 * 86_400_000);
    assert_eq!(shown(&settings, "outbound.lease").0, "\"30s\"");
    assert_eq!(shown(&settings, "intake.body_max").0, "1048576");
    assert!(settings.shown.iter().all(|shown| shown.from == "default"));
}

#[test]
fn each_wrong_setting_is_named_with_a_way_to_mend_it() {
    let rows: &[(&str, &str, &str)] = &[
        ("[server]\nlistn = \"a\"", "server.listn", "did you mean server.listen?"),
        ("[serverr]\nlisten = \"a\"", "serverr", "did you mean server?"),
        ("[serverr]", "serverr", "did you mean server?"),
        ("colour = 1", "colour", "known here: "),
        ("server = 1", "server", "must be a section"),
        ("[server]\nlisten = 8080", "server.listen", "must be text"),
        ("[server.listen]\nport = 1", "server.listen.port", "is not a setting"),
        ("[server]\nlisten = \"localhost\"", "server.listen", "is not an IP address and a port"),
        ("[server]\nstop = 20", "server.stop", "must be a length of time"),
        ("[server]\nstop = \"20\"", "server.stop", "must be a length of time"),
        ("[server]\nstop = \"0s\"", "server.stop", "is less than 1s"),
        ("[server]\nlisten = \"\"", "server.listen", "is not an IP address and a port"),
        ("[intake]\nbody_max = -1", "intake.body_max", "is negative"),
        ("[outbound]\nallow_private = \"yes\"", "outbound.allow_private", "must be true or false"),
        ("[outbound.retry]\natempts = 1", "outbound.retry.atempts", "did you mean outbound.retry.attempts?"),
        ("[outbound]\nstop = \"30s\"", "outbound.stop", "longer than server.stop"),
        ("[engine]\nwriters = 2", "engine.writers", "SQLite has one"),
        ("[server]\ntoken_cache = \"11s\"", "server.token_cache", "is more than 10s"),
        ("[database]\nurl = \"mysql://x\"", "database.url", "begin it with sqlite: or postgres://"),
        ("[database]\nscreens = 0", "database.screens", "is zero"),
        ("[database]\nscreens = 5_000_000_000", "database.screens", "whole number from 0 to 4294967295"),
        ("[engine]\nbatch = 0", "engine.batch", "is zero"),
        ("[engine]\nbatch = 5000", "engine.batch", "is more than 4096"),
        ("[engine]\nqueue = 100", "engine.queue", "is less than engine.batch"),
        ("[outbound]\nlease = \"19s\"", "outbound.lease", "make the lease longer"),
        ("[outbound]\nrequest_timeout = \"40s\"", "outbound.lease", "make the lease longer"),
        ("[keys]\nmaster_key = \"short\"", "keys.master_key", "openssl rand -base64 32"),
        ("[keys]\nkey_file = \"\"", "keys.master_key", "is empty"),
        ("[flows]\nfolders = [\"/no/such/folder\"]", "flows.folders", "is not a folder"),
        ("[flows]\nfolders = \"x\"", "flows.folders", "must be a list"),
        ("[log]\nlevel = \"loud\"", "log.level", "is not a level"),
        ("[log]\nformat = \"xml\"", "log.format", "is not a log format"),
        ("[providers.orginal]\napi_key = \"x\"", "providers.orginal", "did you mean providers.original?"),
        ("[providers.acme]\napi_key = \"x\"", "providers.acme", "known: didx"),
        ("[providers.original]\napi_key = \"x\"", "providers.original.api_secret", "is missing"),
        ("[providers.original]\nwebhook = 1", "providers.original.webhook", "must be a section"),
        ("[providers.original]\ncollection_uid = 22", "providers.original.collection_uid", "must be text in quotes"),
        ("[providers.original]\nretry.attempts = \"3\"", "providers.original.retry.attempts", "must be a whole number"),
        ("[providers.original]\nwebhook_secret = \"short\"", "providers.original.webhook.secrets", "shorter than 16"),
        ("[mail]\nfrom = \"nobody\"", "mail.from", "is not a mail address"),
        ("[amqp]\nprefetch = 0", "amqp.prefetch", "is 0"),
        ("[intake]\nbatch_max = 0", "intake.batch_max", "is 0"),
        ("a = 1\nb = [", "gangway.toml:2", "is not TOML"),
    ];
    for (file, key, says) in rows {
        let found = faults(file, &[]);
        let named = found.iter().any(|(at, text)| at == key && text.contains(says));
        assert!(named, "{file:?} should name {key} and say {says:?}, but says {found:?}");
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let file =
        "[server]\nlistn = \"a\"\nstop = 5\n[engine]\nbatch = 0\n[outbound]\nlease = \"1s\"\n[log]\nlevel = \"loud\"";
    let mut keys: Vec<_> =
        faults(file, &[("GANGWAY_DATABASE__SCREENS", "many")]).into_iter().map(|row| row.0).collect();
    keys.sort();
    let want = [
        "database.screens",
        "engine.batch",
        "log.level",
        "mail.timeout",
        "outbound.lease",
        "server.listn",
        "server.stop",
    ];
    assert_eq!(keys, want);
}

/// Each row: a file, and the key and line of everything that is wrong with it.
const WRONG_TOGETHER: &[(&str, &[&str])] = &[
    (
        "[providers.original]\nbase_url = \"a.example\"\napi_key = 5\nconcurrency = 0\ncolour = 1\n\
             events.asset_minted = [1]\nretry.attempts = 5_000_000_000\nretry.first = 5\ntoken.lifetime = \"1s\"\n\
             [providers.original.webhook]\nverify = \"hmak\"\nsecret = \"x\"\nencoding = \"b64\"\ntolerance = 5",
        &[
            "providers.original.api_key:3",
            "providers.original.api_secret:1",
            "providers.original.base_url:2",
            "providers.original.colour:5",
            "providers.original.concurrency:4",
            "providers.original.events.asset_minted:6",
            "providers.original.retry.attempts:7",
            "providers.original.retry.first:8",
            "providers.original.token.lifetime:9",
            "providers.original.webhook.encoding:13",
            "providers.original.webhook.secret:12",
            "providers.original.webhook.tolerance:14",
            "providers.original.webhook.verify:11",
        ],
    ),
    (
        "[providers.guardian]\ndemo = \"yes\"\n[providers.didx]\n[providers.haven]\nwallet_owner = \"o\"\n\
             service_key = \"x\"\norigin = \"a\"",
        &[
            "providers.didx.base_url:3",
            "providers.didx.client_id:3",
            "providers.didx.client_secret:3",
            "providers.guardian.base_url:1",
            "providers.guardian.demo:2",
            "providers.guardian.registry_password:1",
            "providers.guardian.username:1",
            "providers.haven.base_url:4",
            "providers.haven.credential_id:4",
            "providers.haven.origin:7",
            "providers.haven.service_key:6",
            "providers.haven.service_token:4",
            "providers.haven.wallet_owner:5",
        ],
    ),
    (
        "[engine]\nbatch = 0\nadopt = 5_000_000_000\nhold = 5\n[database]\nscreens = 5_000_000_000\nwork = 0\n\
             acquire = \"0s\"\n[mail]\non_unknown = \"guess\"\nfrom = \"x\"\n[amqp]\nprefetch = 70_000\nqueue = \"\"",
        &[
            "amqp.prefetch:13",
            "database.acquire:8",
            "database.screens:6",
            "database.work:7",
            "engine.adopt:3",
            "engine.batch:2",
            "engine.hold:4",
            "mail.from:11",
            "mail.on_unknown:10",
        ],
    ),
    (
        "[providers.original]\nbase_url = \"https://a.example\"\napi_key = \"k\"\napi_secret = \"s\"\n\
         [providers.original.tokn]\nlifetime = \"1h\"\nclaims = {}",
        &["providers.original.tokn:5"],
    ),
    (
        "[providers.original]\nbase_url = \"https://a.example\"\napi_key = \"k\"\napi_secret = \"s\"\n\
         webhook_secret = \"short\"",
        &["providers.original.webhook.secrets:5"],
    ),
    (
        "[providers.acme]\ndefinition = \"none.yaml\"\nvalues.a = [1]\nconcurrency = 0",
        &[
            "providers.acme.base_url:1",
            "providers.acme.concurrency:4",
            "providers.acme.definition:2",
            "providers.acme.values.a:3",
        ],
    ),
    (
        "[log]\nlevel = loud\nformat = \"x\"\nformat = \"text\"\n[keys]\nmaster_key = \"open\n[engine]\nbatch = 0",
        &["engine.batch:8", "gangway.toml:2", "gangway.toml:4", "gangway.toml:6", "log.format:3"],
    ),
];

#[test]
fn no_wrong_value_of_a_section_hides_another_one_of_it() {
    for (file, wants) in WRONG_TOGETHER {
        let found = read(file, &[]).expect_err("these settings are wrong").0;
        let mut keys: Vec<String> = found
            .iter()
            .map(|fault| match fault.place.strip_prefix("gangway.toml:") {
                Some(line) => format!("{}:{line}", fault.key),
                None => fault.key.clone(),
            })
            .collect();
        keys.sort();
        assert_eq!(keys, *wants, "{file}\n{found:#?}");
        assert!(found.iter().all(|fault| !fault.hint.is_empty()), "{found:#?}");
    }
}

#[test]
fn a_problem_names_the_file_s_line_or_the_variable_that_set_it() {
    let found = read("[server]\n\nstop = 5", &[("GANGWAY_ENGINE__BATCH", "0")]).expect_err("wrong").to_string();
    assert!(found.contains("  server.stop (gangway.toml:3): must be a length of time"), "{found}");
    assert!(found.contains("  engine.batch (GANGWAY_ENGINE__BATCH): is zero"), "{found}");
}

#[test]
fn a_provider_can_be_set_up_by_the_environment_alone() {
    let common = [
        ("GANGWAY_PROVIDERS__ORIGINAL__BASE_URL", "https://api.getoriginal.com/v1"),
        ("GANGWAY_PROVIDERS__ORIGINAL__API_KEY", "0123"),
        ("GANGWAY_PROVIDERS__ORIGINAL__API_SECRET", "true"),
        ("GANGWAY_PROVIDERS__ORIGINAL__COLLECTION_UID", "221137489875"),
        ("GANGWAY_PROVIDERS__ORIGINAL__CONCURRENCY", "3"),
        ("GANGWAY_PROVIDERS__ORIGINAL__RETRY__ATTEMPTS", "2"),
        ("GANGWAY_PROVIDERS__ORIGINAL__TOKEN__API_KEY_CLAIM", "false"),
        ("GANGWAY_PROVIDERS__ORIGINAL__EVENTS__ASSET_MINTED", "asset.minted,minted"),
        ("GANGWAY_PROVIDERS__ORIGINAL__WEBHOOK__SECRETS", "a-long-random-path-segment, 12345678901234567890"),
    ];
    let settings = read("", &common).unwrap();
    let (adapter, webhook) = original(&settings);
    assert_eq!(adapter.api_key.expose_secret(), "0123");
    assert_eq!(adapter.api_secret.expose_secret(), "true");
    assert_eq!(adapter.collection_uid.as_deref(), Some("221137489875"));
    assert_eq!(adapter.common.concurrency, 3);
    assert_eq!(adapter.common.retry.attempts, Some(2));
    assert!(!adapter.token.api_key_claim);
    assert_eq!(adapter.events.asset_minted, ["asset.minted", "minted"]);
    let secrets: Vec<_> = webhook.unwrap().secrets.iter().map(|it| it.expose_secret().to_owned()).collect();
    assert_eq!(secrets, ["a-long-random-path-segment", "12345678901234567890"]);
    let wrong = [("GANGWAY_PROVIDERS__ORIGINAL__CONCURRENCY", "many")];
    let found = faults("", &wrong);
    assert!(
        found.iter().any(|(key, text)| key == "providers.original.concurrency" && text.contains("whole number")),
        "{found:?}"
    );
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_default() {
    let file = "[server]\nlisten = \"127.0.0.1:1\"\n[engine]\nbatch = 64";
    let settings = read(file, &[("GANGWAY_LISTEN", "127.0.0.1:0")]).unwrap();
    assert_eq!(shown(&settings, "server.listen"), ("\"127.0.0.1:0\"".into(), "environment GANGWAY_LISTEN".into()));
    assert_eq!(shown(&settings, "engine.batch"), ("64".into(), "file gangway.toml".into()));
    assert_eq!(shown(&settings, "engine.queue"), ("4096".into(), "default".into()));
}

#[test]
fn two_underscores_nest_and_values_take_the_kind_of_their_default() {
    let here = env!("CARGO_MANIFEST_DIR");
    let folders = format!("{here}/src, {here}/core");
    let settings = read(
        "",
        &[
            ("GANGWAY_ENGINE__BATCH", "128"),
            ("GANGWAY_ENGINE__HOLD", "2d"),
            ("GANGWAY_FLOWS__FOLDERS", &folders),
            ("GANGWAY_PROVIDERS__ORIGINAL__BASE_URL", "https://api.example.com"),
            ("GANGWAY_PROVIDERS__ORIGINAL__API_KEY", "0123"),
            ("GANGWAY_PROVIDERS__ORIGINAL__API_SECRET", "4567"),
            ("GANGWAY_PROVIDERS__ORIGINAL__WEBHOOK_SECRET", "0123456789abcdef"),
            ("GANGWAY_PROVIDERS__ORIGINAL__CONCURRENCY", "3"),
            ("GANGWAY_OUTBOUND__ALLOW_PRIVATE", "true"),
        ],
    )
    .unwrap();
    assert_eq!((settings.engine.batch, settings.engine.hold.0), (128, 172_800_000));
    assert_eq!(settings.flows.folders.len(), 2);
    let (adapter, webhook) = original(&settings);
    assert_eq!(adapter.api_key.expose_secret(), "0123");
    assert_eq!(adapter.common.concurrency, 3);
    assert_eq!(webhook.unwrap().secrets.len(), 1);
    assert!(settings.outbound.allow_private);
}

#[test]
fn a_variable_that_names_nothing_is_refused() {
    let rows = [
        ("GANGWAY_LISTENN", "GANGWAY_LISTENN", "did you mean GANGWAY_LISTEN?"),
        ("GANGWAY_SERVER__LISTNE", "server.listne", "did you mean server.listen?"),
        ("GANGWAY_PROVIDERS__ACME__API_KEY", "providers.acme", "known: didx"),
        ("GANGWAY_ORIGINAL_API_KEY", "GANGWAY_ORIGINAL_API_KEY", "did you mean GANGWAY_PROVIDERS__ORIGINAL__API_KEY?"),
        ("GANGWAY_ENGINE_BATCH", "GANGWAY_ENGINE_BATCH", "did you mean GANGWAY_ENGINE__BATCH?"),
        ("GANGWAY_BANANA", "GANGWAY_BANANA", "two underscores nest"),
        ("GANGWAY_MASTER_KEY_FILE", "GANGWAY_MASTER_KEY_FILE", "did you mean GANGWAY_KEYS__KEY_FILE?"),
        ("GANGWAY_DATABASE_URL_FILE", "GANGWAY_DATABASE_URL_FILE", "GANGWAY_DATABASE_URL=$(cat FILE)"),
    ];
    for (variable, key, says) in rows {
        let found = faults("", &[(variable, "x")]);
        assert!(found.iter().any(|(at, text)| at == key && text.contains(says)), "{variable}: {found:?}");
    }
    let twice = faults("", &[("GANGWAY_LISTEN", "127.0.0.1:0"), ("GANGWAY_SERVER__LISTEN", "127.0.0.1:1")]);
    assert!(twice.iter().any(|(key, _)| key == "server.listen"), "{twice:?}");
}

#[test]
fn variables_of_tests_logs_orchestrators_and_empty_ones_are_left_alone() {
    let settings = read(
        "",
        &[
            ("GANGWAY_TEST_POSTGRES", "x"),
            ("GANGWAY_LOG", "debug"),
            ("GANGWAY_CONFIG", "x"),
            ("GANGWAY_SERVICE_HOST", "10.0.0.1"),
            ("GANGWAY_PORT", "tcp://10.0.0.1:80"),
            ("GANGWAY_PORT_80_TCP_ADDR", "10.0.0.1"),
            ("GANGWAY_AMQP_URL", ""),
            ("OTHER", "x"),
        ],
    )
    .unwrap();
    assert!(settings.shown.iter().all(|shown| shown.from == "default"));
}

const ORIGINAL: &str = "[providers.original]
base_url = \"https://api.example.com\"
api_key = \"hush-0\"
api_secret = \"hush-1\"
webhook = { secrets = [\"hush-2-hush-2-hush-2\"] }";

#[test]
fn a_secret_is_never_printed_neither_when_right_nor_when_wrong() {
    let secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I=";
    let settings = read(
        ORIGINAL,
        &[
            ("GANGWAY_MASTER_KEY", secret),
            ("GANGWAY_DATABASE_URL", "postgres://gangway:hush-3@db/gangway"),
            ("GANGWAY_AMQP_URL", "amqp://gangway:hush-4@broker"),
        ],
    )
    .unwrap();
    let everything = format!("{settings:?}");
    assert!(!everything.contains("hush") && !everything.contains(secret), "{everything}");
    assert_eq!(shown(&settings, "keys.master_key").0, "***");
    assert_eq!(shown(&settings, "database.url").0, "\"postgres://gangway:***@db/gangway\"");

    let wrong = [
        read("[keys]\nmaster_key = \"hush-5\"", &[]),
        read("[keys]\nmaster_key = 8888", &[]),
        read("[keys]\nmaster_key = \"hush-6", &[]),
        read("[keyz]\nmaster_key = \"hush-7\"", &[]),
        read("", &[("GANGWAY_DATABASE_URL", "mysql://a:hush-8@b")]),
        read("", &[("GANGWAY_KEYS", "hush-9")]),
        read("", &[("GANGWAY_KEYS__", "hush-9")]),
        read(&ORIGINAL.replace("\"hush-0\"", "8888"), &[]),
        read(&ORIGINAL.replace("\"hush-0\"", "\"hush 0\""), &[]),
        read(&ORIGINAL.replace("hush-2-hush-2-hush-2", "hush-2"), &[]),
        read(&ORIGINAL.replace("hush-2-hush-2-hush-2", "hush-2/hush-2/hush-2"), &[]),
        read(&format!("{ORIGINAL}\nwebhook_secret = \"hush-3-hush-3-hush-3\""), &[]),
        read("[mail]\nurl = \"http://u:hush-4@x\"", &[]),
        read("[log]\nlevel = hush", &[]),
        read(&ORIGINAL.replace("webhook = {", "webhook = { verify = \"hush\", encoding = \"hush\", "), &[]),
        read(&ORIGINAL.replace("{ secrets = [", "{ secrets = [8888, "), &[]),
        read(&format!("{ORIGINAL}\nwebhook.verify = \"hush-3\""), &[]),
        read("[amqp]\nurl = \"http://u:hush-4@x\"", &[]),
    ];
    for wrong in wrong {
        let text = wrong.expect_err("wrong").to_string();
        assert!(!text.contains("hush") && !text.contains("8888"), "{text}");
    }
}

const DEFINED: &str = "[providers.example]\ndefinition = \"providers/example.yaml\"\n\
    base_url = \"https://api.example.org/v1\"\nvalues = { client_id = 17 }\n";

#[test]
fn a_provider_that_a_file_defines_is_set_up_by_its_section() {
    let file = format!("{DEFINED}webhook = {{ secrets = [\"whsec/+of=any+form\"] }}\n");
    let secret = ("GANGWAY_PROVIDERS__EXAMPLE__SECRETS__CLIENT_SECRET", "0123");
    let settings = read(&file, &[secret]).unwrap();
    assert_eq!(shown(&settings, "providers.example.secrets.client_secret").0, "\"***\"".trim_matches('"'));
    let catalogue = gangway::app::catalogue(&settings).unwrap();
    assert!(catalogue.actions.contains_key("example.create_member"));
    assert!(gangway::app::Built::of(&settings).unwrap().identifier_kinds().contains(&"example.member_id".to_owned()));
}

#[test]
fn a_section_that_its_definition_does_not_fit_and_one_without_a_definition_are_refused() {
    let failure = gangway::app::catalogue(&read(DEFINED, &[]).unwrap()).unwrap_err();
    assert!(failure.to_string().contains("providers.example.secrets.client_secret"), "{failure}");
    let unknown = faults("[providers.orignal]\nbase_url = \"https://x.example\"\n", &[]);
    assert_eq!(unknown.len(), 1);
    assert!(unknown[0].1.contains("did you mean providers.original?"), "{unknown:?}");
    let missing = DEFINED.replace("providers/example.yaml", "providers/none.yaml");
    assert_eq!(faults(&missing, &[])[0].0, "providers.example.definition");
}

#[test]
fn what_a_definition_misses_and_what_is_wrong_with_its_webhook_are_told_together() {
    let example = std::fs::read_to_string("providers/example.yaml").unwrap();
    let without_rule = example.lines().filter(|line| !line.starts_with("  verify:")).collect::<Vec<_>>().join("\n");
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("without-rule.yaml");
    std::fs::write(&file, without_rule).unwrap();
    let section = DEFINED.replace("providers/example.yaml", file.to_str().unwrap());
    let settings = read(&format!("{section}webhook = {{ secrets = [\"short\"] }}\n"), &[]).unwrap();
    let failure = gangway::app::catalogue(&settings).unwrap_err().to_string();
    for key in ["providers.example.secrets.client_secret", "providers.example.webhook.secrets"] {
        assert!(failure.contains(key), "{key}: {failure}");
    }
}

#[test]
fn a_name_that_gangway_uses_itself_is_refused_to_a_provider() {
    for name in ["effect", "flow", "generic", "mail", "onboarding", "publish", "user"] {
        let told = faults(&DEFINED.replace("[providers.example]", &format!("[providers.{name}]")), &[]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].0, format!("providers.{name}"));
        assert!(told[0].1.contains("choose another name"), "{told:?}");
    }
    let bare = faults("[providers.flow]\nbase_url = \"https://x.example\"\n", &[]);
    assert!(bare.len() == 1 && bare[0].1.contains("how onboardings end"), "{bare:?}");
}
