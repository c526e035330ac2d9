//! A folder that holds all of a store schema: written at one snapshot, loaded again to prove it, then given its name.
//!
//! Any `psql` loads it into an empty database. Whether the schema is dropped afterwards, `abandon` says.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::Means;
use super::plan::spare_name;
use crate::digest::{DIGEST_NAME, Digest, DigestText};
use crate::error::{Exit, Refusal};
use crate::pg::archive::{self, ArchivedTable};
use crate::pg::dump;
use crate::pg::journal::Move;
use crate::pg::snapshot::Snapshot;
use crate::pg::teardown;
use crate::report::{ArchiveContents, ArchivedFile};

/// The tables of an archive, each with the digest of its rows.
pub type Kept = Vec<(ArchivedTable, Digest)>;

/// What would keep a folder from being written, before anybody types a key.
///
/// # Errors
/// A refusal.
pub fn check(means: &Means<'_>, folder: &Path) -> Result<(), Refusal> {
    if folder.exists() {
        return Err(Refusal::new(format!("{} is there already", folder.display()))
            .hint("name a folder that does not exist; the one above it must"));
    }
    if folder.file_name().is_none() || !above(folder).is_dir() {
        return Err(Refusal::new(format!("there is no folder for {}", folder.display()))
            .hint(format!("make {} first", above(folder).display())));
    }
    dump::find(means.sessions.facts().server_version / 10_000).map(drop)
}

fn above(folder: &Path) -> &Path {
    folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes the folder and proves it.
///
/// # Errors
/// A refusal where what was loaded again is not what was written; the server's, `pg_dump`'s, or the file system's error.
/// Then there is no such folder.
pub async fn write(means: &Means<'_>, the_move: &Move, folder: &Path) -> Result<Kept> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let part = above(folder).join(format!(".{name}.tenantctl-{}", means.run));
    let mut maker = fs::DirBuilder::new();
    maker.mode(0o700).create(&part).with_context(|| format!("making {}", part.display()))?; // a store's rows are in it
    let whole = async {
        fs::create_dir(part.join("data"))?;
        let kept = fill(means, the_move, &part).await?;
        prove(means, the_move, &part, &kept).await.context("loading the archive again, to prove it")?;
        fs::File::open(&part)?.sync_all()?;
        fs::rename(&part, folder).with_context(|| format!("naming {}", folder.display()))?;
        fs::File::open(above(folder))?.sync_all()?;
        anyhow::Ok(kept)
    }
    .await;
    if whole.is_err() {
        let _left = fs::remove_dir_all(&part); // made by this run alone
    }
    whole
}

fn data_file(index: usize) -> String {
    format!("data/{:04}.copy", index + 1)
}

async fn fill(means: &Means<'_>, the_move: &Move, part: &Path) -> Result<Kept> {
    let schema = &the_move.store.schema;
    let mut reader = means.sessions.reader().await?;
    let snapshot = Snapshot::export(&mut reader).await?;
    let at = snapshot.transaction();
    let tables = archive::tables(at.client(), schema).await?;
    let outer = teardown::outer_keys(at.client(), schema).await?;
    let definitions = tokio::task::block_in_place(|| dump::definitions(means.sessions, schema, snapshot.id(), &outer))?;
    let sequences = archive::sequences(at, schema).await?;
    let outer_types = archive::outer_types(at, schema).await?;
    let mut kept = Kept::new();
    let mut files = Vec::new();
    for (index, table) in tables.into_iter().enumerate() {
        means.sessions.check()?;
        let file = data_file(index);
        let digest = table.write(at, &part.join(&file)).await?;
        files.push(ArchivedFile {
            table: table.name.table.raw().to_owned(),
            file,
            row_count: digest.row_count,
            digest: DigestText::from(&digest).0,
        });
        kept.push((table, digest));
    }
    let mut load = vec![
        "-- In this folder: psql -X -d DATABASE -f load.sql".to_owned(),
        "-- The schema must not be there yet. All of it or nothing.".to_owned(),
        "\\set ON_ERROR_STOP on".to_owned(),
        "\\encoding UTF8".to_owned(),
        "begin;".to_owned(),
        "\\ir schema.sql".to_owned(),
    ];
    load.extend(kept.iter().enumerate().map(|(index, (table, _))| table.copy_in(Some(&data_file(index)))));
    load.extend(["\\ir sequences.sql", "\\ir keys.sql", "commit;"].map(str::to_owned));
    let outer_note = "-- Foreign keys to tables outside the schema; load.sql leaves them out.\n";
    for (file, text) in [
        ("schema.sql", definitions.before),
        ("keys.sql", definitions.after),
        ("outer_keys.sql", format!("{outer_note}{}", definitions.outer)),
        ("sequences.sql", sequences),
        ("load.sql", load.join("\n") + "\n"),
    ] {
        durably(&part.join(file), text.as_bytes())?;
    }
    let facts = means.sessions.facts();
    let contents = ArchiveContents {
        format: 1,
        store: the_move.store.key.text().to_owned(),
        name: the_move.store.name.clone(),
        schema: schema.raw().to_owned(),
        database: facts.database.clone(),
        snapshot: snapshot.text().to_owned(),
        server_version: facts.server_version,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        pg_dump: definitions.version,
        run: means.run.to_owned(),
        digest_name: DIGEST_NAME.to_owned(),
        outer_types,
        outer_key_count: outer.len() as u64,
        tables: files,
    };
    durably(&part.join("contents.json"), archive::json(&contents)?.as_bytes())?;
    Ok(kept)
}

fn durably(path: &PathBuf, bytes: &[u8]) -> Result<()> {
    let written = || -> std::io::Result<()> {
        fs::write(path, bytes)?;
        fs::File::open(path)?.sync_all()
    };
    written().with_context(|| format!("writing {}", path.display()))
}

/// Loads the files under the schema's own name, while the schema steps aside; all of it is rolled back.
async fn prove(means: &Means<'_>, the_move: &Move, part: &Path, kept: &Kept) -> Result<()> {
    let schema = &the_move.store.schema;
    let read = |file: &str| fs::read_to_string(part.join(file)).with_context(|| format!("reading {file}"));
    let mut writer = means.sessions.writer().await?;
    let proven = async {
        let transaction = archive::begin_trial(&mut writer, schema, &spare_name(means.run)).await?;
        archive::perform(&transaction, &read("schema.sql")?).await?;
        for (index, (table, digest)) in kept.iter().enumerate() {
            let loaded = table.load(&transaction, &part.join(data_file(index))).await?;
            same(table, digest, &loaded)?;
        }
        archive::perform(&transaction, &read("sequences.sql")?).await?;
        archive::perform(&transaction, &read("keys.sql")?).await?;
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
