//! A backup in a bucket of S3, or of what speaks like it: an object per file, sent in parts as they come.
//!
//! Objects have no second name that they could be given when all is whole: SHA256SUMS is written last, and without it
//! there is no backup. Calls wait, so they belong on threads that may.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use futures_util::TryStreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{Error, MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload, RetryConfig};
use tokio::runtime::Handle;

use super::wire::Wire;
use crate::error::{Exit, Refusal};

/// Bytes that are asked for at once.
const READ_BYTES: u64 = 4 << 20;
/// Bytes of the first parts: S3 takes none below 5 MiB but the last.
const PART_BYTES: usize = 6 << 20;
/// Parts after which they grow: S3 takes 10,000.
const PARTS_OF_A_SIZE: usize = 2_000;

/// A place in a bucket.
#[derive(Clone)]
pub struct Bucket {
    store: Arc<AmazonS3>,
    handle: Handle,
    /// `s3://bucket`.
    root: String,
    /// What stands before all names.
    prefix: String,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.root, self.prefix)
    }
}

impl Bucket {
    /// `s3://bucket/prefix`; keys, region and endpoint are those of the environment (`AWS_…`). Must be called where a
    /// runtime is.
    ///
    /// # Errors
    /// A refusal of a URL that names no bucket, or of an environment that makes no sense.
    pub fn open(url: &str) -> Result<Self> {
        let rest = url.strip_prefix("s3://").unwrap_or_default();
        let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if name.is_empty() {
            return Err(Refusal::new(format!("{url} names no bucket")).hint("write s3://BUCKET/PREFIX").into());
        }
        let is_plain = std::env::var("AWS_ENDPOINT").is_ok_and(|endpoint| endpoint.starts_with("http://"));
        let mut retry =
            RetryConfig { max_retries: 5, retry_timeout: Duration::from_secs(60), ..RetryConfig::default() };
        retry.backoff.max_backoff = Duration::from_secs(5);
        let store = AmazonS3Builder::from_env()
            .with_bucket_name(name)
            .with_retry(retry)
            .with_http_connector(Wire)
            .with_allow_http(is_plain)
            .build()
            .map_err(|error| Refusal::new(format!("{url} cannot be used")).because(error.to_string()).hint(WANTED))?;
        let prefix = prefix.trim_matches('/').to_owned();
        Ok(Self { store: Arc::new(store), handle: Handle::current(), root: format!("s3://{name}"), prefix })
    }

    /// A place below this one.
    #[must_use]
    pub fn below(&self, name: &str) -> Self {
        let prefix = if self.prefix.is_empty() { name.to_owned() } else { format!("{}/{name}", self.prefix) };
        Self { prefix, ..self.clone() }
    }

    /// The last part of its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.prefix.rsplit('/').next().unwrap_or_default()
    }

    fn path(&self, name: &str) -> Result<Path> {
        Ok(Path::parse(self.below(name).prefix)?)
    }

    fn wait<T: Send>(&self, call: impl Future<Output = Result<T, Error>> + Send) -> Result<T> {
        // On a thread of its own: waiting here would take the wakings of whoever waits on this thread already.
        let apart = || std::thread::scope(|scope| scope.spawn(|| self.handle.block_on(call)).join());
        let done = tokio::task::block_in_place(apart).unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        done.map_err(|error| self.refused(error))
    }

    /// An error of the bucket is one of the connection, but for what is not there.
    fn refused(&self, error: Error) -> anyhow::Error {
        let (message, hint) = match &error {
            Error::NotFound { .. } => {
                let missing = Refusal::new(format!("{self} has not what is asked for")).because(error.to_string());
                return missing.hint("look at the bucket and the name").exit(Exit::Failed).into();
            }
            Error::Unauthenticated { .. } | Error::PermissionDenied { .. } => {
                (format!("{} does not let us in", self.root), WANTED)
            }
            // Not every answer that refuses is told apart from others.
            other if [" 401 ", " 403 "].iter().any(|status| other.to_string().contains(status)) => {
                (format!("{} does not let us in", self.root), WANTED)
            }
            _ => (format!("{} cannot be reached", self.root), "look at the bucket's name, AWS_REGION and AWS_ENDPOINT"),
        };
        // The answer is a document of XML, some lines long.
        let because = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        Refusal::new(message).because(because).hint(hint).exit(Exit::Unreachable).into()
    }

    /// All objects below, by what their names have after the prefix, with their sizes.
    ///
    /// # Errors
    /// The bucket's.
    pub(super) fn list(&self) -> Result<Vec<(String, u64)>> {
        let prefix = Path::parse(&self.prefix)?;
        let found = self.wait(self.store.list(Some(&prefix)).try_collect::<Vec<_>>())?;
        let before = if self.prefix.is_empty() { String::new() } else { format!("{}/", self.prefix) };
        let mut all: Vec<(String, u64)> = found
            .into_iter()
            .filter_map(|object| Some((object.location.as_ref().strip_prefix(&before)?.to_owned(), object.size)))
            .collect();
        all.sort();
        Ok(all)
    }

    /// An object, a range at a time.
    ///
    /// # Errors
    /// The bucket's.
    pub(super) fn read(&self, name: &str) -> Result<Reading> {
        let path = self.path(name)?;
        let size = self.wait(self.store.head(&path))?.size;
        Ok(Reading { bucket: self.clone(), path, size, at: 0, chunk: bytes::Bytes::new() })
    }

    /// A small object.
    ///
    /// # Errors
    /// The bucket's.
    pub(super) fn put(&self, name: &str, text: &[u8]) -> Result<()> {
        let path = self.path(name)?;
        self.wait(self.store.put(&path, PutPayload::from(text.to_vec()))).map(drop)
    }

    /// Begins a big one.
    ///
    /// # Errors
    /// The bucket's.
    pub(super) fn upload(&self, name: &str) -> Result<Uploading> {
        let path = self.path(name)?;
        let parts = self.wait(self.store.put_multipart(&path))?;
        Ok(Uploading { bucket: self.clone(), path, parts, part: Vec::new(), count: 0, is_done: false })
    }

    /// Deletes all objects below; the one that makes a backup of them first.
    ///
    /// # Errors
    /// The bucket's.
    pub(super) fn delete(&self) -> Result<()> {
        let mut names: Vec<String> = self.list()?.into_iter().map(|(name, _)| name).collect();
        names.sort_by_key(|name| name != super::SUMS);
        for name in names {
            let path = self.path(&name)?;
            self.wait(self.store.delete(&path)).with_context(|| format!("deleting {self}/{name}"))?;
        }
        Ok(())
    }
}

const WANTED: &str =
    "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and, where it is not Amazon's, AWS_ENDPOINT";

/// An object that is read.
pub(super) struct Reading {
    bucket: Bucket,
    path: Path,
    size: u64,
    at: u64,
    chunk: bytes::Bytes,
}

impl Read for Reading {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.chunk.is_empty() && self.at < self.size {
            let range = self.at..self.size.min(self.at + READ_BYTES);
            self.at = range.end;
            let got = self.bucket.wait(self.bucket.store.get_range(&self.path, range));
            self.chunk = got.map_err(io::Error::other)?;
        }
        let taken = self.chunk.split_to(buffer.len().min(self.chunk.len()));
        buffer[..taken.len()].copy_from_slice(&taken);
        Ok(taken.len())
    }
}

/// An object that is written; given up where it is dropped before it is finished.
pub(super) struct Uploading {
    bucket: Bucket,
    path: Path,
    parts: Box<dyn MultipartUpload>,
    part: Vec<u8>,
    count: usize,
    is_done: bool,
}

impl Uploading {
    fn send(&mut self) -> io::Result<()> {
        self.count += 1;
        let part = PutPayload::from(std::mem::take(&mut self.part));
        let sent = self.parts.put_part(part);
        self.bucket.wait(sent).map_err(io::Error::other)
    }

    /// Sends what is left; the object is there then.
    ///
    /// # Errors
    /// The bucket's.
    pub(super) fn finish(mut self) -> Result<()> {
        let whole = if self.count == 0 {
            // An upload of no part is none, and one of a single part is only slower.
            let text = std::mem::take(&mut self.part);
            let _given_up = self.bucket.wait(self.parts.abort());
            self.bucket.wait(self.bucket.store.put(&self.path, PutPayload::from(text))).map(drop)
        } else {
            if !self.part.is_empty() {
                self.send()?;
            }
            self.bucket.wait(self.parts.complete()).map(drop)
        };
        self.is_done = true;
        whole
    }
}

impl Write for Uploading {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let full = PART_BYTES * (1 + self.count / PARTS_OF_A_SIZE);
        if self.part.capacity() == 0 {
            self.part.reserve_exact(full + super::BUFFER_BYTES);
        }
        self.part.extend_from_slice(buffer);
        if self.part.len() >= full {
            self.send()?;
        }
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Uploading {
    fn drop(&mut self) {
        if !self.is_done {
            let _given_up = self.bucket.wait(self.parts.abort());
        }
    }
}
