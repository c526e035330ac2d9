//! The password file (manual, 32.16): `host:port:database:user:password` per line, the first that fits counts.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::secret::Secret;
use crate::error::Refusal;

/// What a connection is looked up by.
pub(super) struct Wanted<'a> {
    pub(super) host: &'a str,
    /// A socket of the local server also goes by the name `localhost`.
    pub(super) is_socket: bool,
    pub(super) port: u16,
    pub(super) database: &'a str,
    pub(super) user: &'a str,
}

/// Reads the file anew and looks a password up. No file, or a device such as /dev/null: no password.
///
/// # Errors
/// Refuses a file that others can read, as libpq does (which then goes on without a password and only warns).
pub(super) fn look_up(path: &Path, wanted: &Wanted<'_>) -> Result<Option<Secret>, Refusal> {
    let unreadable = |error: std::io::Error| {
        Refusal::new(format!("the password file {} cannot be read", path.display())).because(error.to_string())
    };
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => metadata,
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(Refusal::new(format!("the password file {} is not used", path.display()))
            .because(format!("its mode is {mode:04o}: group or others may read or write it"))
            .hint(format!("chmod 600 {}", path.display())));
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    Ok(text.lines().filter(|line| !line.starts_with('#')).find_map(|line| password_of(line, wanted)))
}

fn password_of(line: &str, wanted: &Wanted<'_>) -> Option<Secret> {
    let (fields, password) = fields(line)?;
    let port = wanted.port.to_string();
    let host_fits = fits(&fields[0], wanted.host) || (wanted.is_socket && fits(&fields[0], "localhost"));
    let rest_fits = fits(&fields[1], &port) && fits(&fields[2], wanted.database) && fits(&fields[3], wanted.user);
    (host_fits && rest_fits && !password.is_empty()).then(|| Secret::new(password))
}

/// A field as written, and whether it is a bare `*`.
struct Field {
    text: String,
    any: bool,
}

fn fits(field: &Field, wanted: &str) -> bool {
    field.any || field.text == wanted
}

fn fields(line: &str) -> Option<(Vec<Field>, String)> {
    let mut parts = Vec::with_capacity(5);
    let mut part = (String::new(), false);
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                part.0.extend(chars.next());
                part.1 = true;
            }
            ':' if parts.len() == 4 => break, // what follows the password is not read, as in libpq
            ':' => parts.push(std::mem::take(&mut part)),
            c => part.0.push(c),
        }
    }
    parts.push(part);
    let (password, _) = (parts.len() == 5).then(|| parts.pop())??;
    let field = |(text, escaped): (String, bool)| Field { any: text == "*" && !escaped, text };
    Some((parts.into_iter().map(field).collect(), password))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(host: &str) -> Wanted<'_> {
        Wanted { host, is_socket: host.starts_with('/'), port: 5432, database: "shop", user: "app" }
    }

    #[test]
    fn the_fields_of_a_line() {
        for (line, host, want) in [
            ("db:5432:shop:app:secret", "db", Some("secret")),
            ("*:*:*:*:secret", "db", Some("secret")),
            ("db:5433:shop:app:secret", "db", None),
            ("db:5432:other:app:secret", "db", None),
            ("db:5432:shop:other:secret", "db", None),
            (r"*:*:*:*:a\:b\\c", "db", Some(r"a:b\c")),
            (r"\:\:1:*:*:*:six", "::1", Some("six")),
            (r"\*:*:*:*:x", "db", None),
            ("d*:*:*:*:x", "db", None),
            ("localhost:*:*:*:x", "/var/run/postgresql", Some("x")),
            ("/var/run/postgresql:*:*:*:x", "/var/run/postgresql", Some("x")),
            ("localhost:*:*:*:x", "db", None),
            ("db:5432:shop:app:", "db", None),
            ("db:5432:shop", "db", None),
            ("", "db", None),
        ] {
            let found = password_of(line, &wanted(host));
            assert_eq!(found.as_ref().map(Secret::reveal), want, "{line}");
        }
    }

    #[test]
    fn the_first_line_that_fits_counts_and_others_must_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pass");
        assert_eq!(look_up(&path, &wanted("db")), Ok(None));
        std::fs::write(&path, "# db:*:*:*:no\nx:*:*:*:no\ndb:*:*:*:one\n*:*:*:*:two\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let refusal = look_up(&path, &wanted("db")).unwrap_err();
        assert!(refusal.because.unwrap().contains("0640"));
        assert_eq!(refusal.hint, Some(format!("chmod 600 {}", path.display())));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(look_up(&path, &wanted("db")).unwrap().unwrap().reveal(), "one");
        assert_eq!(look_up(Path::new("/dev/null"), &wanted("db")), Ok(None));
    }
}
