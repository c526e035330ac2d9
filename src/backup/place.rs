//! Where a backup is: a folder, one file, or objects of a bucket.

use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::bucket::Bucket;
use crate::error::Refusal;

/// How a backup is laid out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// A folder with a file of plain text per table.
    Plain,
    /// A folder with a compressed file per table.
    Folder,
    /// One file: a compressed tar of the plain folder.
    Tar,
}

impl Form {
    /// Its word in reports and in the journal.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Plain | Self::Folder => "folder",
            Self::Tar => "tar.zst",
        }
    }
}

/// Where a backup is.
#[derive(Clone, Debug)]
pub enum Place {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A file of this machine.
    Tar(PathBuf),
    /// Objects of a bucket.
    Bucket(Bucket),
}

/// The end of a name that says that it is one file.
const TAR: &str = ".tar.zst";

impl Place {
    /// What a path or a URL means: `….tar.zst` is one file, `s3://…` a bucket, all else a folder.
    ///
    /// # Errors
    /// A refusal of a URL that is none of a bucket.
    pub fn parse(text: &str) -> Result<Self> {
        match local(text)? {
            Some(path) => Ok(Self::of_path(&path)),
            None => Bucket::open(text).map(Self::Bucket),
        }
    }

    pub(super) fn of_path(path: &Path) -> Self {
        match path.to_string_lossy().ends_with(TAR) {
            true => Self::Tar(path.to_owned()),
            false => Self::Folder(path.to_owned()),
        }
    }

    /// The path, of what is on this machine.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::Folder(path) | Self::Tar(path) => Some(path),
            Self::Bucket(_) => None,
        }
    }

    /// The last part of its name.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Folder(path) | Self::Tar(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            Self::Bucket(bucket) => bucket.name().to_owned(),
        }
    }

    /// `folder`, `tar.zst`.
    #[must_use]
    pub fn form(&self) -> Form {
        match self {
            Self::Folder(_) | Self::Bucket(_) => Form::Folder,
            Self::Tar(_) => Form::Tar,
        }
    }

    /// Whether something is there.
    ///
    /// # Errors
    /// The bucket's.
    pub fn exists(&self) -> Result<bool> {
        match self {
            Self::Folder(path) | Self::Tar(path) => Ok(path.symlink_metadata().is_ok()),
            Self::Bucket(bucket) => Ok(!bucket.list()?.is_empty()),
        }
    }

    /// Whether it is a backup, however damaged, and no place of several.
    ///
    /// # Errors
    /// The file system's or the bucket's.
    pub fn looks_like_one(&self) -> Result<bool> {
        let names = match self {
            Self::Folder(path) if path.is_dir() => self.files()?,
            Self::Folder(_) | Self::Tar(_) => return Ok(true),
            Self::Bucket(_) => self.files()?,
        };
        Ok(names.iter().any(|(name, _)| [super::CONTENTS, super::SUMS, "load.sql"].contains(&name.as_str())))
    }

    /// Deletes it. Files first lose the one that makes them a backup, so that half of one is never taken for whole.
    ///
    /// # Errors
    /// The file system's or the bucket's.
    pub fn delete(&self) -> Result<()> {
        let deleted = match self {
            Self::Folder(path) => fs::remove_file(path.join(super::SUMS)).and_then(|()| fs::remove_dir_all(path)),
            Self::Tar(path) => fs::remove_file(path),
            Self::Bucket(bucket) => return bucket.delete(),
        };
        deleted.with_context(|| format!("deleting {self}"))
    }

    /// The files, with their sizes; what is no file has none. One file has none in it that could be asked for.
    pub(super) fn files(&self) -> Result<Vec<(String, Option<u64>)>> {
        let folder = match self {
            Self::Folder(folder) => folder,
            Self::Tar(_) => return Ok(Vec::new()),
            Self::Bucket(bucket) => {
                return Ok(bucket.list()?.into_iter().map(|(name, bytes)| (name, Some(bytes))).collect());
            }
        };
        let mut files = Vec::new();
        for (below, prefix) in [(folder.to_owned(), ""), (folder.join("data"), "data/")] {
            if !prefix.is_empty() && !below.exists() {
                continue; // its files are missed one by one
            }
            for entry in fs::read_dir(&below).with_context(|| format!("reading {}", below.display()))? {
                let entry = entry?;
                let kind = entry.file_type()?;
                let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
                if name == "data" && kind.is_dir() {
                    continue;
                }
                files.push((name, if kind.is_file() { Some(entry.metadata()?.len()) } else { None }));
            }
        }
        files.sort();
        Ok(files)
    }

    /// A file, as it is stored.
    pub(super) fn open(&self, name: &str) -> Result<Box<dyn Read + Send>> {
        match self {
            Self::Folder(folder) | Self::Tar(folder) => Ok(Box::new(File::open(folder.join(name))?)),
            Self::Bucket(bucket) => Ok(Box::new(bucket.read(name)?)),
        }
    }
}

/// The path on this machine that a text means; none for a bucket.
fn local(text: &str) -> Result<Option<PathBuf>, Refusal> {
    match text.split_once("://") {
        None => Ok(Some(PathBuf::from(text))),
        Some(("file", path)) if path.starts_with('/') => Ok(Some(PathBuf::from(path))),
        Some(("s3", _)) => Ok(None),
        Some(_) => Err(Refusal::new(format!("{text} is no place for backups"))
            .hint("name a path, file:///PATH or s3://BUCKET/PREFIX")),
    }
}

/// Where backups of any store are: SCHEMA/TIME in it.
#[derive(Clone, Debug)]
pub enum Base {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A place in a bucket.
    Bucket(Bucket),
}

impl Base {
    /// What a path or a URL means.
    ///
    /// # Errors
    /// As [`Place::parse`].
    pub fn parse(text: &str) -> Result<Self> {
        match local(text)? {
            Some(path) => Ok(Self::Folder(path)),
            None => Bucket::open(text).map(Self::Bucket),
        }
    }

    /// Where the next backup of a schema goes; its folder is made.
    ///
    /// # Errors
    /// The file system's.
    pub fn place(&self, schema: &str, name: &str, form: Form) -> Result<Place> {
        let schema = folder_of_schema(schema);
        match self {
            Self::Folder(path) => {
                let folder = path.join(schema);
                let mut maker = fs::DirBuilder::new();
                let made = maker.mode(0o700).recursive(true).create(&folder);
                made.with_context(|| format!("making {}", folder.display()))?;
                Ok(match form {
                    Form::Tar => Place::Tar(folder.join(format!("{name}{TAR}"))),
                    Form::Plain | Form::Folder => Place::Folder(folder.join(name)),
                })
            }
            Self::Bucket(bucket) => Ok(Place::Bucket(bucket.below(&schema).below(name))),
        }
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => path.display().fmt(f),
            Self::Bucket(bucket) => bucket.fmt(f),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) | Self::Tar(path) => path.display().fmt(f),
            Self::Bucket(bucket) => bucket.fmt(f),
        }
    }
}

/// The folder of a schema's backups: its name, with all but letters, digits, `_` and `-` as `%` and their bytes.
fn folder_of_schema(schema: &str) -> String {
    let mut name = String::new();
    for byte in schema.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => name.push(char::from(byte)),
            _ => name.push_str(&format!("%{byte:02X}")),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_has_a_folder_that_no_other_has() {
        assert_eq!(folder_of_schema("store_4"), "store_4");
        assert_eq!(folder_of_schema("../ñ a"), "%2E%2E%2F%C3%B1%20a");
        assert_eq!(folder_of_schema("%41"), "%2541");
    }
}
