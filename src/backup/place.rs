//! Where a backup is: a folder, or one file.

use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

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
}

/// The end of a name that says that it is one file.
const TAR: &str = ".tar.zst";

impl Place {
    /// What a path means: `….tar.zst` is one file, all else a folder.
    #[must_use]
    pub fn of_path(path: &Path) -> Self {
        match path.to_string_lossy().ends_with(TAR) {
            true => Self::Tar(path.to_owned()),
            false => Self::Folder(path.to_owned()),
        }
    }

    /// A backup of this name in a folder.
    #[must_use]
    pub fn within(base: &Path, name: &str, form: Form) -> Self {
        match form {
            Form::Tar => Self::Tar(base.join(format!("{name}{TAR}"))),
            Form::Plain | Form::Folder => Self::Folder(base.join(name)),
        }
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Folder(path) | Self::Tar(path) => path,
        }
    }

    /// `folder`, `tar.zst`.
    #[must_use]
    pub fn form(&self) -> Form {
        match self {
            Self::Folder(_) => Form::Folder,
            Self::Tar(_) => Form::Tar,
        }
    }

    /// Whether something is there.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.path().symlink_metadata().is_ok()
    }

    /// Deletes it. A folder first loses the name that makes it a backup, so that half of one is never taken for whole.
    ///
    /// # Errors
    /// The file system's.
    pub fn delete(&self) -> Result<()> {
        let deleted = match self {
            Self::Folder(path) => fs::remove_file(path.join(super::SUMS)).and_then(|()| fs::remove_dir_all(path)),
            Self::Tar(path) => fs::remove_file(path),
        };
        deleted.with_context(|| format!("deleting {self}"))
    }

    /// The files of a folder, with their sizes; what is no file has none.
    pub(super) fn files(folder: &Path) -> Result<Vec<(String, Option<u64>)>> {
        let mut files = Vec::new();
        for (below, prefix) in [(folder.to_owned(), ""), (folder.join("data"), "data/")] {
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

    /// A file of a folder, as it is stored.
    pub(super) fn open(folder: &Path, name: &str) -> std::io::Result<impl Read + Send + use<>> {
        File::open(folder.join(name))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path().display().fmt(f)
    }
}

/// The folder of a schema's backups: its name, with all but letters, digits, `_` and `-` as `%` and their bytes.
#[must_use]
pub fn folder_of_schema(schema: &str) -> String {
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
