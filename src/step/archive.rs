//! An archive: a backup of a store schema that is also loaded again, to prove it, before the schema is dropped.
//!
//! What it holds, `backup` says; how it is loaded, `restore`. Whether the schema is dropped afterwards, `abandon` says.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::Means;
use super::backup::{Kept, Manner, write_unnamed};
use super::plan::spare_name;
use super::restore::load_all;
use crate::backup::{Form, Place, Work};
use crate::digest::Digest;
use crate::error::{Exit, Refusal};
use crate::pg::archive::{self, ArchivedTable};
use crate::pg::dump::{self, Program};
use crate::pg::journal::Move;
use crate::report::BackupContents;

/// What would keep an archive from being written, before anybody types a key.
///
/// # Errors
/// A refusal.
pub fn check(means: &Means<'_>, folder: &Path) -> Result<()> {
    Work::check(&Place::Folder(folder.to_owned()))?;
    Ok(dump::find(means.sessions.facts().server_version / 10_000, Program::Same).map(drop)?)
}

/// Writes the folder and proves it.
///
/// # Errors
/// A refusal where what was loaded again is not what was written; the server's, `pg_dump`'s, or the file system's error.
/// Then there is no such folder.
pub async fn write(means: &Means<'_>, the_move: &Move, folder: &Path, at: &str) -> Result<Kept> {
    let place = Place::Folder(folder.to_owned());
    let jobs = usize::from(means.copy.jobs.get());
    let manner = Manner { form: Form::Plain, level: 1, jobs, program: Program::Same, at: at.to_owned() };
    let (work, contents, _, kept) = write_unnamed(means, &the_move.store, &place, &manner).await?;
    prove(means, the_move, &work.unnamed(), &contents, &kept)
        .await
        .context("loading the archive again, to prove it")?;
    work.publish()?;
    Ok(kept)
}

/// Loads the files under the schema's own name, while the schema steps aside; all of it is rolled back.
async fn prove(
    means: &Means<'_>,
    the_move: &Move,
    place: &Place,
    contents: &BackupContents,
    kept: &Kept,
) -> Result<()> {
    let schema = &the_move.store.schema;
    let mut writer = means.sessions.writer().await?;
    let proven = async {
        let transaction = archive::begin_trial(&mut writer, schema, &spare_name(means.run)).await?;
        load_all(means, &the_move.store, &transaction, place, contents).await?;
        for (table, digest) in kept {
            same(table, digest, &table.digest(&transaction).await?)?;
        }
        anyhow::Ok(())
    }
    .await;
    writer.discard(); // the files have set what they like, and nothing of it is committed
    proven
}

/// What was written against what was found.
///
/// # Errors
/// A refusal with exit code 1 where they differ.
fn same(table: &ArchivedTable, written: &Digest, found: &Digest) -> Result<(), Refusal> {
    match written == found {
        true => Ok(()),
        false => Err(Refusal::new(format!("{} is not the same when it is loaded again", table.name.raw()))
            .because(format!("{} rows were written, {} came back", written.row_count, found.row_count))
            .hint("look at the disk and at triggers or rules that change rows; nothing was dropped")
            .exit(Exit::Failed)),
    }
}

/// Refuses where rows are no longer those of the archive; the tables must be locked.
///
/// # Errors
/// A refusal with exit code 1; the server's error.
pub(super) async fn still_holds(transaction: &crate::pg::Transaction<'_>, kept: &Kept) -> Result<()> {
    for (table, digest) in kept {
        if table.digest(transaction).await? != *digest {
            bail!(
                Refusal::new(format!("rows of {} changed since the archive was written", table.name.raw()))
                    .because("somebody still writes there; nothing was dropped")
                    .hint("stop the store's application, then archive to another folder")
                    .exit(Exit::Failed)
            );
        }
    }
    Ok(())
}
