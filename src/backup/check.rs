//! Reads every byte of a backup and says what is wrong with it. Needs no server.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, bail};
use sha2::{Digest as _, Sha256};

use super::place::Place;
use super::write::hex;
use super::{BUFFER_BYTES, CONTENTS, SUMS, TEXT_BYTES, TEXTS, has_rows, is_compressed, tarfile};
use crate::digest::{DIGEST_NAME, Digest, DigestText};
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

/// What was seen of one file.
#[derive(Default)]
struct Seen {
    sum: String,
    bytes: u64,
    digest: Option<Digest>,
    text: Option<Vec<u8>>,
    trouble: Option<String>,
}

/// Reads all of it, several files at once.
#[must_use]
pub fn check(place: &Place, jobs: usize) -> Checked {
    let mut seen = BTreeMap::new();
    let mut damages = Vec::new();
    let read = match place {
        Place::Folder(folder) => look_at_folder(folder, jobs, &mut seen),
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
        let name = place.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        damages.push(damage(&name, "unreadable", format!("{error:#}")));
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

fn look_at_folder(folder: &Path, jobs: usize, seen: &mut BTreeMap<String, Seen>) -> Result<()> {
    let mut files = Place::files(folder)?;
    files.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes)); // the biggest first, or the others wait for it in the end
    let next = AtomicUsize::new(0);
    let all = Mutex::new(seen);
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, files.len().max(1)) {
            scope.spawn(|| {
                while let Some((name, bytes)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let file = match (bytes, Place::open(folder, name)) {
                        (None, _) => Seen { trouble: Some("it is no file".to_owned()), ..Seen::default() },
                        (Some(_), Ok(mut bytes)) => look(name, &mut bytes),
                        (Some(_), Err(error)) => Seen { trouble: Some(error.to_string()), ..Seen::default() },
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

/// Reads one file to its end.
fn look(name: &str, from: &mut dyn Read) -> Seen {
    let mut summed = Summed { inner: from, sum: Sha256::new(), bytes: 0 };
    let mut seen = Seen::default();
    let read = match name {
        _ if has_rows(name) => digest_of(name, &mut summed).map(|digest| seen.digest = Some(digest)),
        CONTENTS | SUMS => {
            let mut text = Vec::new();
            let read = (&mut summed).take(TEXT_BYTES).read_to_end(&mut text);
            seen.text = Some(text);
            read.map(drop).map_err(Into::into)
        }
        _ => Ok(()),
    };
    let rest = io::copy(&mut summed, &mut io::sink());
    seen.trouble = read.err().or(rest.err().map(Into::into)).map(|error| format!("{error:#}"));
    seen.bytes = summed.bytes;
    seen.sum = hex(&summed.sum.finalize());
    seen
}

fn digest_of(name: &str, from: &mut impl Read) -> Result<Digest> {
    match is_compressed(name) {
        true => lines(BufReader::with_capacity(BUFFER_BYTES, zstd::stream::read::Decoder::new(from)?)),
        false => lines(BufReader::with_capacity(BUFFER_BYTES, from)),
    }
}

fn lines(mut from: impl BufRead) -> Result<Digest> {
    let (mut digest, mut line) = (Digest::default(), Vec::new());
    while from.read_until(b'\n', &mut line).context("reading its rows")? > 0 {
        if !line.ends_with(b"\n") {
            bail!("its last row is cut off");
        }
        digest.add(&line);
        line.clear();
    }
    Ok(digest)
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
    let expected = |name: &str| contents.as_ref()?.tables.iter().find(|table| table.file == name);
    for (name, file) in seen.iter().filter(|(name, _)| *name != SUMS) {
        let sum = sums.get(name);
        let rows = expected(name).zip(file.digest).map(|(table, found)| (table, DigestText::from(&found).0 == table.digest, found));
        if let Some(trouble) = &file.trouble {
            if !is_broken {
                damages.push(damage(name, "unreadable", trouble));
            }
        } else if let Some((table, false, found)) = rows {
            let what = match table.row_count == found.row_count {
                true => format!("its {} rows are not those that were written", found.row_count),
                false => format!("{} rows were written, {} are there", table.row_count, found.row_count),
            };
            damages.push(damage(name, "rows", what));
        } else if sum.is_none() && !sums.is_empty() {
            damages.push(damage(name, "extra", "SHA256SUMS does not name it"));
        } else if sum.is_some_and(|sum| *sum != file.sum) {
            let what = match rows {
                Some((_, true, _)) => "it has not the sum that SHA256SUMS says, but its rows are right: one of the two is damaged",
                _ => "it has not the sum that SHA256SUMS says",
            };
            damages.push(damage(name, "changed", what));
        }
    }
    if !is_broken {
        let of_contents = contents.iter().flat_map(|contents| contents.tables.iter().map(|table| table.file.as_str()));
        let wanted: std::collections::BTreeSet<&str> =
            TEXTS.into_iter().chain([CONTENTS]).chain(sums.keys().map(String::as_str)).chain(of_contents).collect();
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
        let what = format!("form {} is newer than {BACKUP_FORMAT}: tenantctl {} wrote it", contents.format, contents.tool_version);
        damages.push(damage(CONTENTS, "format", what));
    }
    if contents.digest_name != DIGEST_NAME {
        damages.push(damage(CONTENTS, "format", format!("its digests are {}, not {DIGEST_NAME}", contents.digest_name)));
    }
    for name in seen.keys().filter(|name| has_rows(name) && sums.contains_key(*name)) {
        if expected_in(&contents, name).is_none() {
            damages.push(damage(name, "extra", "contents.json does not name it"));
        }
    }
    Some(contents)
}

fn expected_in<'a>(contents: &'a BackupContents, name: &str) -> Option<&'a str> {
    contents.tables.iter().find(|table| table.file == name).map(|table| table.file.as_str())
}

/// `64 digits, two blanks, a name` per line; none where a line is another.
pub(super) fn read_sums(text: &[u8]) -> Option<BTreeMap<String, String>> {
    let text = std::str::from_utf8(text).ok()?;
    if !text.ends_with('\n') {
        return None;
    }
    let line = |line: &str| {
        let (sum, name) = line.split_once("  ")?;
        let is_sum = sum.len() == 64 && sum.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (is_sum && !name.is_empty()).then(|| (name.to_owned(), sum.to_owned()))
    };
    text.lines().map(line).collect()
}

/// Reads, and adds up what was read.
struct Summed<'a> {
    inner: &'a mut dyn Read,
    sum: Sha256,
    bytes: u64,
}

impl Read for Summed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.sum.update(&buffer[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}
