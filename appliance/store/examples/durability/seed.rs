//! Many conversations with cases, made by SQLite itself and handed to the store as a restored database: through the front
//! door a quarter of a million of them would take minutes.

use camino::Utf8Path;
use desk::reference::Reference;
use hiqlite::rusqlite::Connection;
use hiqlite::rusqlite::functions::FunctionFlags;
use store::{Store, StoreConfig};

/// Fills a new database in `folder` with `cases` cases, a tenth of them open, each with two turns and five journal rows.
pub(crate) async fn fill(folder: &Utf8Path, cases: u64) -> anyhow::Result<()> {
    let empty = folder.join("empty");
    let store = Store::open(StoreConfig::single(&empty)).await?;
    let database = folder.join("seeded.db");
    {
        let connection = Connection::open(empty.join("state_machine/db/store.db"))?;
        connection.execute("VACUUM INTO ?1", [database.as_str()])?;
    }
    store.close().await?;
    let connection = Connection::open(&database)?;
    connection.create_scalar_function(
        "reference",
        1,
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC,
        |context| Ok(String::from(Reference::from_random(context.get::<i64>(0)?.unsigned_abs()))),
    )?;
    connection.execute_batch(&format!(
        "PRAGMA synchronous = OFF;
         DELETE FROM _metadata;
         CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {cases})
             SELECT i, randomblob(16) AS id, randomblob(16) AS contact, randomblob(16) AS c, i % 10 = 0 AS open FROM n;
         INSERT INTO contacts (id, language, created_at) SELECT contact, 'ro', i FROM n;
         INSERT INTO contact_addresses SELECT contact, 'chat', hex(contact), 0, i FROM n;
         INSERT INTO conversations SELECT id, hex(id), zeroblob(32), contact, 'chat', 'ro',
             iif(open, 'open', 'closed'), 'queue', 'evidenta-persoanelor', 2, c, 2, iif(open, i, NULL), i, i FROM n;
         INSERT INTO turns SELECT randomblob(16), id, 1, hex(id) || '1', 'citizen', '', 'ro',
             json_object('text', 'Bună ziua, mi-am pierdut buletinul în străinătate. Ce fac? ' || hex(contact)),
             zeroblob(16), i FROM n;
         INSERT INTO turns SELECT randomblob(16), id, 2, hex(id) || '2', 'assistant', '', 'ro',
             json_object('text', 'Vă preia un coleg. ' || hex(randomblob(300))), zeroblob(16), i FROM n;
         INSERT INTO cases SELECT c, reference(i), id, contact, 'question', 'evidenta-persoanelor', 'L1',
             1, iif(open, 'new', 'resolved'), open, NULL, 'not_in_knowledge', 'Mi-am pierdut buletinul', 'ro',
             '[{{\"term\":\"question-answer\",\"citation\":\"\",\"started\":\"2026-11-02T00:00:00Z\",\
                \"due\":\"2026-11-04T00:00:00Z\",\"state\":{{\"state\":\"running\"}}}}]',
             i, 1, i, i FROM n;
         INSERT INTO journal (at, actor_kind, actor_id, event, conversation, case_id, subject, detail)
             SELECT i, 'citizen', '', 'turn_added', id, c, hex(id), 'content=' || hex(zeroblob(32))
             FROM n, (SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5);"
    ))?;
    drop(connection);
    std::fs::create_dir_all(folder.join("seeded"))?;
    std::fs::rename(&database, folder.join("seeded/restored.db"))?;
    std::fs::remove_dir_all(&empty)?;
    Ok(())
}
