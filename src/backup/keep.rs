//! The backups of a place: which there are, which are whole, and which are too old to be kept.
//!
//! `SCHEMA/20261125T031500Z` is one, with or without `.tar.zst`.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::place::{Base, Place};
use super::read::contents_of;
use super::sum::read_sums;
use super::{CONTENTS, SUMS};
use crate::report::BackupContents;

/// A backup in a folder of backups.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Where it is.
    pub place: Place,
    /// `20261125T031500Z`: the newest has the greatest.
    pub time: String,
    /// What it says of itself; none where that cannot be read.
    pub contents: Option<BackupContents>,
}

/// All backups below a place, schema by schema, the oldest first.
///
/// # Errors
/// The file system's or the bucket's.
pub fn found(base: &Base) -> Result<Vec<Kept>> {
    let mut all = Vec::new();
    match base {
        Base::Folder(folder) => {
            for folder in entries(folder)?.into_iter().filter(|path| path.is_dir() && !is_hidden(path)) {
                all.extend(entries(&folder)?.iter().filter_map(|path| kept(Place::of_path(path))));
            }
        }
        Base::Bucket(bucket) => {
            let mut names: Vec<String> = bucket
                .list()?
                .into_iter()
                .filter_map(|(name, _)| name.splitn(3, '/').collect::<Vec<_>>().get(..2).map(|parts| parts.join("/")))
                .collect();
            names.dedup();
            all.extend(names.iter().filter_map(|name| kept(Place::Bucket(bucket.below(name)))));
        }
    }
    Ok(all)
}

fn kept(place: Place) -> Option<Kept> {
    let name = place.name();
    let time = name.strip_suffix(".tar.zst").unwrap_or(&name).to_owned();
    is_time(&time).then(|| Kept { contents: contents_of(&place).ok(), place, time })
}

/// `20261125T031500Z`.
fn is_time(text: &str) -> bool {
    let shape = |(at, byte): (usize, u8)| match at {
        8 => byte == b'T',
        15 => byte == b'Z',
        _ => byte.is_ascii_digit(),
    };
    text.len() == 16 && text.bytes().enumerate().all(shape)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = || -> std::io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect()
    };
    let mut paths = read().with_context(|| format!("reading {}", folder.display()))?;
    paths.sort();
    Ok(paths)
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

/// Whether every file is there with its size: what a look without reading the rows can tell.
#[must_use]
pub fn whole(backup: &Kept) -> bool {
    let Some(contents) = &backup.contents else { return false };
    if matches!(backup.place, Place::Tar(_)) {
        return true; // its last frame was read with its contents
    }
    let mut sums = Vec::new();
    let Ok(mut from) = backup.place.open(SUMS) else { return false };
    if from.read_to_end(&mut sums).is_err() {
        return false;
    }
    let Some(sums) = read_sums(&sums) else { return false };
    let Ok(files) = backup.place.files() else { return false };
    let size = |name: &str| files.iter().find(|(file, _)| file == name).and_then(|(_, bytes)| *bytes);
    sums.contains_key(CONTENTS)
        && sums.keys().all(|name| size(name).is_some())
        && contents.tables.iter().all(|table| size(&table.file) == Some(table.bytes))
}

/// The backups that are to go: whole ones of this store, older than the newest `keep` whole ones. `newest` was proven
/// just now, and never goes; what is not whole neither counts nor goes.
#[must_use]
pub fn pass_over<'a>(all: &'a [Kept], newest: &Place, store: &str, database: &str, keep: usize) -> Vec<&'a Kept> {
    let is_its = |backup: &&Kept| {
        backup.contents.as_ref().is_some_and(|contents| contents.store == store && contents.database == database)
    };
    let mut good: Vec<&Kept> = all.iter().filter(is_its).filter(|backup| whole(backup)).collect();
    good.sort_by(|one, other| one.time.cmp(&other.time));
    let going = good.len().saturating_sub(keep.max(1));
    good.into_iter().take(going).filter(|backup| backup.place.to_string() != newest.to_string()).collect()
}

/// What killed runs left beside a backup that is to be written: the path, and the run.
fn leftovers(place: &Place) -> Result<Vec<(PathBuf, String)>> {
    let Some(path) = place.path() else { return Ok(Vec::new()) };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let run_of = |path: &PathBuf| {
        let name = path.file_name()?.to_string_lossy().into_owned();
        let (of, run) = name.strip_prefix('.')?.rsplit_once(".tenantctl-")?;
        let is_ours = of == place.name() || is_time(of.strip_suffix(".tar.zst").unwrap_or(of));
        let is_run = run.len() == 8 && run.bytes().all(|byte| byte.is_ascii_hexdigit());
        (is_ours && is_run).then(|| run.to_owned())
    };
    Ok(entries(folder)?.into_iter().filter_map(|path| run_of(&path).map(|run| (path, run))).collect())
}

/// Deletes what killed runs left there; `is_at_work` says of a run whether it still lives.
///
/// # Errors
/// The file system's, or what is said.
pub async fn clear(place: &Place, mut is_at_work: impl AsyncFnMut(&str) -> Result<bool>) -> Result<()> {
    for (path, run) in leftovers(place)? {
        if !is_at_work(&run).await? {
            fs::remove_dir_all(&path).with_context(|| format!("deleting {}", path.display()))?;
        }
    }
    Ok(())
}
