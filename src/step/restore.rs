//! A backup into a schema that is not there yet: in one transaction, compared by digests, and never over a live one.
//!
//! The files name their schema, so they are loaded under its own name. Where a schema of that name is there, it steps
//! aside inside the transaction; nobody else sees that, and no lock on a table of it is taken.

use std::time::Instant;

use anyhow::{Result, bail};
use tokio::sync::mpsc::Receiver;

use super::Means;
use super::plan::spare_name;
use crate::backup::{Piece, Place, contents_of, pieces};
use crate::digest::{Digest, DigestText};
use crate::error::{Exit, Refusal};
use crate::event::{Event, Step};
use crate::ident::Ident;
use crate::pg::journal::{self, Move};
use crate::pg::session::Session;
use crate::pg::transfer::Sink;
use crate::pg::{Client, Transaction, archive, beside};
use crate::report::{BackupContents, Restored, TableFile};
use crate::store::Store;

/// The words before what a comment says of a schema that was restored and has not taken its store's name yet.
const MARK: &str = "tenantctl: restored from ";

/// A schema that was restored.
#[derive(Debug)]
pub struct Loaded {
    /// What is worth knowing.
    pub notes: Vec<String>,
    /// How long it took.
    pub seconds: f64,
}

/// Loads a backup that was checked into a schema that is not there yet.
///
/// # Errors
/// A refusal where the schema is there, or what was loaded is not what was written; the server's or the file system's
/// error. Then nothing of it stays.
pub async fn restore(means: &Means<'_>, store: &Store, place: &Place, into: &Ident) -> Result<Loaded> {
    let begun = Instant::now();
    let contents = &contents_of(place)?;
    means.observer.notice(&Event::StepStarted { store, step: Step::Restore });
    let mut writer = means.sessions.writer().await?;
    let restored = restore_in(means, store, place, contents, into, &mut writer).await;
    writer.discard(); // the files have set what they like
    let notes = restored?;
    means.observer.notice(&Event::StepDone { store, step: Step::Restore, elapsed: begun.elapsed() });
    Ok(Loaded { notes, seconds: begun.elapsed().as_secs_f64() })
}

async fn restore_in(
    means: &Means<'_>,
    store: &Store,
    place: &Place,
    contents: &BackupContents,
    into: &Ident,
    writer: &mut Session,
) -> Result<Vec<String>> {
    let own = &store.schema;
    let transaction = beside::begin(writer).await?;
    if beside::exists(&transaction, into).await? {
        bail!(
            Refusal::new(format!("schema {} is there already", into.raw()))
                .because("a restore never writes over a schema")
                .hint("give --as another name, or drop it first")
        );
    }
    let (is_beside, aside) = (beside::exists(&transaction, own).await?, spare_name(means.run));
    if is_beside {
        beside::rename(&transaction, own, &aside).await?;
    }
    let outer = load_all(means, store, &transaction, place, contents).await?;
    let found = archive::tables(transaction.client(), own).await?;
    for table in &contents.tables {
        let Some(loaded) = found.iter().find(|loaded| loaded.name.table.raw() == table.table) else {
            bail!(damaged(format!("schema.sql of the backup makes no table {}", table.table)));
        };
        means.sessions.check()?;
        if DigestText::from(&loaded.digest(&transaction).await?).0 != table.digest {
            bail!(
                Refusal::new(format!("table {} is not the same when it is loaded", table.table))
                    .because("its rows came whole from the backup, and the server gives others back")
                    .hint(
                        "look at triggers and rules of the schema, and at the server's settings; nothing was restored"
                    )
                    .exit(Exit::Failed)
            );
        }
    }
    let mut notes = Vec::new();
    if contents.outer_key_count > 0
        && let Some(why) = beside::perform_where_it_can(&transaction, &outer).await?
    {
        notes
            .push(format!("{} foreign keys that lead out of the schema are left out: {why}", contents.outer_key_count));
    }
    if into != own {
        beside::rename(&transaction, own, into).await?;
        for function in beside::functions_that_name(&transaction, into, own).await? {
            notes.push(format!("function {function} names schema {} in its text, and still means that one", own.raw()));
        }
    }
    if is_beside {
        beside::rename(&transaction, &aside, own).await?;
        beside::comment(&transaction, into, Some(&format!("{MARK}{place}"))).await?;
    }
    means.sessions.check()?;
    beside::commit(transaction).await?;
    Ok(notes)
}

/// A restored schema takes the name of its store's live one, which is kept under another.
///
/// # Errors
/// A refusal where it is no restored schema, or something hangs on the live one; the server's error.
pub async fn swap(means: &Means<'_>, the_move: &Move, restored: &Ident, kept: &Ident) -> Result<Restored> {
    let live = &the_move.store.schema;
    let mut writer = means.sessions.writer().await?;
    let transaction = beside::begin(&mut writer).await?;
    let said = check_swap(transaction.client(), restored, kept).await?;
    beside::swap(&transaction, live, restored, kept).await?;
    let swapped = Restored {
        from: said.trim_start_matches(MARK).to_owned(),
        schema: live.raw().to_owned(),
        kept_as: Some(kept.raw().to_owned()),
    };
    journal::record_event(&transaction, means.run, Some(the_move.id), "restored", &swapped).await?;
    means.sessions.check()?;
    beside::commit(transaction).await?;
    Ok(swapped)
}

/// What would keep a swap from being done, before anybody types a key; else what the restored schema says of itself.
///
/// # Errors
/// A refusal; the server's error.
pub async fn check_swap(client: &Client, restored: &Ident, kept: &Ident) -> Result<String> {
    if !beside::exists(client, restored).await? {
        bail!(
            Refusal::new(format!("there is no schema {}", restored.raw()))
                .hint("restore it first: `tenantctl restore --store KEY --from BACKUP`")
        );
    }
    if beside::exists(client, kept).await? {
        bail!(
            Refusal::new(format!("schema {} is there already", kept.raw()))
                .because("the live schema would get this name")
                .hint("try again in a second, or drop it")
        );
    }
    match beside::comment_of(client, restored).await? {
        Some(said) if said.starts_with(MARK) => Ok(said),
        _ => bail!(
            Refusal::new(format!("schema {} was not restored by tenantctl beside a live one", restored.raw()))
                .because("its comment does not say so")
                .hint("restore a backup first: `tenantctl restore --store KEY --from BACKUP`")
        ),
    }
}

/// Loads all files in their order under the schema's own name, which must be free; gives back the text of the foreign
/// keys that lead out of the schema. Each table's lines must have the digest of the contents.
///
/// # Errors
/// A refusal with exit code 1 where they have not; the server's or the file system's error.
pub(super) async fn load_all(
    means: &Means<'_>,
    store: &Store,
    transaction: &Transaction<'_>,
    place: &Place,
    contents: &BackupContents,
) -> Result<String> {
    let mut from = pieces(place, contents);
    let mut outer = String::new();
    let mut loaded = 0;
    while let Some(piece) = from.recv().await {
        means.sessions.check()?;
        match piece {
            Piece::Text(name, text) => match name.as_str() {
                "outer_keys.sql" => outer = text,
                "load.sql" => {}
                _ => archive::perform(transaction, &text)
                    .await
                    .map_err(|error| error.context(format!("running {name}")))?,
            },
            Piece::Rows(name, chunk) => {
                load_one(means, store, transaction, table_of(contents, &name)?, chunk, &mut from).await?;
                loaded += 1;
            }
            Piece::RowsEnd(name) => {
                // No rows at all: only then its end comes first.
                same(table_of(contents, &name)?, &Digest::default())?;
                loaded += 1;
            }
            Piece::Failed(error) => return Err(error),
        }
    }
    match loaded == contents.tables.len() {
        true => Ok(outer),
        false => bail!(damaged(format!(
            "the backup has {loaded} files of rows, and its contents name {}",
            contents.tables.len()
        ))),
    }
}

async fn load_one(
    means: &Means<'_>,
    store: &Store,
    transaction: &Transaction<'_>,
    table: &TableFile,
    first: Vec<u8>,
    from: &mut Receiver<Piece>,
) -> Result<()> {
    let (begun, name, step) = (Instant::now(), Ident::new(&*table.table), Step::Restore);
    means.observer.notice(&Event::TableStarted { store, step, table: &name, row_count: table.row_count });
    let mut rows = archive::load(transaction, &store.schema, table).await?;
    let mut digest = Digest::default();
    let mut chunk = first;
    loop {
        chunk.split_inclusive(|byte| *byte == b'\n').for_each(|line| digest.add(line));
        rows.row(&chunk).await?;
        let (row_count, byte_count) = (digest.row_count, digest.byte_count);
        means.observer.notice(&Event::TableProgress { store, table: &name, row_count, byte_count });
        match from.recv().await {
            Some(Piece::Rows(_, next)) => chunk = next,
            Some(Piece::RowsEnd(_)) => break,
            Some(Piece::Failed(error)) => return Err(error),
            Some(Piece::Text(..)) | None => bail!(damaged(format!("the rows of {} end too early", table.table))),
        }
        means.sessions.check()?;
    }
    rows.finish().await?;
    same(table, &digest)?;
    let (row_count, byte_count, elapsed) = (digest.row_count, digest.byte_count, begun.elapsed());
    means.observer.notice(&Event::TableDone { store, step, table: &name, row_count, byte_count, elapsed });
    Ok(())
}

fn table_of<'a>(contents: &'a BackupContents, file: &str) -> Result<&'a TableFile> {
    let found = contents.tables.iter().find(|table| table.file == file);
    found.ok_or_else(|| damaged(format!("the contents of the backup do not name {file}")).into())
}

fn same(table: &TableFile, read: &Digest) -> Result<(), Refusal> {
    match DigestText::from(read).0 == table.digest {
        true => Ok(()),
        false => Err(damaged(format!("the rows of {} are not those that were written", table.table))),
    }
}

fn damaged(message: String) -> Refusal {
    Refusal::new(message)
        .because("somebody changed the backup while it was loaded")
        .hint("`tenantctl backup check` names what is damaged; nothing was restored")
        .exit(Exit::Failed)
}
