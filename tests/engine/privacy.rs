//! What is at rest and what is told: no personal data outside its seal, in whatever spelling.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use gangway_core::event::{FactReport, Identifier, OperatorAct, Trust};
use gangway_core::outcome::{Answer, AttemptResult};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::json;

use crate::db::TestDb;
use crate::hidden::spellings;
use crate::on_both_databases;
use crate::say::{UID, WALLET};
use crate::world::World;

on_both_databases!(nothing_personal_is_readable_in_any_column_of_any_table, what_is_looked_for_would_be_found);

const EXTERNAL_ID: &str = "Kunde-Zwetschgenkuchen/4711";
const EMAIL: &str = "Philomena.Quastenflosser+wallet@mail.example";
const NAME: &str = "Philomena Quastenflosser";
const UID_VALUE: &str = "uid-9f86d081884c7d65";
const ADDRESS: &str = "0xDeaDBeef00112233445566778899AaBbCcDdEeFf";
const REASON: &str = "She rang from +49 30 901820 about it";
const SECRETS: [&str; 7] = [EXTERNAL_ID, EMAIL, NAME, UID_VALUE, ADDRESS, REASON, "Quastenflosser"];

/// Everything that can be written of a person is written.
async fn a_whole_life(world: &World) {
    world.refuse_inserts("events", "kind = 'poison'").await;
    let say = world.say();
    let data = json!({ "user_id": EXTERNAL_ID, "email": EMAIL, "locale": "de", "name": NAME });
    let fact = || FactReport {
        name: WALLET.into(),
        resource: ADDRESS.into(),
        fields: json!({ "user_uid": UID_VALUE, "address": ADDRESS, "network": "main" }).as_object().cloned().unwrap(),
        time: None,
        rank: 0,
        trust: Trust::Hint,
    };
    let uid = || Identifier::new(UID, UID_VALUE);
    world.one(say.report("early", vec![uid()], vec![fact()])).await;
    world.one(say.message("said", "user.other", EXTERNAL_ID, data.clone())).await;
    let id = world.one(say.message("start", "user.signed_up", EXTERNAL_ID, data.clone())).await.onboarding.unwrap();
    world.one(say.message("start", "user.signed_up", EXTERNAL_ID, json!({ "user_id": NAME, "email": EMAIL }))).await;
    world.one(say.message("bad", "poison", EXTERNAL_ID, data)).await;
    world.one(say.report("nobody", vec![Identifier::new(UID, ADDRESS)], vec![fact()])).await;
    let uid_field = || json!({ "uid": UID_VALUE }).as_object().cloned().unwrap();
    for outcome in ["created", "exists"] {
        let identifiers = vec![uid()];
        let answer = Answer { outcome: outcome.into(), fields: uid_field(), identifiers, ..Answer::default() };
        world.answer(AttemptResult::Done(answer)).await;
    }
    let read = world.due().await.remove(0);
    let fields = json!({ "uid": UID_VALUE, "address": ADDRESS }).as_object().cloned().unwrap();
    let facts = vec![FactReport { trust: Trust::Fact, ..fact() }];
    let answer = Answer { outcome: "has_wallet".into(), fields, identifiers: vec![uid()], facts, ..Answer::default() };
    world.one(say.outcome(&read, AttemptResult::Done(answer))).await;
    let mut note = say.act("note", id, OperatorAct::Note, None);
    let gangway_core::event::Body::Operator { reason, .. } = &mut note.event.body else { panic!("an act") };
    *reason = REASON.into();
    world.one(note).await;
    world.answer(AttemptResult::Done(Answer::named("sent"))).await;
    assert!(world.onboarding(id).await.status.ended(), "{:?}", world.journal(id).await);
}

async fn nothing_personal_is_readable_in_any_column_of_any_table(db: &TestDb) {
    let world = World::with(db, 1, |options| options.lifecycle = false).await;
    a_whole_life(&world).await;
    let cells = cells(&world).await;
    assert!(cells.len() > 200, "{} cells were read", cells.len());
    for secret in SECRETS {
        for needle in spellings(secret) {
            for (place, bytes) in &cells {
                assert!(!contains(bytes, &needle), "{secret:?} can be read in {place}");
            }
        }
    }
    assert_eq!(world.store().users_by(&[Identifier::new(Identifier::EMAIL, EMAIL)]).await.unwrap().len(), 1);
}

/// The search finds what is there: otherwise it would prove nothing.
async fn what_is_looked_for_would_be_found(db: &TestDb) {
    let world = World::new(db).await;
    world.sign_up("ann").await;
    for spelled in [
        EMAIL.to_lowercase(),
        hex::encode(EMAIL),
        STANDARD_NO_PAD.encode(format!("x{EMAIL}")),
        EMAIL.replace('@', "%40").replace('+', "%2B"),
    ] {
        world.run(&format!("UPDATE events SET detail = '..{spelled}..'")).await;
        let cells = cells(&world).await;
        let found = spellings(EMAIL).iter().any(|needle| cells.iter().any(|(_, bytes)| contains(bytes, needle)));
        assert!(found, "{spelled}");
    }
}

/// Whether a cell has it, capitals or not.
pub fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle))
}

/// Every value of the database as bytes, with where it stands.
pub async fn cells(world: &World) -> Vec<(String, Vec<u8>)> {
    let backend = world.sql.get_database_backend();
    let columns = match backend {
        DbBackend::Postgres => {
            "SELECT table_name::text AS t, column_name::text AS c, data_type::text AS k \
             FROM information_schema.columns WHERE table_schema = 'public'"
        }
        _ => {
            "SELECT m.name AS t, p.name AS c, '' AS k FROM sqlite_schema m JOIN pragma_table_info(m.name) p \
             WHERE m.type = 'table'"
        }
    };
    let rows = world.sql.query_all_raw(Statement::from_string(backend, columns)).await.unwrap();
    let mut cells = Vec::new();
    for row in rows {
        let text = |name: &str| row.try_get::<String>("", name).unwrap();
        let (table, column, kind) = (text("t"), text("c"), text("k"));
        let value = match (backend, kind.as_str()) {
            (DbBackend::Postgres, "bytea") => format!("\"{column}\""),
            (DbBackend::Postgres, _) => format!("convert_to(\"{column}\"::text, 'UTF8')"),
            _ => format!("CAST(\"{column}\" AS BLOB)"),
        };
        let sql = format!("SELECT {value} AS v FROM \"{table}\" WHERE \"{column}\" IS NOT NULL");
        let found = world.sql.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
        let place = format!("{table}.{column}");
        cells.extend(found.iter().map(|row| (place.clone(), row.try_get::<Vec<u8>>("", "v").unwrap())));
    }
    cells
}
