//! Writes a backup beside its place and gives it its name when it is whole.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::bucket::Uploading;
use super::follow::{Pace, follow};
use super::frames::Frames;
use super::look::{Seen, look};
use super::place::{Form, Place};
use super::sum::{hex, sum_of};
use super::tarfile::TarWriter;
use super::{CONTENTS, SUMS};
use crate::error::{Exit, Refusal};
use crate::report::BackupContents;

/// Chunks of a table that may wait for the compressor.
const CHUNKS_WAITING: usize = 2;

/// A backup that is being written; dropped before it is published, nothing of it stays.
#[derive(Debug)]
pub struct Work {
    place: Place,
    /// Beside the place; none in a bucket, where the files have their names at once.
    part: Option<PathBuf>,
    form: Form,
    level: i32,
    is_published: bool,
}

/// A file of rows that was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// Its name in the backup.
    pub file: String,
    /// Bytes of the file.
    pub bytes: u64,
    plain_bytes: u64,
    sum: String,
    /// What was read back while it was written; none in a bucket, and where it is a part of one file.
    pub(super) seen: Option<Seen>,
}

impl Work {
    /// Begins beside the place.
    ///
    /// # Errors
    /// A refusal where something is there already, or no folder for it; the file system's error.
    pub fn begin(place: &Place, form: Form, level: i32, run: &str) -> Result<Self> {
        check_room(place)?;
        let (place, form) = (place.clone(), if matches!(place, Place::Bucket(_)) { Form::Folder } else { form });
        let Some(path) = place.path() else { return Ok(Self { place, part: None, form, level, is_published: false }) };
        let part = above(path).join(format!(".{}.tenantctl-{run}", place.name()));
        let mut maker = DirBuilder::new();
        maker.mode(0o700).create(&part).with_context(|| format!("making {}", part.display()))?; // a store's rows are in it
        let work = Self { place, part: Some(part.clone()), form, level, is_published: false };
        if form != Form::Tar {
            fs::create_dir(part.join("data")).with_context(|| format!("making {}", part.display()))?;
        }
        Ok(work)
    }

    /// Whether it could begin.
    ///
    /// # Errors
    /// A refusal where something is there already, or no folder for it.
    pub fn check(place: &Place) -> Result<()> {
        check_room(place)
    }

    /// The name of a table's file, by its place among the tables.
    #[must_use]
    pub fn file_name(&self, index: usize) -> String {
        let ending = if self.form == Form::Folder { ".zst" } else { "" };
        format!("data/{:04}.copy{ending}", index + 1)
    }

    fn local(&self, name: &str) -> PathBuf {
        self.part.as_deref().unwrap_or(Path::new("")).join(name)
    }

    fn frames(&self, index: usize) -> PathBuf {
        self.local(&format!("{:04}.frames", index + 1))
    }

    /// Begins the file of a table: compressed and summed in a thread of its own, and read back in another as it grows.
    ///
    /// # Errors
    /// The file system's.
    pub fn table(&self, index: usize) -> Result<TableWriter> {
        let name = self.file_name(index);
        let path = if self.form == Form::Tar { self.frames(index) } else { self.local(&name) };
        let mut reading = None;
        let file = match &self.place {
            Place::Bucket(bucket) => Sink::Bucket(bucket.upload(&name)?),
            Place::Folder(_) | Place::Tar(_) => {
                let context = || format!("writing {name}");
                let file = File::create_new(&path).with_context(context)?;
                let (pace, mut following) = follow(&path).with_context(context)?;
                if self.form != Form::Tar {
                    let name = name.clone();
                    reading = Some(tokio::task::spawn_blocking(move || look(&name, &mut following)));
                }
                Sink::File(file, pace)
            }
        };
        let (sender, receiver) = mpsc::channel(CHUNKS_WAITING);
        let (form, level) = (self.form, self.level);
        let thread = tokio::task::spawn_blocking(move || {
            let context = format!("writing {name}");
            write_rows(receiver, file, form, level, name).context(context)
        });
        Ok(TableWriter { sender: Some(sender), thread: Some(thread), reading })
    }

    /// Writes what stands beside the rows, and the sums, which the contents get too; all of it is on the disk then, but
    /// has no name yet.
    ///
    /// # Errors
    /// The file system's.
    pub fn finish(&self, contents: &mut BackupContents, texts: &[(&str, String)], tables: &[Written]) -> Result<()> {
        let of_texts = texts.iter().map(|(name, text)| ((*name).to_owned(), sum_of(text.as_bytes())));
        let of_tables = tables.iter().map(|table| (table.file.clone(), table.sum.clone()));
        contents.sums = of_texts.chain(of_tables).collect();
        let contents = (CONTENTS, serde_json::to_string_pretty(contents)? + "\n");
        let texts: Vec<(&str, &String)> =
            std::iter::once(&contents).chain(texts).map(|(name, text)| (*name, text)).collect();
        let mut sums: BTreeMap<&str, String> = BTreeMap::new();
        sums.extend(texts.iter().map(|(name, text)| (*name, sum_of(text.as_bytes()))));
        sums.extend(tables.iter().map(|table| (table.file.as_str(), table.sum.clone())));
        let sums: String = sums.iter().map(|(name, sum)| format!("{sum}  {name}\n")).collect();
        match self.form {
            Form::Tar => self.tar(&texts, &sums, tables).context("writing the tar"),
            Form::Plain | Form::Folder => {
                for (name, text) in texts.into_iter().chain([(SUMS, &sums)]) {
                    let written = match &self.place {
                        Place::Bucket(bucket) => bucket.put(name, text.as_bytes()),
                        Place::Folder(_) | Place::Tar(_) => durably(&self.local(name), text.as_bytes()),
                    };
                    written.with_context(|| format!("writing {name}"))?;
                }
                match &self.part {
                    Some(part) => sync(&part.join("data")).and_then(|()| sync(part)),
                    None => Ok(()),
                }
            }
        }
    }

    fn tar(&self, texts: &[(&str, &String)], sums: &str, tables: &[Written]) -> Result<()> {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut tar = TarWriter::create(&self.whole_tar(), self.level, at)?;
        // In the order in which they are loaded: contents, sums, definitions, rows, then the rest.
        for (name, text) in &texts[..2] {
            tar.text(name, text.as_bytes())?;
            if *name == CONTENTS {
                tar.text(SUMS, sums.as_bytes())?;
            }
        }
        for (index, table) in tables.iter().enumerate() {
            let frames = self.frames(index);
            tar.compressed(&table.file, table.plain_bytes, &frames)?;
            fs::remove_file(&frames)?; // the disk need not hold all of it twice
        }
        for (name, text) in &texts[2..] {
            tar.text(name, text.as_bytes())?;
        }
        tar.finish()?;
        sync(&self.local(""))
    }

    fn whole_tar(&self) -> PathBuf {
        self.local("whole.tar.zst")
    }

    /// What was written, to be read back.
    #[must_use]
    pub fn unnamed(&self) -> Place {
        match (&self.part, self.form) {
            (None, _) => self.place.clone(),
            (Some(_), Form::Tar) => Place::Tar(self.whole_tar()),
            (Some(part), Form::Plain | Form::Folder) => Place::Folder(part.clone()),
        }
    }

    /// Gives it its name.
    ///
    /// # Errors
    /// A refusal where somebody else has made something of that name; the file system's error.
    pub fn publish(mut self) -> Result<()> {
        self.is_published = true;
        let from = self.unnamed();
        let (Some(_), Some(from), Some(to)) = (&self.part, from.path(), self.place.path()) else { return Ok(()) };
        check_room(&self.place)?;
        fs::rename(from, to).with_context(|| format!("naming {}", self.place))?;
        sync(above(to))
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // Made by this run alone: renamed, or with nothing left in it, or given up.
        let _left = match &self.part {
            Some(part) => fs::remove_dir_all(part).map_err(Into::into),
            None if self.is_published => Ok(()),
            None => self.place.delete(),
        };
    }
}

/// The rows of a table go in here, a chunk of whole lines at a time.
#[derive(Debug)]
pub struct TableWriter {
    sender: Option<mpsc::Sender<Option<Vec<u8>>>>,
    thread: Option<JoinHandle<Result<Written>>>,
    reading: Option<JoinHandle<Seen>>,
}

impl TableWriter {
    /// # Errors
    /// What kept earlier ones from being written, such as a full disk.
    pub async fn write(&mut self, chunk: Vec<u8>) -> Result<()> {
        let Some(sender) = &self.sender else { bail!("the file is ended") };
        match sender.send(Some(chunk)).await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.end().await.err().unwrap_or_else(|| anyhow::anyhow!("the file was ended too early"))),
        }
    }

    /// Ends the file; it is on the disk then, and was read back.
    ///
    /// # Errors
    /// As [`TableWriter::write`].
    pub async fn finish(mut self) -> Result<Written> {
        if let Some(sender) = self.sender.take() {
            let _told = sender.send(None).await; // who hears it no more has failed, and says so next
        }
        self.end().await
    }

    async fn end(&mut self) -> Result<Written> {
        self.sender = None;
        let Some(thread) = self.thread.take() else { bail!("the file is ended") };
        let mut written = thread.await??;
        if let Some(reading) = self.reading.take() {
            written.seen = Some(reading.await?);
        }
        Ok(written)
    }
}

fn write_rows(
    mut chunks: mpsc::Receiver<Option<Vec<u8>>>,
    file: Sink,
    form: Form,
    level: i32,
    name: String,
) -> Result<Written> {
    let (mut plain_bytes, mut plain_sum) = (0, Sha256::new());
    let mut out = Out { file, bytes: 0, sum: Sha256::new(), sums: form == Form::Folder };
    let mut ended = false;
    if form == Form::Plain {
        while let Some(chunk) = chunks.blocking_recv() {
            let Some(chunk) = chunk else {
                ended = true;
                break;
            };
            plain_bytes += chunk.len() as u64;
            plain_sum.update(&chunk);
            out.write_all(&chunk)?;
        }
    } else {
        let mut frames = Frames::begin(level)?;
        while let Some(chunk) = chunks.blocking_recv() {
            let Some(chunk) = chunk else {
                ended = true;
                break;
            };
            plain_bytes += chunk.len() as u64;
            if form == Form::Tar {
                plain_sum.update(&chunk);
            }
            frames.put(&chunk, &mut out)?;
        }
        frames.finish(&mut out)?;
    }
    if !ended {
        bail!("given up in the middle of its rows");
    }
    out.file.finish()?;
    let sum = if form == Form::Folder { out.sum } else { plain_sum };
    Ok(Written { file: name, bytes: out.bytes, plain_bytes, sum: hex(&sum.finalize()), seen: None })
}

/// Where the bytes of a file go.
enum Sink {
    File(File, Pace),
    Bucket(Uploading),
}

impl Sink {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file, pace) => {
                let written = file.write(buffer)?;
                pace.wrote(written as u64);
                Ok(written)
            }
            Self::Bucket(object) => object.write(buffer),
        }
    }

    /// They are there for good.
    fn finish(self) -> Result<()> {
        match self {
            Self::File(file, pace) => {
                pace.whole(); // what is left is read back while the disk works
                Ok(file.sync_all()?)
            }
            Self::Bucket(object) => object.finish(),
        }
    }
}

/// A file, with the sum of what goes into it.
struct Out {
    file: Sink,
    bytes: u64,
    sum: Sha256,
    sums: bool,
}

impl Write for Out {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.file.write(buffer)?;
        self.bytes += written as u64;
        if self.sums {
            self.sum.update(&buffer[..written]);
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What would keep a backup from being written there.
fn check_room(place: &Place) -> Result<()> {
    if place.exists()? {
        bail!(
            Refusal::new(format!("{place} is there already"))
                .hint("name a folder or a .tar.zst file that does not exist; the folder above it must")
        );
    }
    match place.path() {
        Some(path) if path.file_name().is_none() || !above(path).is_dir() => bail!(
            Refusal::new(format!("there is no folder for {place}"))
                .hint(format!("make {} first", above(path).display()))
        ),
        _ => Ok(()),
    }
}

fn above(path: &Path) -> &Path {
    path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn durably(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    Ok(file.sync_all()?)
}

fn sync(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).with_context(|| format!("writing {}", folder.display()))
}

/// The refusal that stands before an error where the disk was the reason.
#[must_use]
pub fn disk_full(error: &anyhow::Error, place: &Place) -> Option<Refusal> {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    let folder = above(place.path()?);
    let kinds = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    let is_full = kinds.into_iter().any(|kind| matches!(kind, StorageFull | QuotaExceeded | FileTooLarge));
    is_full.then(|| {
        Refusal::new(format!("there is no room for the backup {place}"))
            .hint(format!("make room in {}, or name another folder; nothing of it is left there", folder.display()))
            .exit(Exit::Failed)
    })
}
