//! Reads every byte of a backup and says what is wrong with it. Needs no server.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, bail};

use super::look::{Seen, look};
use super::place::Place;
use super::sum::read_sums;
use super::write::Written;
use super::{CONTENTS, SUMS, TEXTS, tarfile};
use crate::digest::{DIGEST_NAME, DigestText};
use crate::report::{BACKUP_FORMAT, BackupContents, BackupTable, Damage};

/// What a backup is, and what is wrong with it.
#[derive(Debug, Default)]
pub struct Checked {
    /// Its contents, where they can be read.
    pub contents: Option<BackupContents>,
    /// What is wrong; nothing of it may be used then.
    pub damages: Vec<Damage>,
    /// Bytes that were read.
    pub bytes: u64,
    /// Its tables, and whether their rows are those of the contents.
    pub tables: Vec<BackupTable>,
}

/// Reads all of it, several files at once.
#[must_use]
pub fn check(place: &Place, jobs: usize) -> Checked {
    check_but(place, jobs, BTreeMap::new())
}

/// The same of a backup that this run wrote: files of rows that were read back while they were written are not read a
/// second time.
#[must_use]
pub fn check_rest(place: &Place, jobs: usize, written: &[Written]) -> Checked {
    check_but(place, jobs, written.iter().filter_map(|of| Some((of.file.clone(), of.seen.clone()?))).collect())
}

fn check_but(place: &Place, jobs: usize, mut seen: BTreeMap<String, Seen>) -> Checked {
    let mut damages = Vec::new();
    let read = match place {
        Place::Folder(_) | Place::Bucket(_) => look_at_files(place, jobs, &mut seen),
        Place::Tar(path) => tarfile::each(path, &mut |name, bytes| {
            let file = look(name, bytes);
            // What breaks here breaks all that is behind it.
            let trouble = file.trouble.clone();
            seen.insert(name.to_owned(), file);
            match trouble {
                Some(trouble) => bail!("{trouble}, in {name}"),
                None => Ok(()),
            }
        }),
    };
    let is_broken = read.is_err();
    if let Err(error) = read {
        damages.push(damage(&place.name(), "unreadable", format!("{error:#}")));
    }
    let mut checked = Checked { bytes: seen.values().map(|file| file.bytes).sum(), ..Checked::default() };
    if let Place::Tar(path) = place {
        checked.bytes = path.metadata().map(|of| of.len()).unwrap_or_default();
    }
    checked.contents = judge(&seen, is_broken, &mut damages);
    for table in checked.contents.iter().flat_map(|contents| &contents.tables) {
        let found = seen.get(&table.file).and_then(|file| file.digest);
        checked.tables.push(BackupTable {
            table: table.table.clone(),
            row_count: table.row_count,
            digest_equal: found.map(|found| DigestText::from(&found).0 == table.digest),
        });
    }
    damages.sort();
    checked.damages = damages;
    checked
}

fn damage(file: &str, kind: &str, what: impl Into<String>) -> Damage {
    Damage { file: file.to_owned(), kind: kind.to_owned(), what: what.into() }
}

fn look_at_files(place: &Place, jobs: usize, seen: &mut BTreeMap<String, Seen>) -> Result<()> {
    let mut files = place.files()?;
    // One that is no longer as long as it was, or gone, was not seen.
    let is_seen = |name: &str, bytes: Option<u64>| seen.get(name).is_some_and(|file| Some(file.bytes) == bytes);
    let stays: BTreeSet<String> =
        files.iter().filter(|(name, bytes)| is_seen(name, *bytes)).map(|(name, _)| name.clone()).collect();
    seen.retain(|name, _| stays.contains(name));
    files.retain(|(name, _)| !stays.contains(name));
    files.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes)); // the biggest first, or the others wait for it in the end
    let next = AtomicUsize::new(0);
    let all = Mutex::new(seen);
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, files.len().max(1)) {
            scope.spawn(|| {
                while let Some((name, bytes)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let file = match (bytes, place.open(name)) {
                        (None, _) => Seen { trouble: Some("it is no file".to_owned()), ..Seen::default() },
                        (Some(_), Ok(mut bytes)) => look(name, &mut bytes),
                        (Some(_), Err(error)) => Seen { trouble: Some(format!("{error:#}")), ..Seen::default() },
                    };
                    if let Ok(mut all) = all.lock() {
                        all.insert(name.clone(), file);
                    }
                }
            });
        }
    });
    Ok(())
}

/// Holds what was seen against the sums, and those against the contents.
fn judge(seen: &BTreeMap<String, Seen>, is_broken: bool, damages: &mut Vec<Damage>) -> Option<BackupContents> {
    let text_of = |name: &str| seen.get(name).and_then(|file| file.text.as_deref());
    let contents: Option<BackupContents> = text_of(CONTENTS).and_then(|text| serde_json::from_slice(text).ok());
    let sums = text_of(SUMS).map(read_sums);
    if sums.is_none() && !is_broken {
        damages.push(damage(SUMS, "missing", "it is not there: the backup was never whole, or it was taken away"));
    }
    if matches!(sums, Some(None)) {
        damages.push(damage(SUMS, "changed", "it has a line that is no sum"));
    }
    let sums = sums.flatten().unwrap_or_default();
    let is_known = |name: &str| {
        [CONTENTS, SUMS].contains(&name) || contents.as_ref().is_some_and(|contents| contents.sums.contains_key(name))
    };
    for (name, file) in seen.iter().filter(|(name, _)| *name != SUMS) {
        let of_contents = contents.as_ref().and_then(|contents| contents.sums.get(name));
        let table = contents.as_ref().and_then(|contents| contents.tables.iter().find(|table| table.file == *name));
        let rows = table.zip(file.digest);
        let (is_right, sum) = (of_contents == Some(&file.sum), sums.get(name));
        if let Some(trouble) = &file.trouble {
            if !is_broken {
                damages.push(damage(name, "unreadable", trouble));
            }
        } else if let Some((table, found)) = rows.filter(|(table, found)| DigestText::from(found).0 != table.digest) {
            let what = match table.row_count == found.row_count {
                true => format!("its {} rows are not those that were written", found.row_count),
                false => format!("{} rows were written, {} are there", table.row_count, found.row_count),
            };
            damages.push(damage(name, "rows", what));
        } else if contents.is_some() && !is_known(name) {
            damages.push(damage(name, "extra", "contents.json does not name it"));
        } else if is_right && sum != Some(&file.sum) && !sums.is_empty() {
            damages.push(damage(SUMS, "changed", format!("what it says of {name} is not what contents.json says")));
        } else if name == CONTENTS && sum != Some(&file.sum) && !sums.is_empty() {
            let what = "it has not the sum that SHA256SUMS says: one of the two is damaged";
            damages.push(damage(name, "changed", what));
        } else if !is_right && name != CONTENTS && (contents.is_some() || sum != Some(&file.sum)) {
            damages.push(damage(name, "changed", "it has not the sum that it was written with"));
        }
    }
    for name in sums.keys().filter(|name| contents.is_some() && !is_known(name)) {
        damages.push(damage(SUMS, "changed", format!("it names {name}, which contents.json does not")));
    }
    if !is_broken {
        let of_contents = contents.iter().flat_map(|contents| contents.sums.keys().map(String::as_str));
        let wanted: std::collections::BTreeSet<&str> = TEXTS.into_iter().chain([CONTENTS]).chain(of_contents).collect();
        for name in wanted.into_iter().filter(|name| !seen.contains_key(*name)) {
            damages.push(damage(name, "missing", "it is not there"));
        }
    }
    let Some(contents) = contents else {
        if seen.contains_key(CONTENTS) && !damages.iter().any(|known| known.file == CONTENTS) {
            damages.push(damage(CONTENTS, "format", "it cannot be read as the contents of a backup"));
        }
        return None;
    };
    if contents.format > BACKUP_FORMAT {
        let what = format!(
            "form {} is newer than {BACKUP_FORMAT}: tenantctl {} wrote it",
            contents.format, contents.tool_version
        );
        damages.push(damage(CONTENTS, "format", what));
    }
    if contents.digest_name != DIGEST_NAME {
        damages.push(damage(
            CONTENTS,
            "format",
            format!("its digests are {}, not {DIGEST_NAME}", contents.digest_name),
        ));
    }
    for table in contents.tables.iter().filter(|table| !contents.sums.contains_key(&table.file)) {
        damages.push(damage(CONTENTS, "format", format!("it has no sum of {}", table.file)));
    }
    Some(contents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_another_than_was_seen_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        let mut seen = BTreeMap::new();
        for (name, text, bytes) in [("same", "a\n", 2), ("cut", "b\n", 9), ("gone", "", 3)] {
            let (path, file) = (folder.path().join("data").join(name), Seen { bytes, ..Seen::default() });
            seen.insert(format!("data/{name}"), file);
            if !text.is_empty() {
                std::fs::write(path, text).unwrap();
            }
        }
        look_at_files(&Place::Folder(folder.path().to_owned()), 2, &mut seen).unwrap();
        let rows = |name: &str| seen[name].digest.map(|digest| digest.row_count);
        assert_eq!((seen.len(), rows("data/same"), rows("data/cut")), (2, None, Some(1)));
    }
}
