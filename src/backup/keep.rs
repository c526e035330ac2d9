//! The backups of a folder: which there are, which are whole, and which are too old to be kept.
//!
//! `SCHEMA/20261125T031500Z` is one, with or without `.tar.zst`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::place::Place;
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

/// All backups below a folder, schema by schema, the oldest first.
///
/// # Errors
/// The file system's.
pub fn found(base: &Path) -> Result<Vec<Kept>> {
    let mut all = Vec::new();
    for folder in entries(base)? {
        if folder.is_dir() && !is_hidden(&folder) {
            all.extend(of_schema(&folder)?);
        }
    }
    Ok(all)
}

/// Those in the folder of one schema, the oldest first.
fn of_schema(folder: &Path) -> Result<Vec<Kept>> {
    let mut all = Vec::new();
    for path in entries(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let time = name.strip_suffix(".tar.zst").unwrap_or(&name).to_owned();
        if is_time(&time) {
            let place = Place::of_path(&path);
            all.push(Kept { contents: contents_of(&place).ok(), place, time });
        }
    }
    all.sort_by(|one, other| one.time.cmp(&other.time));
    Ok(all)
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
    let Place::Folder(folder) = &backup.place else { return true }; // its last frame was read with its contents
    let Ok(sums) = fs::read(folder.join(SUMS)) else { return false };
    let Some(sums) = read_sums(&sums) else { return false };
    let Ok(files) = Place::files(folder) else { return false };
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
    let good: Vec<&Kept> = all.iter().filter(is_its).filter(|backup| whole(backup)).collect();
    let going = good.len().saturating_sub(keep.max(1));
    good.into_iter().take(going).filter(|backup| backup.place.path() != newest.path()).collect()
}

/// What killed runs left beside the backups of a schema: the path, and the run.
///
/// # Errors
/// The file system's.
pub fn leftovers(folder: &Path) -> Result<Vec<(PathBuf, String)>> {
    let run_of = |path: &PathBuf| {
        let name = path.file_name()?.to_string_lossy().into_owned();
        let (time, run) = name.strip_prefix('.')?.rsplit_once(".tenantctl-")?;
        let time = time.strip_suffix(".tar.zst").unwrap_or(time);
        let is_run = run.len() == 8 && run.bytes().all(|byte| byte.is_ascii_hexdigit());
        (is_time(time) && is_run).then(|| run.to_owned())
    };
    Ok(entries(folder)?.into_iter().filter_map(|path| run_of(&path).map(|run| (path, run))).collect())
}
