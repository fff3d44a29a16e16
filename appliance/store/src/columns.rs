//! Between values of the domain and columns of the database.

use desk::conversation::Owner;
use desk::ids::{DepartmentId, OperatorId};
use desk::journal::Actor;
use desk::turn::Author;
use hiqlite::{Param, Row};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::error::{StoreError, StoreResult};

/// A row that is taken apart column by column.
pub(crate) struct Columns<'a, 'r>(pub(crate) &'a mut Row<'r>);

fn decode(column: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Decode { column, source: source.into() }
}

impl Columns<'_, '_> {
    pub(crate) fn text(&mut self, column: &'static str) -> StoreResult<String> {
        self.0.try_get(column).map_err(|error| decode(column, error))
    }

    pub(crate) fn text_if_any(&mut self, column: &'static str) -> StoreResult<Option<String>> {
        self.0.try_get(column).map_err(|error| decode(column, error))
    }

    pub(crate) fn integer(&mut self, column: &'static str) -> StoreResult<i64> {
        self.0.try_get(column).map_err(|error| decode(column, error))
    }

    pub(crate) fn count(&mut self, column: &'static str) -> StoreResult<u64> {
        u64::try_from(self.integer(column)?).map_err(|error| decode(column, error))
    }

    pub(crate) fn flag(&mut self, column: &'static str) -> StoreResult<bool> {
        Ok(self.integer(column)? != 0)
    }

    pub(crate) fn bytes(&mut self, column: &'static str) -> StoreResult<Vec<u8>> {
        self.0.try_get(column).map_err(|error| decode(column, error))
    }

    pub(crate) fn digest(&mut self, column: &'static str) -> StoreResult<[u8; 32]> {
        let bytes = self.bytes(column)?;
        bytes.as_slice().try_into().map_err(|error: std::array::TryFromSliceError| decode(column, error))
    }

    pub(crate) fn uuid(&mut self, column: &'static str) -> StoreResult<Uuid> {
        Uuid::from_slice(&self.bytes(column)?).map_err(|error| decode(column, error))
    }

    pub(crate) fn uuid_if_any(&mut self, column: &'static str) -> StoreResult<Option<Uuid>> {
        let bytes: Option<Vec<u8>> = self.0.try_get(column).map_err(|error| decode(column, error))?;
        bytes.map(|bytes| Uuid::from_slice(&bytes)).transpose().map_err(|error| decode(column, error))
    }

    pub(crate) fn time(&mut self, column: &'static str) -> StoreResult<Timestamp> {
        time_from(self.integer(column)?).map_err(|error| decode(column, error))
    }

    pub(crate) fn time_if_any(&mut self, column: &'static str) -> StoreResult<Option<Timestamp>> {
        let nanos: Option<i64> = self.0.try_get(column).map_err(|error| decode(column, error))?;
        nanos.map(time_from).transpose().map_err(|error| decode(column, error))
    }

    pub(crate) fn json<T: DeserializeOwned>(&mut self, column: &'static str) -> StoreResult<T> {
        serde_json::from_str(&self.text(column)?).map_err(|error| decode(column, error))
    }

    /// A value of an enum without fields, stored under its name.
    pub(crate) fn name<T: DeserializeOwned>(&mut self, column: &'static str) -> StoreResult<T> {
        from_name(&self.text(column)?).map_err(|error| decode(column, error))
    }

    pub(crate) fn parsed<T>(&mut self, column: &'static str) -> StoreResult<T>
    where
        T: std::str::FromStr,
        T::Err: std::error::Error + Send + Sync + 'static,
    {
        self.text(column)?.parse().map_err(|error: T::Err| decode(column, error))
    }

    pub(crate) fn parsed_if_any<T>(&mut self, column: &'static str) -> StoreResult<Option<T>>
    where
        T: std::str::FromStr,
        T::Err: std::error::Error + Send + Sync + 'static,
    {
        let text = self.text_if_any(column)?;
        text.map(|text| text.parse().map_err(|error: T::Err| decode(column, error))).transpose()
    }

    pub(crate) fn json_if_any<T: DeserializeOwned>(&mut self, column: &'static str) -> StoreResult<Option<T>> {
        let text = self.text_if_any(column)?;
        text.map(|text| serde_json::from_str(&text).map_err(|error| decode(column, error))).transpose()
    }

    pub(crate) fn owner(&mut self) -> StoreResult<Owner> {
        let id = self.text("owner_id")?;
        match self.text("owner_kind")?.as_str() {
            "assistant" => Ok(Owner::Assistant),
            "queue" => Ok(Owner::Queue(DepartmentId(id))),
            "operator" => id.parse().map(Owner::Operator).map_err(|error| decode("owner_id", error)),
            kind => Err(decode("owner_kind", format!("`{kind}` is no owner"))),
        }
    }

    pub(crate) fn author(&mut self) -> StoreResult<Author> {
        let id = self.text("author_id")?;
        match self.text("author_kind")?.as_str() {
            "citizen" => Ok(Author::Citizen),
            "assistant" => Ok(Author::Assistant),
            "operator" => id.parse().map(Author::Operator).map_err(|error| decode("author_id", error)),
            kind => Err(decode("author_kind", format!("`{kind}` is no author"))),
        }
    }
}

fn time_from(nanos: i64) -> Result<Timestamp, jiff::Error> {
    Timestamp::from_nanosecond(i128::from(nanos))
}

pub(crate) fn from_name<T: DeserializeOwned>(name: &str) -> Result<T, serde_json::Error> {
    serde_json::from_value(serde_json::Value::String(name.to_owned()))
}

/// A moment as a column: nanoseconds since 1970, good until 2262.
pub(crate) fn time(at: Timestamp) -> Param {
    Param::Integer(nanos(at))
}

pub(crate) fn nanos(at: Timestamp) -> i64 {
    i64::try_from(at.as_nanosecond()).unwrap_or(if at < Timestamp::UNIX_EPOCH { i64::MIN } else { i64::MAX })
}

pub(crate) fn time_if_any(at: Option<Timestamp>) -> Param {
    at.map_or(Param::Null, time)
}

pub(crate) fn count(number: u64) -> Param {
    Param::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

pub(crate) fn uuid_if_any(id: Option<Uuid>) -> Param {
    id.map_or(Param::Null, Param::from)
}

pub(crate) fn json<T: Serialize>(what: &'static str, value: &T) -> StoreResult<String> {
    serde_json::to_string(value).map_err(|source| StoreError::Encode { what, source })
}

/// The name of a value of an enum without fields.
pub(crate) fn name<T: Serialize>(what: &'static str, value: &T) -> StoreResult<String> {
    match serde_json::to_value(value).map_err(|source| StoreError::Encode { what, source })? {
        serde_json::Value::String(name) => Ok(name),
        other => Ok(other.to_string()),
    }
}

pub(crate) fn owner_columns(owner: &Owner) -> (&'static str, String) {
    match owner {
        Owner::Assistant => ("assistant", String::new()),
        Owner::Queue(department) => ("queue", department.0.clone()),
        Owner::Operator(operator) => ("operator", operator.to_string()),
    }
}

pub(crate) fn author_columns(author: Author) -> (&'static str, String) {
    match author {
        Author::Citizen => ("citizen", String::new()),
        Author::Assistant => ("assistant", String::new()),
        Author::Operator(operator) => ("operator", operator.to_string()),
    }
}

pub(crate) fn actor_columns(actor: Actor) -> (&'static str, String) {
    match actor {
        Actor::Citizen => ("citizen", String::new()),
        Actor::Assistant => ("assistant", String::new()),
        Actor::System => ("system", String::new()),
        Actor::Operator(operator) => ("operator", operator.to_string()),
        Actor::Admin(user) => ("admin", user.to_string()),
    }
}

pub(crate) fn actor_from(kind: &str, id: &str) -> StoreResult<Actor> {
    match kind {
        "citizen" => Ok(Actor::Citizen),
        "assistant" => Ok(Actor::Assistant),
        "system" => Ok(Actor::System),
        "operator" => id.parse::<OperatorId>().map(Actor::Operator).map_err(|error| decode("actor_id", error)),
        "admin" => id.parse().map(Actor::Admin).map_err(|error| decode("actor_id", error)),
        kind => Err(decode("actor_kind", format!("`{kind}` is no actor"))),
    }
}

pub(crate) fn actor_of(author: Author) -> Actor {
    match author {
        Author::Citizen => Actor::Citizen,
        Author::Assistant => Actor::Assistant,
        Author::Operator(operator) => Actor::Operator(operator),
    }
}
