//! The text form of the configuration: which keys there are and what a file looks like.
//!
//! A shape only: what a value means, `section.rs`, `table.rs` and `report.rs` check.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::origin::{Place, SourceFile};
use super::value::{Localized, Value};
use crate::conninfo::nearest;
use crate::error::Refusal;

/// What kind of value a key takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Text,
    Number,
    Flag,
    List,
    Localized,
}

/// A key of a section.
pub(super) struct Key {
    /// `shared.schema`.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

type Text = String;
type Number = i64;
type Flag = bool;
type List = Vec<String>;

/// A key, where its value stands, and the value.
pub(super) type Found = (&'static str, Range<usize>, Value);

/// Makes of each section a struct to read it, and of all keys one list; so there is one place that names them.
macro_rules! sections {
    ($(
        $struct:ident $section:literal { $($field:ident = $key:literal: $kind:ident,)+ }
        $({ $($more:ident: $type:ty,)+ })?
    )+) => {
        /// Every key of the sections, in the order of `config.example.toml`.
        pub(super) const KEYS: &[Key] =
            &[$($(Key { name: concat!($section, ".", $key), kind: Kind::$kind },)+)+];

        $(
            #[derive(Default, Deserialize)]
            #[serde(deny_unknown_fields, default)]
            pub(super) struct $struct {
                $(#[serde(rename = $key)] $field: Option<Spanned<$kind>>,)+
                $($(pub(super) $more: $type,)+)?
            }

            impl $struct {
                fn found(&mut self, all: &mut Vec<Found>) {
                    $(if let Some(value) = self.$field.take() {
                        all.push((concat!($section, ".", $key), value.span(), value.into_inner().into()));
                    })+
                }
            }
        )+
    };
}

sections! {
    DatabaseText "database" {
        url = "url": Text,
        password_command = "password_command": Text,
        connect_timeout = "connect_timeout": Text,
    }
    SharedText "shared" {
        schema = "schema": Text,
        tenant_column = "tenant_column": Text,
        common = "common": List,
        ignore = "ignore": List,
    }
    RegistryText "registry" {
        table = "table": Text,
        key = "key": Text,
        name = "name": Text,
        created = "created": Text,
        schema_column = "schema_column": Text,
        url_column = "url_column": Text,
        condition = "where": Text,
    } {
        new: BTreeMap<String, String>,
    }
    StoreSchemaText "store_schema" {
        name = "name": Text,
        url = "url": Text,
        template = "template": Text,
        base_data = "base_data": Text,
        id_headroom = "id_headroom": Number,
        owner = "owner": Text,
        readers = "readers": List,
    }
    RoleText "role" {
        name = "name": Text,
        login = "login": Flag,
        password = "password": Text,
        password_command = "password_command": Text,
        connection_limit = "connection_limit": Number,
        common = "common": List,
        common_write = "common_write": List,
    }
    PoolerText "pooler" {
        name = "name": Text,
        host = "host": Text,
        port = "port": Number,
        pool_size = "pool_size": Number,
        processes = "processes": Number,
        mode = "mode": Text,
    }
    BackupText "backup" {
        to = "to": Text,
        form = "form": Text,
        keep = "keep": Number,
        level = "level": Number,
        jobs = "jobs": Number,
    }
    CopyText "copy" {
        jobs = "jobs": Number,
        piece = "piece": Text,
        split_bytes = "split_bytes": Text,
    }
    SwitchText "switch" {
        lock_wait = "lock_wait": Text,
        deadline = "deadline": Text,
        tries = "tries": Number,
        rounds = "rounds": Number,
    }
    ThrottleText "throttle" {
        max_lag = "max_lag": Text,
        max_active = "max_active": Number,
        max_wal_rate = "max_wal_rate": Text,
        max_lock_waits = "max_lock_waits": Number,
    }
    SessionText "session" {
        lock_timeout = "lock_timeout": Text,
    }
    ValidateText "validate" {
        after_migrate = "after_migrate": Flag,
        timeout = "timeout": Text,
        retries = "retries": Number,
        retry_wait = "retry_wait": Text,
    }
    AlertingText "alerting" {
        repeat = "repeat": Text,
        every = "every": Text,
        webhook = "webhook": Text,
        webhook_headers = "webhook_headers": List,
        command = "command": List,
        timeout = "timeout": Text,
    }
    ReportText "report" {
        title = "title": Localized,
        language = "language": Text,
        timezone = "timezone": Text,
        currency = "currency": Text,
    } {
        samples: Vec<SampleText>,
        next_steps: Vec<NextStepText>,
    }
}

/// One of `[[report.samples]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SampleText {
    pub(super) title: Spanned<Localized>,
    pub(super) query: String,
}

/// One of `[[report.next_steps]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NextStepText {
    pub(super) text: Spanned<Localized>,
    pub(super) done_when: Option<Spanned<String>>,
}

/// One of `[[tables]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableText {
    pub(super) name: Spanned<String>,
    pub(super) group: Option<String>,
    pub(super) tenant_column: Option<String>,
    pub(super) parent: Option<String>,
    pub(super) on: Option<String>,
    pub(super) rows: Option<String>,
    #[serde(default)]
    pub(super) omit: Vec<String>,
}

/// One of `[[probes]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProbeText {
    pub(super) name: Spanned<String>,
    pub(super) title: Option<Localized>,
    pub(super) http: Option<HttpText>,
    pub(super) sql: Option<String>,
    pub(super) expect: Option<Spanned<String>>,
    pub(super) command: Option<Vec<String>>,
    pub(super) exit_code: Option<Spanned<i64>>,
    pub(super) timeout: Option<Spanned<String>>,
    pub(super) retries: Option<Spanned<i64>>,
    pub(super) retry_wait: Option<Spanned<String>>,
    pub(super) stage: Option<Spanned<String>>,
}

/// One of `[[alerts]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlertText {
    pub(super) name: Spanned<String>,
    pub(super) title: Option<Localized>,
    pub(super) metric: Option<Spanned<String>>,
    pub(super) above: Option<ThresholdText>,
    pub(super) below: Option<ThresholdText>,
    #[serde(rename = "for")]
    pub(super) duration: Option<String>,
    pub(super) severity: Option<String>,
    pub(super) repeat: Option<String>,
    pub(super) when_unknown: Option<String>,
    #[serde(default)]
    pub(super) off: bool,
    #[serde(default)]
    pub(super) stores: BTreeMap<String, ThresholdText>,
}

/// A threshold: a number, or text with a unit.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum ThresholdText {
    Whole(i64),
    Number(f64),
    Text(String),
}

/// `http` of one of `[[probes]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HttpText {
    pub(super) url: Spanned<String>,
    pub(super) method: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Option<String>,
    pub(super) status: Option<Spanned<i64>>,
    pub(super) json: Option<Spanned<String>>,
    pub(super) equals_query: Option<String>,
    #[serde(default)]
    pub(super) any_order: bool,
}

/// Keys of the repeated sections, for the documents' sake.
pub(super) const REPEATED_KEYS: &[&str] = &[
    "tables.name",
    "tables.group",
    "tables.tenant_column",
    "tables.parent",
    "tables.on",
    "tables.rows",
    "tables.omit",
    "probes.name",
    "probes.title",
    "probes.sql",
    "probes.expect",
    "probes.command",
    "probes.exit_code",
    "probes.timeout",
    "probes.retries",
    "probes.retry_wait",
    "probes.stage",
    "probes.http.url",
    "probes.http.method",
    "probes.http.headers",
    "probes.http.body",
    "probes.http.status",
    "probes.http.json",
    "probes.http.equals_query",
    "probes.http.any_order",
    "alerts.name",
    "alerts.title",
    "alerts.metric",
    "alerts.above",
    "alerts.below",
    "alerts.for",
    "alerts.severity",
    "alerts.repeat",
    "alerts.when_unknown",
    "alerts.off",
    "alerts.stores",
    "registry.new",
    "report.samples.title",
    "report.samples.query",
    "report.next_steps.text",
    "report.next_steps.done_when",
];

/// The sections that a profile may change.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ProfileText {
    database: DatabaseText,
    shared: SharedText,
    pub(super) registry: RegistryText,
    store_schema: StoreSchemaText,
    role: RoleText,
    pooler: PoolerText,
    backup: BackupText,
    copy: CopyText,
    switch: SwitchText,
    throttle: ThrottleText,
    session: SessionText,
    validate: ValidateText,
    alerting: AlertingText,
    pub(super) report: ReportText,
}

impl ProfileText {
    /// What it says, key by key.
    pub(super) fn found(&mut self) -> Vec<Found> {
        let mut all = Vec::new();
        self.database.found(&mut all);
        self.shared.found(&mut all);
        self.registry.found(&mut all);
        self.store_schema.found(&mut all);
        self.role.found(&mut all);
        self.pooler.found(&mut all);
        self.backup.found(&mut all);
        self.copy.found(&mut all);
        self.switch.found(&mut all);
        self.throttle.found(&mut all);
        self.session.found(&mut all);
        self.validate.found(&mut all);
        self.alerting.found(&mut all);
        self.report.found(&mut all);
        all
    }
}

/// A whole file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FileText {
    database: DatabaseText,
    shared: SharedText,
    registry: RegistryText,
    store_schema: StoreSchemaText,
    role: RoleText,
    pooler: PoolerText,
    backup: BackupText,
    copy: CopyText,
    switch: SwitchText,
    throttle: ThrottleText,
    session: SessionText,
    validate: ValidateText,
    alerting: AlertingText,
    report: ReportText,
    pub(super) tables: Vec<TableText>,
    pub(super) probes: Vec<ProbeText>,
    pub(super) alerts: Vec<AlertText>,
    pub(super) profile: BTreeMap<String, ProfileText>,
}

impl FileText {
    /// The sections, without the profiles.
    pub(super) fn sections(&mut self) -> ProfileText {
        use std::mem::take;
        ProfileText {
            database: take(&mut self.database),
            shared: take(&mut self.shared),
            registry: take(&mut self.registry),
            store_schema: take(&mut self.store_schema),
            role: take(&mut self.role),
            pooler: take(&mut self.pooler),
            backup: take(&mut self.backup),
            copy: take(&mut self.copy),
            switch: take(&mut self.switch),
            throttle: take(&mut self.throttle),
            session: take(&mut self.session),
            validate: take(&mut self.validate),
            alerting: take(&mut self.alerting),
            report: take(&mut self.report),
        }
    }
}

/// Reads a file's text; an error points at the line and proposes what may have been meant.
pub(super) fn parse(file: &Arc<SourceFile>) -> Result<FileText, Refusal> {
    toml::from_str(&file.text).map_err(|error| {
        let place = Place { file: Arc::clone(file), span: error.span().unwrap_or_default() };
        let message = error.message().replace('\n', "; ");
        let Some(rest) = message.strip_prefix("unknown field ") else {
            return place.refuse(&message).hint("correct the line; config.example.toml shows how each key is written");
        };
        let mut words = rest.split('`').skip(1).step_by(2); // serde: unknown field `x`, expected one of `a`, `b`
        let unknown = words.next().unwrap_or_default();
        let known: Vec<&str> = words.collect();
        let refusal = place.refuse(&format!("unknown key `{unknown}`"));
        if unknown == "tables" {
            return refusal.hint("a profile has no [[tables]]: the tables are the same in every profile");
        }
        let list = format!("known here: {}", known.join(", "));
        match nearest(unknown, known) {
            Some(candidate) => refusal.hint(format!("did you mean `{candidate}`?")),
            None => refusal.hint(list),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> Refusal {
        let file = SourceFile { path: "t.toml".into(), text: text.to_owned() };
        parse(&Arc::new(file)).err().expect("refused")
    }

    #[test]
    fn errors_point_at_the_line_and_propose() {
        for (text, message, hint) in [
            ("[shared]\nscheam = \"x\"", "t.toml:2:1: unknown key `scheam`\n", Some("did you mean `schema`?")),
            ("[shard]\nx = 1", "t.toml:1:2: unknown key `shard`\n", Some("did you mean `shared`?")),
            ("[registry]\nqqq = 1", "t.toml:2:1: unknown key `qqq`\n", Some("known here: table, key, name, created")),
            ("[copy]\njobs = \"2\"", "t.toml:2:8: invalid type: string \"2\", expected i64\n", None),
            (
                "[[tables]]\nname = \"a\"\nparnt = \"b\"",
                "t.toml:3:1: unknown key `parnt`\n",
                Some("did you mean `parent`?"),
            ),
            ("[[tables]]\ngroup = \"a\"", "t.toml:1:1: missing field `name`\n", None),
            ("[[profile.x.tables]]\nname = \"a\"", "unknown key `tables`\n", Some("a profile has no [[tables]]")),
            ("[report]\ntitle.fr = \"x\"", "unknown key `fr`\n", Some("known here: en, es")),
            ("[report]\ntitle = 3", "t.toml:2:9: invalid type: integer `3`, expected a text, or", None),
            ("[shared\nx", "t.toml:1:8: ", None),
            ("[shared]\nschema = \"a\"\nschema = \"b\"", "t.toml:3:1: duplicate key", None),
        ] {
            let refusal = refusal(text);
            assert!(refusal.message.contains(message), "{text}: {}", refusal.message);
            assert!(refusal.hint.clone().unwrap_or_default().starts_with(hint.unwrap_or_default()), "{refusal:?}");
        }
    }

    #[test]
    fn the_list_of_repeated_keys_is_what_serde_takes() {
        for (prefix, head) in [
            ("tables.", "[[tables]]"),
            ("report.samples.", "[[report.samples]]"),
            ("report.next_steps.", "[[report.next_steps]]"),
        ] {
            let hint = refusal(&format!("{head}\nqqq = 1")).hint.unwrap();
            let known: Vec<&str> = REPEATED_KEYS.iter().filter_map(|key| key.strip_prefix(prefix)).collect();
            assert_eq!(hint, format!("known here: {}", known.join(", ")));
        }
    }
}
