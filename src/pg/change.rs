//! Which tables of a store may have changed since they were loaded.
//!
//! The quick test is conservative: it may say "maybe" when nothing changed, never the reverse. Rows that came or were
//! updated have a row version at or after the snapshot's xmin; rows that left are missed in the count. Where it says
//! "maybe", and wherever a parent or a condition decides about membership, the digest of the rows decides.
//!
//! A transaction that is open anywhere on the server holds the xmin back, so "maybe" may stay for hours. What the
//! digest found equal is remembered as row versions (xmin, ctid), which can be asked again quickly under the lock.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};

use super::client::{Client, Transaction};
use super::failure::ServerResult;
use super::ground::Ground;
use super::journal::TableRun;
use super::pass::Pass;
use super::statement::CopyStatement;
use super::transfer::{DigestOnly, transfer};
use crate::digest::DigestText;
use crate::ident::Ident;
use crate::table::Relation;

/// The first id that the statement's own snapshot does not see.
const XMAX: &str = "pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::int8";

/// Transaction ids are compared modulo 2^32; beyond half of that the comparison would turn round.
const HALF_OF_THE_IDS: i64 = 2_000_000_000;

/// So many ids are looked up one by one.
const FEW_IDS: i64 = 50_000;

/// The rows of a store, on either side.
struct Rows<'a> {
    table: &'a Ident,
    from: Relation,
    condition: &'a str,
}

impl<'a> Rows<'a> {
    fn of_source(statement: &'a CopyStatement) -> Self {
        Self { table: &statement.source.table, from: statement.from_source(), condition: statement.condition() }
    }

    fn of_target(statement: &'a CopyStatement) -> Self {
        Self { table: &statement.target.table, from: statement.from_target(), condition: "true" }
    }
}

/// Whether the rows may differ from what was seen at `snapshot`.
///
/// # Errors
/// The server's error.
async fn may_have_changed(
    client: &Client,
    Rows { table, from, condition }: Rows<'_>,
    snapshot: &str,
    row_count: u64,
    next_id: i64,
) -> Result<bool> {
    let xmin = xmin_of(snapshot)?;
    let is_newer = is_newer(table, xmin, next_id);
    let sql = format!(
        "select count(*), coalesce(bool_or({is_newer}), false), {XMAX} - {xmin} not between 0 and {HALF_OF_THE_IDS}
         from {from} as {table} where {condition}"
    );
    let row = client.query_one(&sql, &[]).await.server()?;
    let (count, newer, elsewhere): (i64, bool, bool) = (row.get(0), row.get(1), row.get(2));
    Ok(newer || elsewhere || count.unsigned_abs() != row_count)
}

fn xmin_of(snapshot: &str) -> Result<i64> {
    snapshot.split(':').next().and_then(|xmin| xmin.parse().ok()).context("the journal's snapshot")
}

/// Whether a row's version is none that a snapshot with this xmin has seen.
fn is_newer(table: &Ident, xmin: i64, next_id: i64) -> String {
    // The ids from the snapshot's xmin to what has been given out. Few are looked up, which parallel workers may do; of
    // many the distance from now is compared, which they may not: rows frozen long ago keep an old id that may look like
    // one of the future.
    match (0..=FEW_IDS).contains(&(next_id - xmin)) {
        true => format!(
            "{table}.xmin in (select (id % 4294967296)::text::xid from pg_catalog.generate_series({xmin}::int8, {XMAX}) as id)"
        ),
        false => format!(
            "pg_catalog.age({table}.xmin) between (select pg_catalog.age(({XMAX} % 4294967296)::text::xid))
                                              and (select pg_catalog.age('{}'::xid))",
            xmin.rem_euclid(1 << 32)
        ),
    }
}

/// The first id that a snapshot of now does not see.
async fn next_id(client: &Client) -> Result<i64> {
    Ok(client.query_one(&format!("select {XMAX}"), &[]).await.server()?.get(0))
}

/// Which row versions a store has of a table: as long as this is the same, no row came, left or was updated.
async fn row_versions(client: &Client, statement: &CopyStatement) -> Result<String> {
    let table = &statement.source.table;
    let sql = format!(
        "select count(*) || ':' || coalesce(sum(pg_catalog.hashtextextended(
                concat_ws(' ', {table}.tableoid, {table}.xmin, {table}.ctid), 0)::numeric), 0)
         from {} as {table} where {}",
        statement.from_source(),
        statement.condition()
    );
    Ok(client.query_one(&sql, &[]).await.server()?.get(0))
}

/// Row versions of tables whose rows were found equal to what was loaded.
pub type Versions = BTreeMap<Ident, String>;

/// What came of the question.
#[derive(Debug, Default)]
pub struct Changed {
    /// The loaded tables that changed.
    pub tables: Vec<Ident>,
    /// Those that "may have" and were found equal by their rows, as the row versions they have.
    pub equal: Versions,
}

/// The loaded tables that changed; "maybe" is settled by reading the rows.
///
/// # Errors
/// The server's error.
pub async fn changed_tables(
    client: &Transaction<'_>,
    ground: &Ground,
    statements: &[CopyStatement],
    loaded: &[TableRun],
) -> Result<Changed> {
    let mut changed = Changed::default();
    let mut suspects: Vec<Ident> = Vec::new();
    let next_id = next_id(client).await?;
    // Parents first: a parent that may have changed makes its children suspects.
    let mut ordered: Vec<&CopyStatement> = statements.iter().collect();
    ordered.sort_by_key(|statement| ground.owner(&statement.source.table).map_or(0, |owner| owner.parents().len()));
    for statement in ordered {
        let table = &statement.source.table;
        let Some(run) = loaded.iter().find(|run| run.table == *table) else { continue };
        let owner = ground.owner(table);
        let by_condition = owner.is_some_and(|owner| owner.by_condition());
        let by_parent =
            owner.is_some_and(|owner| owner.parents().iter().any(|parent| suspects.contains(&parent.table)));
        let maybe = by_parent
            || by_condition
            || may_have_changed(client, Rows::of_source(statement), &run.snapshot, run.row_count, next_id).await?;
        if !maybe {
            continue;
        }
        if digest_differs(client, statement, run).await? {
            changed.tables.push(table.clone());
            suspects.push(table.clone());
            continue;
        }
        changed.equal.insert(table.clone(), row_versions(client, statement).await?);
        if !by_condition {
            suspects.push(table.clone());
        }
    }
    Ok(changed)
}

/// The loaded tables that may have changed, for inside the lock, where time is short: several connections ask, a table
/// each. Tables whose rows [`changed_tables`] had to read are known by their row versions; any other "maybe" counts as
/// changed.
///
/// # Errors
/// The server's error.
pub async fn changed_quickly(
    clients: &[&Client],
    ground: &Ground,
    statements: &[CopyStatement],
    loaded: &[TableRun],
    known: &Versions,
) -> Result<Vec<Ident>> {
    let Some(first) = clients.first() else { bail!("nobody to ask") };
    let next_id = next_id(first).await?;
    let run_of = |statement: &CopyStatement| loaded.iter().find(|run| run.table == statement.source.table);
    let mut open: Vec<_> = statements.iter().filter_map(|statement| Some((statement, run_of(statement)?))).collect();
    open.sort_by_key(|(_, run)| run.row_count); // the largest is taken first, from the end
    let changed = RefCell::new(Vec::new());
    shared_out(clients, open, async |client, (statement, run)| {
        let table = &statement.source.table;
        let has_changed = match known.get(table) {
            Some(versions) => row_versions(client, statement).await? != *versions,
            None if ground.owner(table).is_some_and(|owner| owner.by_condition()) => true,
            None => {
                let rows = Rows::of_source(statement);
                may_have_changed(client, rows, &run.snapshot, run.row_count, next_id).await?
            }
        };
        if has_changed {
            changed.borrow_mut().push(table.clone());
        }
        Ok(())
    })
    .await?;
    Ok(changed.into_inner())
}

/// Each client takes the last of what is left to be asked, until nothing is.
async fn shared_out<T>(clients: &[&Client], open: Vec<T>, ask: impl AsyncFn(&Client, T) -> Result<()>) -> Result<()> {
    let open = RefCell::new(open);
    let asked = clients.iter().map(|client| async {
        loop {
            let next = open.borrow_mut().pop();
            let Some(next) = next else { return anyhow::Ok(()) };
            ask(client, next).await?;
        }
    });
    futures_util::future::try_join_all(asked).await?;
    Ok(())
}

/// A shared table as several stores have it.
pub struct OfMany<'a> {
    /// The table.
    pub table: Ident,
    /// Leads to the rows of them all.
    pub pass: Pass,
    /// What was loaded for each, in the order of the pass.
    pub loaded: Vec<&'a TableRun>,
}

/// The stores, by their numbers, that may have changed in one of the tables: each table is read once for all of them. As
/// conservative as the question for one store.
///
/// # Errors
/// The server's error.
pub async fn changed_of_many(clients: &[&Client], tables: &[OfMany<'_>]) -> Result<BTreeSet<usize>> {
    let Some(first) = clients.first() else { bail!("nobody to ask") };
    let next_id = next_id(first).await?;
    let mut open: Vec<&OfMany<'_>> = tables.iter().collect();
    open.sort_by_key(|of| of.loaded.iter().map(|run| run.row_count).sum::<u64>()); // the largest is taken first
    let changed = RefCell::new(BTreeSet::new());
    shared_out(clients, open, async |client, OfMany { table, pass, loaded }| {
        let mut oldest = next_id;
        for run in loaded {
            oldest = oldest.min(xmin_of(&run.snapshot)?);
        }
        let elsewhere = !(0..=HALF_OF_THE_IDS).contains(&(next_id - oldest));
        let looks = pass.looks(client, &is_newer(table, oldest, next_id)).await?;
        let differ = looks
            .iter()
            .zip(loaded)
            .enumerate()
            .filter(|(_, ((row_count, newer), run))| elsewhere || *newer || *row_count != run.row_count);
        changed.borrow_mut().extend(differ.map(|(at, _)| at));
        Ok(())
    })
    .await?;
    Ok(changed.into_inner())
}

/// The tables of the store schema that may not be any more what was read back at `snapshot`, with the statements that read
/// them.
///
/// # Errors
/// The server's error.
pub async fn maybe_changed_in_store<'s>(
    client: &Client,
    statements: &'s [CopyStatement],
    loaded: &[TableRun],
    snapshot: &str,
) -> Result<Vec<&'s CopyStatement>> {
    let next_id = next_id(client).await?;
    let mut maybe = Vec::new();
    for statement in statements {
        let Some(run) = loaded.iter().find(|run| run.table == statement.target.table) else { continue };
        if may_have_changed(client, Rows::of_target(statement), snapshot, run.row_count, next_id).await? {
            maybe.push(statement);
        }
    }
    Ok(maybe)
}

async fn digest_differs(client: &Transaction<'_>, statement: &CopyStatement, run: &TableRun) -> Result<bool> {
    let digest =
        transfer(client, &statement.source_digest(), statement.format, &mut DigestOnly::default(), |_| ()).await?;
    Ok(DigestText::from(&digest).0 != run.source_digest)
}
