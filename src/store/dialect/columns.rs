//! What PostgreSQL gets as arrays: the columns of each kind of row, once. Names, types and values of a statement all
//! come from this list, in this order. No statement is here.

use gangway_entities::{effects, events, figures, held, identifiers, onboardings, secrets, users};
use sea_orm::sqlx::Postgres;
use sea_orm::sqlx::postgres::PgArguments;
use sea_orm::sqlx::query::Query;
use sea_orm::{EntityTrait, IdenStatic, Iterable};
use uuid::Uuid;

use super::{AdoptRow, DueRow, EndRow, FoldRow, SettleRow};

/// A statement with what was bound to it so far.
pub(super) type Bound<'q> = Query<'q, Postgres, PgArguments>;

/// Rows that a statement takes as one array for each column.
pub(super) trait Rows: Sized {
    /// Name of each column, and the type of its array.
    const COLUMNS: &'static [(&'static str, &'static str)];

    /// Binds the arrays, in the order of the columns.
    fn bind<'q>(statement: Bound<'q>, rows: &[Self]) -> Bound<'q>;
}

macro_rules! columns {
    ($row:ty: $($column:ident),+ $(,)?) => {
        columns!($row => $($column: $column),+);
    };
    ($row:ty => $($column:ident: $($field:ident).+),+ $(,)?) => {
        impl Rows for $row {
            const COLUMNS: &'static [(&'static str, &'static str)] =
                &[$((stringify!($column), array_of::<Self, _>(|row| &row.$($field).+))),+];

            fn bind<'q>(statement: Bound<'q>, rows: &[Self]) -> Bound<'q> {
                statement$(.bind(rows.iter().map(|row| row.$($field).+.given()).collect::<Vec<_>>()))+
            }
        }
    };
}

columns!(users::Model: id, sealed, wrapped_key, created_at, email_blind);
columns!(onboardings::Model:
    id, user_id, flow, version, state, status, since, wake_at, revision, created_at, ended_at, cause,
    sealed,
);
columns!(identifiers::Model: blind, kind, onboarding_id, user_id, since);
columns!(events::Model:
    dedupe, digest, source, kind, received_at, occurred_at, onboarding_id, user_id, verdict, from_state, to_state,
    revision, copies, detail, sealed, own_key, decided_at,
);
columns!(held::Model: blind, seq, place);
columns!(effects::Model:
    onboarding_id, n, kind, target, slot, request, attempt, mode, uncertain_since, asked_at, due_at, lease_until,
    lease_token,
);
columns!(secrets::Model: owner, name, sealed, own_key, since);
columns!(figures::Model: name, flow, status, number);

columns!(EndRow: id, status, ended_at, revision);
columns!(AdoptRow:
    seq, onboarding_id, user_id, verdict, from_state, to_state, detail, revision, sealed, was, decided_at,
);
columns!(FoldRow =>
    seq: answer_seq, dedupe: answer.dedupe, digest: answer.digest, occurred_at: answer.occurred_at,
    revision: answer.revision, detail: answer.detail, sealed: answer.sealed, copies: answer.copies,
    received_at: answer.received_at,
);
columns!(SettleRow: onboarding_id, n, outcome);
columns!(DueRow: onboarding_id, n, due_at, mode, uncertain_since);

/// `id, user_id, …`: what rows give.
pub(super) fn names<R: Rows>() -> String {
    joined(R::COLUMNS.iter().map(|(name, _)| (*name).to_owned()))
}

/// `unnest($1::uuid[], …)`
pub(super) fn unnest<R: Rows>() -> String {
    format!("unnest({})", joined((1..).zip(R::COLUMNS).map(|(place, (_, array))| format!("${place}::{array}"))))
}

/// `unnest($1::uuid[], …) AS t (id, …)`
pub(super) fn given<R: Rows>() -> String {
    format!("{} AS t ({})", unnest::<R>(), names::<R>())
}

/// `user_id = t.user_id, …`: every column but the first, which is the key.
pub(super) fn set<R: Rows>() -> String {
    joined(R::COLUMNS.iter().skip(1).map(|(name, _)| format!("{name} = t.{name}")))
}

/// `seq, dedupe, …`: everything that a table has.
pub(super) fn all<E: EntityTrait>() -> String {
    joined(E::Column::iter().map(|column| column.as_str().to_owned()))
}

/// `u.id AS u_id, …`
pub(super) fn all_of<E: EntityTrait>(table: &str, prefix: &str) -> String {
    joined(E::Column::iter().map(|column| format!("{table}.{0} AS {prefix}{0}", column.as_str())))
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// A value of a row.
trait Cell {
    /// Type of an array of such.
    const ARRAY: &'static str;
    /// As it is bound.
    type Given<'a>
    where
        Self: 'a;

    fn given(&self) -> Self::Given<'_>;
}

const fn array_of<R, C: Cell>(_: fn(&R) -> &C) -> &'static str {
    C::ARRAY
}

macro_rules! cells {
    ($($cell:ty: $array:literal),+ $(,)?) => {
        $(impl Cell for $cell {
            const ARRAY: &'static str = $array;
            type Given<'a> = Self;

            fn given(&self) -> Self {
                *self
            }
        })+
    };
}

cells!(Uuid: "uuid[]", i32: "int[]", i64: "bigint[]", &'static str: "text[]");

impl Cell for String {
    const ARRAY: &'static str = "text[]";
    type Given<'a> = &'a str;

    fn given(&self) -> &str {
        self
    }
}

impl Cell for Vec<u8> {
    const ARRAY: &'static str = "bytea[]";
    type Given<'a> = &'a [u8];

    fn given(&self) -> &[u8] {
        self
    }
}

impl<C: Cell> Cell for Option<C> {
    const ARRAY: &'static str = C::ARRAY;
    type Given<'a>
        = Option<C::Given<'a>>
    where
        Self: 'a;

    fn given(&self) -> Self::Given<'_> {
        self.as_ref().map(C::given)
    }
}

#[cfg(test)]
mod tests {
    use gangway_entities::{effects, events, figures, held, identifiers, onboardings, secrets, users};
    use sea_orm::{EntityTrait, IdenStatic, Iterable};

    use super::{EndRow, Rows, given, set};

    /// What of a table is not written with a new row.
    fn left_out<E: EntityTrait<Model: Rows>>() -> Vec<&'static str> {
        let written = |column: &E::Column| <E::Model as Rows>::COLUMNS.iter().any(|(name, _)| *name == column.as_str());
        E::Column::iter().filter(|column| !written(column)).map(|column| column.as_str()).collect()
    }

    #[test]
    fn a_new_row_brings_every_column_but_those_that_the_database_or_a_later_statement_fills() {
        let none: [&str; 0] = [];
        assert_eq!(left_out::<users::Entity>(), none);
        assert_eq!(left_out::<onboardings::Entity>(), none);
        assert_eq!(left_out::<identifiers::Entity>(), none);
        assert_eq!(left_out::<events::Entity>(), ["seq", "last_at", "times"]);
        assert_eq!(left_out::<held::Entity>(), none);
        assert_eq!(left_out::<effects::Entity>(), ["outcome", "settled_at"]);
        assert_eq!(left_out::<secrets::Entity>(), none);
        assert_eq!(left_out::<figures::Entity>(), ["id"]);
    }

    #[test]
    fn names_places_and_types_of_a_statement_are_in_one_order() {
        let arrays = "unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[]) AS t (id, status, ended_at, revision)";
        assert_eq!(given::<EndRow>(), arrays);
        assert_eq!(set::<EndRow>(), "status = t.status, ended_at = t.ended_at, revision = t.revision");
    }
}
