//! Which statements run before the load and which after it, and what later steps must know of them.
//!
//! The line `-- tenantctl: after the load` divides a template. Without it each statement is judged by its kind; the
//! order is kept within each section:
//!
//! * **After the load**: CREATE INDEX, TRIGGER, RULE, VIEW, MATERIALIZED VIEW, POLICY, STATISTICS; ALTER INDEX, VIEW,
//!   MATERIALIZED VIEW, STATISTICS, TRIGGER, RULE, POLICY; COMMENT ON these and ON CONSTRAINT; REFRESH, CLUSTER,
//!   REINDEX, ANALYZE; ALTER TABLE whose every action adds a key or a foreign key, adds a CHECK or NOT NULL that is
//!   NOT VALID (the rows may break it), validates, enables, disables or forces triggers, rules or row security, or
//!   sets the replica identity or the index to cluster on.
//! * **After it by name**: GRANT, REVOKE, COMMENT, SECURITY LABEL, ALTER and DROP that name a view, an index, a
//!   constraint or a statistics object which an earlier statement of the second section makes.
//! * **Before it**: all else, and all that cannot be decided: types, sequences, functions, tables, valid CHECKs,
//!   defaults, rows. A function that reads a view at its creation needs the line.
//!
//! ALTER TABLE with actions of both sorts stays before: the columns must be there for the load.

use serde::{Deserialize, Serialize};

use super::shape::{Lexeme, View};

/// When a statement runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// Before the rows are loaded.
    BeforeLoad,
    /// After it.
    AfterLoad,
}

/// What later steps must know of a statement; all else they learn from the catalogs.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatementKind {
    /// CREATE [UNIQUE] INDEX.
    CreateIndex,
    /// ALTER TABLE with at least one foreign key, also ADD COLUMN … REFERENCES.
    AddForeignKey,
    /// ALTER TABLE that adds a primary key, a unique or an exclusion constraint and no foreign key.
    AddKey,
    /// A setting; rendered as SET LOCAL, so it counts for its transaction only: see [`super::settings_for`].
    Set,
    /// COMMENT ON.
    Comment,
    /// All else.
    Other,
}

/// The kind of a statement.
pub(super) fn kind(view: View<'_>) -> StatementKind {
    let mut rest = view;
    if eat_create_index(&mut rest) {
        return StatementKind::CreateIndex;
    }
    match view.word(0) {
        "SET" if view.word(1) == "CONSTRAINTS" => StatementKind::Other, // counts for its transaction anyway
        "SET" | "RESET" => StatementKind::Set,
        "COMMENT" => StatementKind::Comment,
        "ALTER" => {
            let (_, actions) = alter_table(view).unwrap_or_default();
            if actions.iter().any(adds_foreign_key) {
                StatementKind::AddForeignKey
            } else if actions.iter().any(|action| matches!(added_constraint(*action), "PRIMARY" | "UNIQUE" | "EXCLUDE"))
            {
                StatementKind::AddKey
            } else {
                StatementKind::Other
            }
        }
        _ => StatementKind::Other,
    }
}

/// Decides statement by statement for a template without the line.
#[derive(Debug, Default)]
pub(super) struct Division {
    // What the second section has made so far, by the last part of its name.
    made_after: Vec<String>,
}

const AFTER_OBJECTS: &[&str] =
    &["INDEX", "TRIGGER", "RULE", "VIEW", "MATERIALIZED VIEW", "POLICY", "STATISTICS", "CONSTRAINT"];

impl Division {
    /// The section of the next statement.
    pub(super) fn section(&mut self, view: View<'_>) -> Section {
        if self.goes_after(view) { Section::AfterLoad } else { Section::BeforeLoad }
    }

    fn goes_after(&mut self, view: View<'_>) -> bool {
        let mut rest = view;
        if rest.eat("CREATE") {
            return self.create_goes_after(rest);
        }
        if let Some((table, actions)) = alter_table(view) {
            // pg_dump writes ALTER TABLE … OWNER TO for views too
            return self.made_after.contains(&table) || self.actions_go_after(&actions);
        }
        if rest.eat_any(&["REFRESH", "CLUSTER", "REINDEX", "ANALYZE", "ANALYSE"]).is_some() {
            return true;
        }
        if rest.eat_any(&["ALTER", "DROP", "COMMENT ON"]).is_some() {
            return rest.eat_any(AFTER_OBJECTS).is_some() || rest.names_any(&self.made_after);
        }
        let follows = rest.eat_any(&["GRANT", "REVOKE", "SECURITY LABEL"]).is_some();
        follows && rest.names_any(&self.made_after)
    }

    fn create_goes_after(&mut self, mut rest: View<'_>) -> bool {
        rest.eat("OR REPLACE");
        let object = rest.eat_any(&[
            "INDEX",
            "UNIQUE INDEX",
            "TRIGGER",
            "CONSTRAINT TRIGGER",
            "RULE",
            "VIEW",
            "RECURSIVE VIEW",
            "MATERIALIZED VIEW",
            "POLICY",
            "STATISTICS",
        ]);
        match object {
            None => return false,
            Some("TRIGGER" | "CONSTRAINT TRIGGER" | "RULE" | "POLICY") => return true, // often named as their function
            Some(_) => {}
        }
        rest.eat("IF NOT EXISTS");
        if !rest.begins("ON") {
            self.made_after.extend(rest.eat_name());
        }
        true
    }

    fn actions_go_after(&mut self, actions: &[View<'_>]) -> bool {
        let after = !actions.is_empty() && actions.iter().all(|action| self.action_goes_after(*action));
        if after {
            for mut action in actions.iter().copied() {
                if action.eat("ADD CONSTRAINT") {
                    self.made_after.extend(action.eat_name());
                }
            }
        }
        after
    }

    fn action_goes_after(&self, action: View<'_>) -> bool {
        let not_valid = action.has_words("NOT VALID");
        match added_constraint(action) {
            "PRIMARY" | "UNIQUE" | "EXCLUDE" | "FOREIGN" => return true,
            "CHECK" | "NOT" => return not_valid,
            _ => {}
        }
        let mut rest = action;
        let toggles = ["TRIGGER", "RULE", "ROW LEVEL SECURITY", "ALWAYS", "REPLICA TRIGGER", "REPLICA RULE"];
        if rest.eat_any(&["ENABLE", "DISABLE", "FORCE", "NO FORCE"]).is_some() {
            return rest.eat_any(&toggles).is_some();
        }
        if rest.eat_any(&["VALIDATE CONSTRAINT", "REPLICA IDENTITY", "CLUSTER ON", "SET WITHOUT CLUSTER"]).is_some() {
            return true;
        }
        let follows = rest.eat_any(&["DROP CONSTRAINT", "ALTER CONSTRAINT", "RENAME CONSTRAINT"]).is_some();
        follows && rest.names_any(&self.made_after)
    }
}

fn eat_create_index(view: &mut View<'_>) -> bool {
    view.eat_any(&["CREATE INDEX", "CREATE UNIQUE INDEX"]).is_some()
}

/// The table's name and the actions of ALTER [FOREIGN] TABLE.
fn alter_table(mut view: View<'_>) -> Option<(String, Vec<View<'_>>)> {
    view.eat_any(&["ALTER TABLE", "ALTER FOREIGN TABLE"])?;
    view.eat("IF EXISTS");
    view.eat("ONLY");
    let table = view.eat_name()?;
    view.eat_sign('*');
    Some((table, view.between_commas()))
}

/// The first word of the constraint that an action adds, or nothing.
fn added_constraint(mut action: View<'_>) -> &str {
    if action.eat("ADD CONSTRAINT") {
        action.eat_name();
        return action.word(0);
    }
    if !action.eat("ADD") {
        return "";
    }
    let is_constraint = match action.word(0) {
        "PRIMARY" | "FOREIGN" | "UNIQUE" | "CHECK" | "NOT" => true, // reserved: no column is called so
        "EXCLUDE" => action.word(1) == "USING" || action.0.get(1) == Some(&Lexeme::Sign('(')),
        _ => false,
    };
    if is_constraint { action.word(0) } else { "" }
}

fn adds_foreign_key(action: &View<'_>) -> bool {
    added_constraint(*action) == "FOREIGN" || action.begins("ADD") && action.has_word("REFERENCES")
}

#[cfg(test)]
mod tests {
    use super::super::shape::Shape;
    use super::*;
    use crate::lexer::{Piece, pieces};

    fn divide(text: &str) -> Vec<(Section, StatementKind)> {
        let mut division = Division::default();
        pieces("t.sql", text)
            .filter_map(|piece| match piece.unwrap() {
                Piece::Statement(statement) => Some(statement),
                Piece::Comment { .. } => None,
            })
            .map(|statement| {
                let shape = Shape::of(&statement);
                (division.section(shape.view()), kind(shape.view()))
            })
            .collect()
    }

    #[test]
    fn a_statement_goes_where_its_kind_sends_it() {
        use Section::{AfterLoad, BeforeLoad};
        use StatementKind::{AddForeignKey, AddKey, Comment, CreateIndex, Other, Set};
        let cases = [
            ("create table t (id int primary key, v int references v)", BeforeLoad, Other),
            ("create type mood as enum ('🦙')", BeforeLoad, Other),
            ("create function index() returns trigger language sql as ''", BeforeLoad, Other),
            ("create unlogged table \"index\" (a int)", BeforeLoad, Other),
            ("set lock_timeout = 0", BeforeLoad, Set),
            ("comment on table t is 'x'", BeforeLoad, Comment),
            ("comment on column t.index is 'x'", BeforeLoad, Comment),
            ("comment on index \"Weird \"\"Name\"\"\" is 'x'", AfterLoad, Comment),
            ("comment on constraint c on t is 'x'", AfterLoad, Comment),
            ("comment on materialized view v is 'x'", AfterLoad, Comment),
            ("create index on t (a)", AfterLoad, CreateIndex),
            ("Create Unique Index If Not Exists i on t (a)", AfterLoad, CreateIndex),
            ("create trigger x before insert on t execute function f()", AfterLoad, Other),
            ("create constraint trigger x after insert on t execute function f()", AfterLoad, Other),
            ("create or replace trigger x before insert on t execute function f()", AfterLoad, Other),
            ("create or replace view v as select 1", AfterLoad, Other),
            ("create recursive view v (a) as select 1", AfterLoad, Other),
            ("create materialized view v as select 1", AfterLoad, Other),
            ("create rule r as on insert to t do nothing", AfterLoad, Other),
            ("create policy p on t", AfterLoad, Other),
            ("create statistics s on a, b from t", AfterLoad, Other),
            ("refresh materialized view v", AfterLoad, Other),
            ("alter index i attach partition j", AfterLoad, Other),
            ("alter table t add column a int", BeforeLoad, Other),
            ("alter table t add unique_id int", BeforeLoad, Other),
            ("alter table t add exclude int", BeforeLoad, Other),
            ("alter table t add a int primary key", BeforeLoad, Other),
            ("alter table t add column a int references s", BeforeLoad, AddForeignKey),
            ("alter table only {{schema}}.t add constraint \"P, K\" primary key (id)", AfterLoad, AddKey),
            ("alter table if exists only t * add primary key using index i", AfterLoad, AddKey),
            ("alter table t add unique (a, b), add exclude using gist (a with =)", AfterLoad, AddKey),
            ("alter table t add unique (a), add foreign key (a) references s", AfterLoad, AddForeignKey),
            ("alter table t add constraint f foreign key (a) references {{shared}}.s (id)", AfterLoad, AddForeignKey),
            ("alter table t add column a int, add primary key (a)", BeforeLoad, AddKey),
            ("alter table t add constraint c check (a > 0)", BeforeLoad, Other),
            ("alter table t add constraint c check (a > 0) not valid", AfterLoad, Other),
            ("alter table t validate constraint c", AfterLoad, Other),
            ("alter table t enable row level security, force row level security", AfterLoad, Other),
            ("alter table t disable trigger all", AfterLoad, Other),
            ("alter table t enable always trigger \"ñandú\"", AfterLoad, Other),
            ("alter table t replica identity using index i", AfterLoad, Other),
            ("alter table t cluster on i", AfterLoad, Other),
            ("alter table t owner to me", BeforeLoad, Other),
            ("alter table t attach partition p default", BeforeLoad, Other),
            ("alter table t alter column a set default 1, alter b set not null", BeforeLoad, Other),
            ("insert into t values (1)", BeforeLoad, Other),
            ("grant select on t to me", BeforeLoad, Other),
        ];
        for (text, section, kind) in cases {
            assert_eq!(divide(text), [(section, kind)], "{text}");
        }
    }

    #[test]
    fn what_names_a_thing_of_the_second_section_follows_it() {
        let text = "create view \"Weird \"\"Name\"\"\" as select 1;
            grant select on {{schema}}.\"Weird \"\"Name\"\"\" to me;
            grant select on weird to me;
            alter table public.\"Weird \"\"Name\"\"\" owner to me;
            comment on column \"Weird \"\"Name\"\"\".a is 'x';
            alter table t add constraint k unique (a);
            alter table t rename constraint K to l;
            alter table t drop constraint other;
            create table t2 (k int)";
        let after: Vec<bool> = divide(text).iter().map(|(section, _)| *section == Section::AfterLoad).collect();
        assert_eq!(after, [true, true, false, true, true, true, true, false, false]);
    }
}
