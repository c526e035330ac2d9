//! The connection service file (manual, 32.17): `service=app` or PGSERVICE names a section of it.

use std::path::{Path, PathBuf};

use super::environment::Environment;
use crate::error::Refusal;

/// The parameters of a service and the file that has them. `named_file` comes from `servicefile=` or PGSERVICEFILE.
pub(super) fn find(
    service: &str,
    named_file: Option<PathBuf>,
    env: &Environment,
) -> Result<(PathBuf, Vec<(String, String)>), Refusal> {
    let must_exist = named_file.is_some();
    let own = named_file.or_else(|| env.home.as_ref().map(|home| home.join(".pg_service.conf")));
    // Debian's libpq has /etc/postgresql-common compiled in
    let system = Path::new(env.filled("PGSYSCONFDIR").unwrap_or("/etc/postgresql-common")).join("pg_service.conf");
    let mut looked = Vec::new();
    for (path, must_exist) in own.into_iter().map(|path| (path, must_exist)).chain([(system, false)]) {
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                if let Some(pairs) = section(&text, service, &path)? {
                    return Ok((path, pairs));
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !must_exist => {}
            Err(error) => {
                return Err(Refusal::new(format!("the service file {} cannot be read", path.display()))
                    .because(error.to_string()));
            }
        }
        looked.push(path.display().to_string());
    }
    Err(Refusal::new(format!("there is no service `{service}`"))
        .because(format!("looked in {}", looked.join(" and ")))
        .hint(format!("add a section [{service}] to one of them, or set PGSERVICEFILE")))
}

fn section(text: &str, service: &str, path: &Path) -> Result<Option<Vec<(String, String)>>, Refusal> {
    let mut found: Option<Vec<(String, String)>> = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            if found.is_some() {
                break;
            }
            found = (name == service).then(Vec::new);
            continue;
        }
        let Some(pairs) = &mut found else { continue };
        let refuse = |because: &str| {
            Refusal::new(format!("{}:{}: the service file cannot be read", path.display(), index + 1)).because(because)
        };
        match line.split_once('=') {
            Some(("service" | "servicefile", _)) => return Err(refuse("a service cannot name another service")),
            Some((keyword, value)) => pairs.push((keyword.trim().to_owned(), value.trim().to_owned())),
            None if line.starts_with("ldap") => return Err(refuse("LDAP look-up is not supported")),
            None => return Err(refuse("the line is not `keyword=value`")),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# ours\n[other]\nhost=x\n\n[app]\nhost=db\nport = 5433\n[app]\nhost=second\n";

    #[test]
    fn a_section_ends_where_the_next_begins() {
        let pairs = section(FILE, "app", Path::new("f")).unwrap().unwrap();
        assert_eq!(pairs[0], ("host".to_owned(), "db".to_owned()));
        assert_eq!(pairs.len(), 2);
        assert_eq!(section(FILE, "none", Path::new("f")), Ok(None));
    }

    #[test]
    fn lines_that_libpq_refuses_are_refused() {
        for line in ["service=x", "ldap://host/x", "host"] {
            assert!(section(&format!("[a]\n{line}"), "a", Path::new("f")).is_err(), "{line}");
        }
    }

    #[test]
    fn own_file_first_then_the_systems_and_a_named_one_must_exist() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".pg_service.conf"), "[own]\nhost=a").unwrap();
        std::fs::write(folder.path().join("pg_service.conf"), "[own]\nhost=b\n[all]\nhost=c").unwrap();
        let mut env = Environment::default().with("PGSYSCONFDIR", folder.path().to_str().unwrap());
        env.home = Some(folder.path().to_owned());
        assert_eq!(find("own", None, &env).unwrap().1[0].1, "a");
        assert_eq!(find("all", None, &env).unwrap().1[0].1, "c");
        assert!(find("none", None, &env).unwrap_err().because.unwrap().contains(".pg_service.conf and"));
        assert!(find("all", Some(folder.path().join("gone")), &env).is_err());
    }
}
