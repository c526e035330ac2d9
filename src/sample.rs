//! The sample application, embedded: what `demo` and the tests work on.
//!
//! Nothing here or anywhere in `src` knows its tables; they are in `templates/`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The shared schema.
pub const SHARED: &str = include_str!("../templates/sample/shared.sql");

/// The generator of its rows.
pub const DATA: &str = include_str!("../templates/sample/data.sql");

const FILES: &[(&str, &str)] = &[
    ("tenantctl.toml", include_str!("../templates/tenantctl.sample.toml")),
    ("store_schema.sql", include_str!("../templates/store_schema.sql")),
    ("base_data.sql", include_str!("../templates/base_data.sql")),
    ("onboarding.md", include_str!("../docs/onboarding.md")),
];

/// Writes configuration, template, base data and the document for operators into a folder; returns the configuration's path.
///
/// # Errors
/// The file system's.
pub fn write_files(folder: &Path) -> Result<PathBuf> {
    for (name, text) in FILES {
        let path = folder.join(name);
        std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(folder.join(FILES[0].0))
}
