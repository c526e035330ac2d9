//! All of a store schema in files, at one snapshot: `backup` writes it, and `archive` before it drops.
//!
//! Any `psql` loads it into a database where the schema is not. The files themselves are `backup`'s, what reads rows
//! and definitions is `pg`'s. Proven means read back: every byte, every count, every digest.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use futures_util::TryStreamExt;
use futures_util::stream::FuturesUnordered;

use super::Means;
use crate::backup::{Form, Place, TEXTS, Work, Written, check_rest, disk_full};
use crate::digest::{DIGEST_NAME, Digest, DigestText};
use crate::error::{Exit, Refusal};
use crate::event::{Event, Step};
use crate::pg::archive::{self, ArchivedTable};
use crate::pg::dump::{self, Definitions, Program};
use crate::pg::session::Session;
use crate::pg::snapshot::Snapshot;
use crate::pg::{Transaction, teardown};
use crate::report::{BACKUP_FORMAT, BackedUp, BackupContents, BackupReport, BackupTable, TableFile};
use crate::store::Store;

/// Between two tellings of a table's progress.
const TELL_EVERY: std::time::Duration = std::time::Duration::from_millis(100);

/// The tables of a backup, each with the digest of its rows.
pub type Kept = Vec<(ArchivedTable, Digest)>;

/// How a backup is written.
#[derive(Clone, Debug)]
pub struct Manner {
    /// Its form.
    pub form: Form,
    /// The compressor's level, from 1 to 19.
    pub level: i32,
    /// Tables that are read at once, a connection each.
    pub jobs: usize,
    /// The `pg_dump` that will do.
    pub program: Program,
    /// When it is begun, RFC 3339.
    pub at: String,
}

/// Writes a backup of a store schema, reads it back, and gives it its name.
///
/// # Errors
/// A refusal where what was read back is not what was written; the server's, `pg_dump`'s, or the file system's error.
/// Then there is no such backup.
pub async fn write(means: &Means<'_>, store: &Store, place: &Place, manner: &Manner) -> Result<BackupReport> {
    let begun = Instant::now();
    means.observer.notice(&Event::StepStarted { store, step: Step::Backup });
    let (work, contents, bytes, _) = write_unnamed(means, store, place, manner).await?;
    work.publish()?;
    let elapsed = begun.elapsed();
    means.observer.notice(&Event::StepDone { store, step: Step::Backup, elapsed });
    let mut report = report_of(&contents, place, manner.form);
    (report.deed, report.bytes, report.proven, report.seconds) = ("written".into(), bytes, true, elapsed.as_secs_f64());
    report.tables.iter_mut().for_each(|table| table.digest_equal = Some(true));
    let (server, program) = (contents.server_version / 10_000, dump::major_of(&contents.pg_dump).unwrap_or_default());
    if program != server {
        report.notes.push(format!(
            "its definitions are written by pg_dump {program}: PostgreSQL {program} and later read them, {server} itself perhaps not"
        ));
    }
    Ok(report)
}

/// A backup without a name, read back already: its files, what they hold, their bytes, and its tables.
pub(super) async fn write_unnamed(
    means: &Means<'_>,
    store: &Store,
    place: &Place,
    manner: &Manner,
) -> Result<(Work, BackupContents, u64, Kept)> {
    let named = |error: anyhow::Error| match disk_full(&error, place) {
        Some(refusal) => error.context(refusal),
        None => error,
    };
    let work = Work::begin(place, manner.form, manner.level, means.run).map_err(named)?;
    let (contents, kept, written) = fill(means, store, &work, manner).await.map_err(named)?;
    let bytes = read_back(&work, &contents, written, manner.jobs).await?;
    means.sessions.check()?;
    Ok((work, contents, bytes, kept))
}

/// What a report says of a backup.
#[must_use]
pub fn report_of(contents: &BackupContents, place: &Place, form: Form) -> BackupReport {
    let table =
        |table: &TableFile| BackupTable { table: table.table.clone(), row_count: table.row_count, digest_equal: None };
    BackupReport {
        store: contents.store.clone(),
        name: contents.name.clone(),
        schema: contents.schema.clone(),
        place: place.to_string(),
        format: form.word().to_owned(),
        at: Some(contents.at.clone()),
        row_count: contents.row_count(),
        tables: contents.tables.iter().map(table).collect(),
        snapshot: Some(contents.snapshot.clone()),
        server_version: Some(contents.server_version),
        ..BackupReport::default()
    }
}

/// What the journal keeps of it.
#[must_use]
pub fn backed_up(report: &BackupReport) -> BackedUp {
    BackedUp {
        to: report.place.clone(),
        format: report.format.clone(),
        bytes: report.bytes,
        row_count: report.row_count,
        table_count: report.tables.len() as u64,
        snapshot: report.snapshot.clone().unwrap_or_default(),
        proven: report.proven,
        seconds: report.seconds,
    }
}

async fn fill(
    means: &Means<'_>,
    store: &Store,
    work: &Work,
    manner: &Manner,
) -> Result<(BackupContents, Kept, Vec<Written>)> {
    let schema = &store.schema;
    let mut holder = means.sessions.reader().await?;
    let snapshot = Snapshot::export(&mut holder).await?;
    let at = snapshot.transaction();
    let tables = archive::tables(at.client(), schema).await?;
    let defined = async {
        let outer = teardown::outer_keys(at.client(), schema).await?;
        let definitions = dump::definitions(means.sessions, schema, snapshot.id(), &outer, manner.program).await?;
        anyhow::Ok((definitions, outer.len() as u64))
    };
    let ((definitions, outer_key_count), rows, sequences, outer_types) = tokio::try_join!(
        defined,
        read_all(means, store, work, manner.jobs, &snapshot, &tables),
        archive::sequences(at, schema),
        archive::outer_types(at, schema),
    )?;
    let mut files = Vec::new();
    for (table, (digest, written)) in tables.iter().zip(&rows) {
        files.push(TableFile {
            table: table.name.table.raw().to_owned(),
            columns: table.columns().iter().map(|column| column.raw().to_owned()).collect(),
            file: written.file.clone(),
            bytes: written.bytes,
            row_count: digest.row_count,
            digest: DigestText::from(digest).0,
        });
    }
    let load = load_script(&tables, work);
    let facts = means.sessions.facts();
    let mut contents = BackupContents {
        format: BACKUP_FORMAT,
        store: store.key.text().to_owned(),
        name: store.name.clone(),
        schema: schema.raw().to_owned(),
        database: facts.database.clone(),
        at: manner.at.clone(),
        snapshot: snapshot.text().to_owned(),
        server_version: facts.server_version,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        pg_dump: definitions.version.clone(),
        run: means.run.to_owned(),
        digest_name: DIGEST_NAME.to_owned(),
        outer_types,
        outer_key_count,
        tables: files,
        sums: BTreeMap::new(),
    };
    let (digests, written): (Vec<Digest>, Vec<Written>) = rows.into_iter().unzip();
    let Definitions { before, after, outer, .. } = definitions;
    let outer = format!("-- Foreign keys to tables outside the schema; load.sql leaves them out.\n{outer}");
    let texts: Vec<(&str, String)> = TEXTS.into_iter().zip([before, sequences, after, outer, load]).collect();
    tokio::task::block_in_place(|| work.finish(&mut contents, &texts, &written))?;
    Ok((contents, tables.into_iter().zip(digests).collect(), written))
}

fn load_script(tables: &[ArchivedTable], work: &Work) -> String {
    let mut load = [
        "-- In this folder: psql -X -d DATABASE -f load.sql",
        "-- The schema must not be there yet. All of it or nothing.",
        "\\set ON_ERROR_STOP on",
        "\\encoding UTF8",
        "begin;",
        "\\ir schema.sql",
    ]
    .join("\n");
    for (index, table) in tables.iter().enumerate() {
        load.push_str(&format!("\n{}", table.psql_load(&work.file_name(index))));
    }
    load + "\n\\ir sequences.sql\n\\ir keys.sql\ncommit;\n"
}

/// All tables, several at once, the biggest first; in the order of the tables.
async fn read_all(
    means: &Means<'_>,
    store: &Store,
    work: &Work,
    jobs: usize,
    snapshot: &Snapshot<'_>,
    tables: &[ArchivedTable],
) -> Result<Vec<(Digest, Written)>> {
    let mut order: Vec<usize> = (0..tables.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(tables[*at].estimate));
    let next = AtomicUsize::new(0);
    // Each connects for itself: the first reads while the others still knock.
    let worker = async || {
        let mut session: Session = means.sessions.reader().await?;
        let reader = snapshot.import(&mut session).await?;
        let mut done = Vec::new();
        while let Some(at) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            means.sessions.check()?;
            done.push((*at, read_one(means, store, work, &reader, *at, &tables[*at]).await?));
        }
        anyhow::Ok(done)
    };
    // A set wakes only the one that has rows; a join of few would ask them all each time.
    let workers: FuturesUnordered<_> = (0..jobs.clamp(1, tables.len().max(1))).map(|_| worker()).collect();
    let mut all: Vec<(usize, (Digest, Written))> = workers.try_concat().await?;
    all.sort_by_key(|(at, _)| *at);
    Ok(all.into_iter().map(|(_, done)| done).collect())
}

async fn read_one(
    means: &Means<'_>,
    store: &Store,
    work: &Work,
    reader: &Transaction<'_>,
    at: usize,
    table: &ArchivedTable,
) -> Result<(Digest, Written)> {
    let (begun, name) = (Instant::now(), &table.name.table);
    let step = Step::Backup;
    means.observer.notice(&Event::TableStarted { store, step, table: name, row_count: table.estimate });
    let mut file = work.table(at)?;
    let mut rows = table.rows(reader).await?;
    let (mut row_count, mut byte_count, mut told) = (0, 0, Instant::now());
    while let Some(piece) = rows.next().await {
        (row_count, byte_count) = (row_count + piece.row_count, byte_count + piece.rows.len() as u64);
        file.write(piece.rows).await?;
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            means.observer.notice(&Event::TableProgress { store, table: name, row_count, byte_count });
        }
    }
    let digest = rows.finish().await.with_context(|| table.reading())?;
    let written = file.finish().await?;
    let (row_count, byte_count, elapsed) = (digest.row_count, digest.byte_count, begun.elapsed());
    means.observer.notice(&Event::TableDone { store, step, table: name, row_count, byte_count, elapsed });
    Ok((digest, written))
}

/// Reads again what was not read back while it was written, and judges all of it; the bytes that it takes.
async fn read_back(work: &Work, contents: &BackupContents, written: Vec<Written>, jobs: usize) -> Result<u64> {
    let place = work.unnamed();
    let checked = tokio::task::spawn_blocking(move || check_rest(&place, jobs, &written)).await?;
    let damages: Vec<String> =
        checked.damages.iter().map(|damage| format!("{}: {}", damage.file, damage.what)).collect();
    if !damages.is_empty() || checked.contents.as_ref() != Some(contents) {
        bail!(
            Refusal::new("the backup is not the same when it is read back")
                .because(damages.join("; "))
                .hint("look at the disk; nothing of it is kept")
                .exit(Exit::Failed)
        );
    }
    Ok(checked.bytes)
}
