//! Registry numbers: drawn from the counter of their year and block in the transaction that enters them, so that a number
//! is never given twice, never burnt by a retry and never out of the order of days.

use desk::ids::CaseId;
use desk::journal::{Actor, Event, NewEntry};
use desk::ports::{PortError, PortResult};
use desk::registry::{RegistryEntry, RegistryNumber};
use jiff::civil::Date;

use crate::columns;
use crate::error::{StoreError, StoreResult};
use crate::store::Store;
use crate::write::Write;

pub(super) async fn register(store: &Store, entry: RegistryEntry, actor: Actor) -> PortResult<RegistryNumber> {
    let write = enter(store, &entry, actor)?;
    match store.apply(write).await {
        // The case has a number already: a repeated call.
        Ok(()) | Err(StoreError::Clash(_)) => {}
        Err(StoreError::Lost("the block")) => {
            // The number before this attempt may still be there; only then is it a retry.
            return match number(store, entry.case).await? {
                Some(number) => Ok(number),
                None => Err(PortError::Refused(format!(
                    "the block {} of {} has no number left after {}",
                    entry.block.name,
                    entry.day.year(),
                    entry.block.last
                ))),
            };
        }
        Err(StoreError::Lost(what)) => return Err(PortError::NotFound { what }),
        Err(error) => return Err(error.into()),
    }
    number(store, entry.case).await?.ok_or(PortError::NotFound { what: "the registry's entry" })
}

fn enter(store: &Store, entry: &RegistryEntry, actor: Actor) -> StoreResult<Write> {
    let now = store.now();
    let (year, block, day) = (i64::from(entry.day.year()), entry.block.name.clone(), entry.day.to_string());
    let mut write = Write::new();
    write.require(
        "the case",
        "UPDATE cases SET version = version + 1, updated_at = ?2 WHERE id = ?1 RETURNING id",
        vec![entry.case.0.into(), columns::time(now)],
    );
    write.run(
        "INSERT INTO registry_counters (year, block, next, last_day) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        vec![year.into(), block.clone().into(), columns::count(entry.block.first), day.clone().into()],
    );
    // Whoever comes to the counter after midnight's first entry is entered on the new day too.
    let drawn = write.require(
        "the block",
        "UPDATE registry_counters SET next = next + 1, last_day = MAX(last_day, ?4)
         WHERE year = ?1 AND block = ?2 AND next <= ?3 RETURNING next - 1 AS number, last_day AS day",
        vec![year.into(), block.clone().into(), columns::count(entry.block.last), day.into()],
    );
    write.run(
        "INSERT INTO registry (year, block, number, case_id, day, department, annexes, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        vec![
            year.into(),
            block.clone().into(),
            drawn.column(0_usize).into(),
            entry.case.0.into(),
            drawn.column(1_usize).into(),
            entry.department.0.clone().into(),
            entry.annexes.into(),
            columns::time(now),
        ],
    );
    let note =
        NewEntry::new(actor, Event::CaseRegistered).case(entry.case).detail(format!("year={year} block={block}"));
    write.journal(note, now)?;
    Ok(write)
}

async fn number(store: &Store, case: CaseId) -> StoreResult<Option<RegistryNumber>> {
    let mut rows = store
        .read_latest("SELECT year, block, number, day FROM registry WHERE case_id = ?1", vec![case.0.into()], |row| {
            Ok(RegistryNumber {
                year: i16::try_from(row.integer("year")?).unwrap_or(i16::MAX),
                block: row.text("block")?,
                number: row.count("number")?,
                day: row.parsed::<Date>("day")?,
            })
        })
        .await?;
    Ok(rows.pop())
}
