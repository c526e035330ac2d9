//! `[role]`: the role of each store.
//!
//! What the words mean; whether tables and roles exist, `pg` asks.

use super::pattern::StorePattern;
use super::settings::Settings;
use crate::conninfo::PasswordCommand;
use crate::error::Refusal;
use crate::ident::{Ident, QualifiedTable};
use crate::store::Store;

/// Names that PostgreSQL keeps for itself.
const RESERVED: &[&str] = &["public", "none", "current_user", "current_role", "session_user"];

/// How the role of a store is called.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RolePattern(StorePattern);

impl RolePattern {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        StorePattern::parse(text, "role").map(Self)
    }

    /// The name for one store of a database. `{name}` becomes lower case with `_` for all but letters and digits.
    ///
    /// # Errors
    /// Refuses where the store has no name and the pattern wants it, a name over 63 bytes, and names that are
    /// PostgreSQL's own.
    pub fn role_name(&self, store: &Store, database: &str) -> Result<Ident, Refusal> {
        let key = &store.key;
        let made = self.0.fill(store, database).ok_or_else(|| {
            Refusal::new(format!("no role name can be made for store {key}"))
                .because("the pattern has {name}, and the registry has none for this store")
                .hint("fill the registry's column, or use {key} in [role] name")
        })?;
        if made.starts_with("pg_") || RESERVED.contains(&made.as_str()) {
            return Err(Refusal::new(format!("`{made}` cannot be the role of store {key}"))
                .because("the name has a meaning of its own")
                .hint("change [role] name"));
        }
        Ident::parse(&made).map_err(|refusal| refusal.hint("make [role] name shorter, such as `{schema}`"))
    }
}

/// Where the password of a store's role comes from.
#[derive(Clone, Debug)]
pub enum RolePassword {
    /// It has none: it logs in by other means, or not at all.
    None,
    /// It is made when somebody asks to see it.
    Generate,
    /// A command prints it; it sees TENANTCTL_STORE, TENANTCTL_SCHEMA and TENANTCTL_ROLE.
    Command(PasswordCommand),
}

/// `[role]`: what is made for each store beside its schema.
#[derive(Clone, Debug)]
pub struct RoleSettings {
    /// Its name.
    pub name: RolePattern,
    /// Whether it may log in.
    pub login: bool,
    /// Where its password comes from.
    pub password: RolePassword,
    /// Connections that it may have at once; -1: any number.
    pub connection_limit: i32,
    /// Tables outside its schema that it may read.
    pub common: Vec<QualifiedTable>,
    /// Tables outside its schema that it may also write.
    pub common_write: Vec<QualifiedTable>,
}

pub(super) fn role(settings: &Settings) -> Result<Option<RoleSettings>, Refusal> {
    if !settings.has_section("role") {
        return Ok(None);
    }
    let shared = settings.required_name("shared.schema")?;
    let tables = |key: &str| -> Result<Vec<QualifiedTable>, Refusal> {
        let texts = settings.list(key)?.into_iter().map(|text| {
            QualifiedTable::parse(&text, &shared)
                .map_err(|inner| Refusal { hint: inner.hint, ..settings.refuse(key, &inner.message) })
        });
        texts.collect()
    };
    let name_key = "role.name";
    let name = RolePattern::parse(&settings.required(name_key)?).map_err(|why| settings.refuse(name_key, &why))?;
    let login = settings.flag("role.login");
    let command = settings.command("role.password_command");
    let password = match (settings.text("role.password")?.as_deref(), command) {
        (None | Some("command"), Some(command)) => RolePassword::Command(command),
        (Some("none" | "generate"), Some(_)) => {
            return Err(settings
                .refuse("role.password", "leaves no use for password_command, which is there too")
                .hint("write \"command\", or leave password_command out"));
        }
        (Some("none"), None) => RolePassword::None,
        (Some("generate"), None) => RolePassword::Generate,
        (Some("command"), None) => {
            return Err(settings.refuse("role.password", "needs [role] password_command, which is not there"));
        }
        // Not with the line it stands in, as others are: it may be a password.
        (Some(_), _) => {
            return Err(Refusal::new("[role] password: is neither `generate` nor `command` nor `none`")
                .hint("a password itself never stands in the configuration: password_command prints one"));
        }
        (None, None) if login => RolePassword::Generate,
        (None, None) => RolePassword::None,
    };
    if !login && !matches!(password, RolePassword::None) {
        return Err(settings
            .refuse("role.login", "is false, and a role that cannot log in needs no password")
            .hint("write login = true, or leave password and password_command out"));
    }
    let connection_limit = match settings.get("role.connection_limit") {
        Some(_) => settings.number("role.connection_limit", -1, 1_000_000)?,
        None => -1,
    };
    let (common, common_write) = (tables("role.common")?, tables("role.common_write")?);
    if let Some(twice) = common.iter().find(|table| common_write.contains(table)) {
        return Err(settings.refuse("role.common", &format!("{} stands in common_write too", twice.raw())));
    }
    Ok(Some(RoleSettings { name, login, password, connection_limit, common, common_write }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{KeyFamily, KeyType, StoreKey};

    fn named(pattern: &str, name: Option<&str>) -> Result<String, Refusal> {
        let key_type = KeyType { sql: "text".into(), family: KeyFamily::Text };
        let store = Store {
            key: StoreKey::parse("ñandú 4", &key_type).unwrap(),
            name: name.map(str::to_owned),
            schema: Ident::new("Weird Schema"),
        };
        RolePattern::parse(pattern).unwrap().role_name(&store, "shop").map(|role| role.raw().to_owned())
    }

    #[test]
    fn names_are_made() {
        assert_eq!(named("{database}_{schema}", None).as_deref(), Ok("shop_Weird Schema"));
        assert_eq!(named("app_{key}", None).as_deref(), Ok("app_ñandú 4"));
        assert_eq!(named("{name}", Some("Café d'Ola")).as_deref(), Ok("café_d_ola"));
        assert!(named("{name}", None).unwrap_err().because.is_some());
        assert!(named("pg_{key}", None).is_err());
        assert!(named(&format!("{}{{key}}", "x".repeat(60)), None).unwrap_err().hint.is_some());
        for pattern in ["app", "{database}", "{id}", "{key"] {
            assert!(RolePattern::parse(pattern).is_err(), "{pattern}");
        }
    }
}
