//! `[backup]`: where backups go, and how they are written.

use super::settings::Settings;
use crate::error::Refusal;

/// `[backup]`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BackupSettings {
    /// The folder of all backups: an absolute path, or a URL (`s3://bucket/prefix`).
    pub to: Option<String>,
    /// Whether each is one file, a compressed tar; else a folder.
    pub tar: bool,
    /// Whole backups of a store that are kept; none: all.
    pub keep: Option<u32>,
    /// The compressor's level.
    pub level: i32,
    /// Tables that are read at once.
    pub jobs: u8,
}

pub(super) fn backup(settings: &Settings) -> Result<BackupSettings, Refusal> {
    let to = match settings.text("backup.to")? {
        Some(url) if url.contains("://") => Some(url),
        Some(_) => settings.path("backup.to")?.map(|path| path.to_string_lossy().into_owned()),
        None => None,
    };
    let tar = match settings.required("backup.form")?.as_str() {
        "folder" => false,
        "tar.zst" => true,
        _ => {
            return Err(settings
                .refuse("backup.form", "is neither `folder` nor `tar.zst`")
                .hint("write \"folder\" or \"tar.zst\""));
        }
    };
    let keep = match settings.get("backup.keep") {
        Some(_) => Some(settings.number("backup.keep", 1, 100_000)?),
        None => None,
    };
    Ok(BackupSettings {
        to,
        tar,
        keep,
        level: settings.number("backup.level", 1, 19)?,
        jobs: settings.number("backup.jobs", 1, 64)?,
    })
}
