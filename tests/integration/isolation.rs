//! A role per store: made, shown, given passwords, taken back; and whether it can get out of its schema.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use tenantctl::server::{Server, ServerOptions};
use tokio_postgres::NoTls;

use crate::app::three_stores;
use crate::faces::{holds, schema, validator};
use crate::town::{Ran, Town, finish, sql_at};

/// Roles are the whole server's, and so is every test's server: the database's name keeps them apart.
const ROLE: &str = "\n[role]\nname = \"{database} {schema}\"\ncommon = [\"currencies\"]\n";

/// Up to 14 everybody may make tables in `public`, which is a leak.
const NO_TABLES_OF_EVERYBODY: &str = "revoke create on schema public from public";

fn with_roles(more: &str) -> Town {
    let town = three_stores();
    town.sql(NO_TABLES_OF_EVERYBODY);
    let config = town.read("tenantctl.toml");
    town.write("tenantctl.toml", &format!("{config}{ROLE}{more}"));
    town
}

/// The role of a store, as SQL has it.
fn role(town: &Town, store: u32) -> String {
    format!("\"{} store_{store}\"", town.database)
}

#[track_caller]
fn look(town: &Town, code: i32) -> Value {
    let report = town.run(&["verify", "--isolation", "--store", "4", "-f", "json"]).exits(code).json();
    holds(&validator(&schema("report")), &report);
    report["stores"][0]["isolation"].clone()
}

fn attempts<'a>(isolation: &'a Value, kind: &str) -> &'a Value {
    isolation["attempts"].as_array().unwrap().iter().find(|of| of["kind"] == kind).unwrap_or(&Value::Null)
}

#[test]
fn a_clean_store_passes_and_each_planted_leak_is_found_and_named_with_what_mends_it() {
    let town = with_roles("login = true\n");
    town.run(&["migrate", "--store", "3,4", "--yes"]).exits(0);
    town.run(&["verify", "--store", "4", "--live"]).exits(0); // the role's rights are no difference to the template
    let clean = look(&town, 0);
    assert_eq!((&clean["way"], &clean["way_reason"]), (&"login".into(), &Value::Null));
    assert_eq!(clean["rights_asked"], clean["rights_denied"]);
    for kind in ["select", "insert", "update", "delete", "truncate"] {
        let refused = attempts(&clean, kind)["refused"].to_string();
        for table in ["public.customers", "public.orders", "public.lines", "public.stores", "store_3.", "tenantctl."] {
            assert!(refused.contains(table), "{kind} {table}: {refused}");
        }
        assert_eq!(refused.contains("public.currencies"), kind != "select", "{refused}");
    }
    for kind in ["create", "list", "create_schema", "set_role", "reset_role", "session_authorization"] {
        assert_eq!(attempts(&clean, kind)["not_refused"], Value::Array(vec![]), "{kind}");
    }
    assert!(attempts(&clean, "set_role")["refused"].to_string().contains(&format!("{} store_3", town.database)));

    let (four, three) = (role(&town, 4), role(&town, 3));
    // What is planted, the code under which it is found, what is named, and what SQL takes it away where no remedy does.
    let planted = [
        ("grant select on public.orders to public", "public_grant", "public.orders", ""),
        ("grant usage on schema store_4 to public", "public_grant", "schema store_4", ""),
        ("grant create on schema public to public", "public_grant", "schema public", ""),
        (
            "grant insert (what) on store_3.lines to {4}; grant usage on schema store_3 to {4}",
            "reachable",
            "store_3.lines",
            "revoke usage on schema store_3 from {4}",
        ),
        (
            "create function public.peek() returns bigint language sql security definer as 'select count(*) from public.orders'",
            "security_definer",
            "function public.peek()",
            "drop function public.peek()",
        ),
        (
            "create view store_4.spy as select * from store_3.orders; grant select on store_4.spy to {4}",
            "view",
            "store_4.spy",
            "drop view store_4.spy",
        ),
        ("grant {3} to {4}", "membership", "role {3}", ""),
        ("grant pg_read_all_settings to {4}", "membership", "role pg_read_all_settings", ""),
        ("grant {4} to {3}", "membership", "role {3}", ""),
        ("alter role {4} bypassrls", "attribute", "role {4}", ""),
        (
            "alter table store_4.orders add constraint reaching foreign key (id) references public.orders not valid",
            "foreign_key",
            "store_4.orders",
            "",
        ),
        (
            "create function store_3.watch() returns trigger language plpgsql as 'begin return new; end';
             create trigger watching after insert on store_4.lines for each row execute function store_3.watch()",
            "trigger",
            "store_4.lines",
            "drop function store_3.watch()",
        ),
        (
            "alter default privileges in schema store_4 grant select on tables to public",
            "default_privilege",
            "schema store_4",
            "",
        ),
        (
            "alter default privileges in schema store_4 grant select on tables to {3}",
            "default_privilege",
            "schema store_4",
            "",
        ),
        ("alter role {4} in database {db} set search_path = store_3", "search_path", "role {4}", ""),
        ("alter role {4} in database {db} reset search_path", "search_path", "role {4}", ""),
        ("grant usage on schema store_4 to {3}", "entered", "role {3}", ""),
    ];
    let filled = |text: &str| text.replace("{4}", &four).replace("{3}", &three).replace("{db}", &town.database);
    for (sql, code, object, undo) in planted {
        town.sql(&filled(sql));
        let isolation = look(&town, 3);
        let leaks = isolation["leaks"].as_array().unwrap();
        let object = filled(object).replace('"', "");
        let found = leaks.iter().find(|leak| leak["code"] == code && leak["object"] == object.as_str());
        let found = found.unwrap_or_else(|| panic!("{sql}: no {code} of {object} in {leaks:#?}"));
        assert_eq!(found["grade"], "stop", "{found}");
        town.sql(found["remedy"].as_str().unwrap());
        town.sql(&filled(undo));
    }
    assert_eq!(look(&town, 0)["leaks"], clean["leaks"], "each remedy mended what was planted");

    // What is open is seen by trying too, in the words of every format.
    town.sql(&format!(
        "grant usage on schema store_3 to public; grant select on all tables in schema store_3 to {four}"
    ));
    let open = look(&town, 3);
    assert!(attempts(&open, "select")["not_refused"].to_string().contains("store_3."), "{open}");
    assert!(!attempts(&open, "list")["not_refused"].as_array().unwrap().is_empty(), "{open}");
    let words = ["verify", "--isolation", "--all", "--lang", "es", "-o", "x.xml", "-o", "x.md", "-o", "x.html"];
    town.run(&words).exits(3).says("permisos fuera de su esquema negados").says("Por dónde hay fugas");
    let junit = town.read("x.xml");
    assert!(junit.contains("<testcase classname=\"store 4\" name=\"isolation select\""), "{junit}");
    assert!(junit.contains("isolation leak reachable"), "{junit}");
    for file in ["x.md", "x.html"] {
        assert!(town.read(file).contains("iniciando sesión"), "{file}");
    }
    // The journal keeps it for the report, which no longer says that nobody looked.
    let report = town.run(&["report", "--store", "4", "-f", "json"]).exits(0).json();
    assert_eq!(report["stores"][0]["isolation"]["leaks"], look(&town, 3)["leaks"]);
    // Its section on isolation cites the attempts, and so does its end: rows of one's own are not enough.
    let page = town.run(&["report", "--store", "4", "-f", "markdown"]).exits(0).stdout;
    let (tried, refused) = open["attempts"].as_array().unwrap().iter().fold((0, 0), |(tried, refused), of| {
        (tried + of["tried"].as_u64().unwrap(), refused + of["refused"].as_array().unwrap().len())
    });
    let cited = format!("- ❌ {refused} of {tried} attempts to get out of its schema were refused");
    let section = page.split("### ❌ Isolation").nth(1).unwrap_or_else(|| panic!("{page}"));
    assert!(section.split("###").next().unwrap().contains(&cited), "{page}");
    assert!(page.split("## Final result").nth(1).unwrap().contains(&format!("{cited}; ")), "{page}");
    assert!(!report["stores"][0]["not_checked"].to_string().contains("other_roles"), "{report}");
}

#[test]
fn a_role_comes_and_goes_with_its_schema_and_nobody_else_s_is_touched() {
    let town = with_roles("connection_limit = 7\ncommon_write = [\"notes\"]\n");
    let owner = format!("owner_of_{}", town.database);
    town.sql(&format!(
        "create table notes (id serial primary key, what text); create role {owner}; grant create on database {} to {owner}",
        town.database
    ));
    town.edit("tenantctl.toml", "template = ", &format!("owner = \"{owner}\"\ntemplate = "));
    let count = |name: &str| town.value(&format!("select count(*) from pg_roles where rolname = '{name}'"));
    let name = format!("{} store_4", town.database);
    let sql = town.run(&["plan", "--store", "4", "--sql"]).exits(0).stdout;
    assert!(sql.contains(&format!("create role \"{name}\" nologin connection limit 7")), "{sql}");
    town.sql(&format!("create role \"{name}\""));
    town.run(&["migrate", "--store", "4"]).exits(2).says("the journal does not know it as this store's");
    town.sql(&format!("drop role \"{name}\""));
    town.run(&["rehearse", "--store", "4"]).exits(0);
    assert_eq!(count(&name), "0", "a rehearsal makes no role");

    town.run(&["migrate", "--store", "4", "--to", "verified"]).exits(0);
    let document = town.run(&["role", "--store", "4", "-f", "json"]).exits(0).json();
    holds(&validator(&schema("report")), &document);
    let shown = &document["roles"][0];
    assert_eq!(
        (&shown["state"], &shown["can_login"], &shown["connection_limit"]),
        (&"made".into(), &false.into(), &7.into())
    );
    assert_eq!(shown["search_path"], "store_4, public");
    assert_eq!(
        shown["grants"],
        serde_json::json!([
            "schema public: usage",
            "schema store_4: usage",
            "3 tables of store_4: delete, insert, select, update",
            "public.currencies: select",
            "public.notes: delete, insert, select, update",
            "public.notes_id_seq: usage"
        ])
    );
    // What comes later is the role's too, whoever of the two makes it; and so are rows of a common table that it may write.
    town.sql(&format!(
        "set role {owner}; create table store_4.later (id serial); reset role;
         set role \"{name}\"; insert into store_4.later default values; insert into public.notes (what) values ('x'); reset role;
         drop table store_4.later"
    ));
    // A role without a login is tried by another way, and the evidence says so.
    let isolation = look(&town, 0);
    assert_eq!(isolation["way"], "session_authorization");
    assert_eq!(isolation["way_reason"], "the role may not log in");
    town.run(&["verify", "--store", "4"]).exits(0);

    town.run(&["role", "--store", "4", "--revoke"]).exits(2).says("--yes");
    town.run(&["role", "--store", "4", "--revoke", "--yes"]).exits(0).says("revoked");
    let may = format!(
        "select has_schema_privilege('{name}', 'store_4', 'usage') or has_table_privilege('{name}', 'currencies', 'select')"
    );
    assert_eq!(town.value(&may), "f");
    town.run(&["role", "--store", "4", "--make"]).exits(0);
    assert_eq!(town.value(&may), "t");
    look(&town, 0);

    // What somebody else gave it is not ours to take: then the role stays, and so does the schema.
    town.sql(&format!("create table kept (); alter table kept owner to \"{name}\""));
    town.run(&["abandon", "--store", "4", "--yes"]).exits(2).says("has more than tenantctl gave it");
    assert!(town.has_schema("store_4"));
    town.sql("drop table kept");
    town.run(&["abandon", "--store", "4", "--yes"]).exits(0);
    assert_eq!((count(&name), town.has_schema("store_4")), ("0".into(), false));
    town.run(&["verify", "--isolation", "--store", "4"]).exits(2).says("has no schema");
    town.run(&["role", "--store", "4", "--make"]).exits(2).says("create --store 4");
    town.run(&["role", "--store", "4"]).exits(0).says("tenantctl create --store 4").says("it makes schema and role");
}

#[test]
fn where_no_role_is_configured_or_may_be_made_it_is_said() {
    let town = three_stores();
    town.run(&["verify", "--isolation", "--store", "4"]).exits(2).says("[role] name");
    town.run(&["role", "--all"]).exits(2).says("[role] name");

    let town = with_roles("");
    let maker = format!("maker_of_{}", town.database);
    town.sql(&format!(
        "create role {maker} login; grant create on database {} to {maker};
         grant select, insert, update, delete, truncate, references on all tables in schema public to {maker};
         grant select on all sequences in schema public to {maker}; grant usage on schema public to {maker}",
        town.database
    ));
    let run = |words: &[&str]| -> Ran {
        let mut command = town.command(words);
        command.env("DATABASE_URL", town.url().replace("postgres@", &format!("{maker}@")));
        finish(command)
    };
    run(&["plan", "--store", "4"]).exits(2).says("CREATEROLE");
    let grants = run(&["doctor", "--sql"]).exits(2).stdout;
    assert!(grants.contains("createrole") && grants.contains("with grant option"), "{grants}");
    town.sql(&grants);
    run(&["doctor"]).exits(0);
    // Not a superuser, and on 16 or later not even a member of what it makes: it acts as the role by SET ROLE, and leaves
    // no membership behind.
    run(&["migrate", "--store", "4", "--yes"]).exits(0);
    let members = format!(
        "select string_agg(member::regrole::text || inherit, ',') from (select member, {} as inherit from pg_auth_members where roleid = '{}'::regrole) m",
        "to_jsonb(pg_auth_members) ->> 'set_option'",
        role(&town, 4)
    );
    let before = town.sql(&members);
    let report = run(&["verify", "--isolation", "--store", "4", "-f", "json"]).exits(0).json();
    assert_eq!(report["stores"][0]["isolation"]["way"], "set_role", "{report}");
    assert_eq!(town.sql(&members), before);
    run(&["role", "--store", "4", "--revoke", "--yes"]).exits(0);
    run(&["role", "--store", "4", "--make"]).exits(0);
    run(&["reverse", "--store", "4", "--yes"]).exits(0);
    run(&["abandon", "--store", "4", "--yes"]).exits(0);
}

/// A server that wants passwords, with the three stores in it.
struct Locked {
    server: Server,
    folder: TempDir,
}

impl Locked {
    fn start() -> Self {
        let password = Some("of the superuser".to_owned());
        let settings = vec![("log_statement".to_owned(), "all".to_owned())];
        let server = Server::start(&ServerOptions { password, settings, ..ServerOptions::default() }).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let url = server.url("postgres");
        sql_at(&url, include_str!("../fixtures/three_stores.sql"));
        sql_at(&url, NO_TABLES_OF_EVERYBODY);
        let template = include_str!("../fixtures/three_stores_template.sql");
        std::fs::write(folder.path().join("store_schema.sql"), template).unwrap();
        let config = include_str!("../fixtures/three_stores.toml");
        let role = "\n[role]\nname = \"Ñandú {key}\"\nlogin = true\n";
        std::fs::write(folder.path().join("tenantctl.toml"), format!("{config}{role}")).unwrap();
        Self { server, folder }
    }

    fn run(&self, words: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenantctl"));
        command.args(words).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env("DATABASE_URL", self.server.url("postgres")).env("HOME", self.folder.path()).env("LANG", "C.UTF-8");
        command.env("TENANTCTL_SWITCH_DEADLINE", "5s").env_remove("PGPASSFILE").env_remove("GITHUB_ACTIONS");
        finish(command)
    }

    /// Logs in over TCP as the role of store 4 and says who it is and where bare names lead.
    fn login(&self, password: &str) -> Result<String, String> {
        let mut config: tokio_postgres::Config = self.server.url("postgres").parse().unwrap();
        config.user("Ñandú 4").password(password);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (client, connection) = config.connect(NoTls).await.map_err(|error| format!("{error:?}"))?;
            tokio::spawn(connection);
            let row = client.query_one("select current_user::text || ' ' || current_schema()", &[]).await;
            Ok(row.unwrap().get(0))
        })
    }
}

#[test]
fn a_new_password_works_the_old_one_no_more_and_none_is_written_anywhere() {
    let house = Locked::start();
    house.run(&["migrate", "--store", "4", "--yes"]).exits(0);
    house.run(&["role", "--store", "4", "--rotate"]).exits(2).says("nobody would see the new password");
    house.run(&["role", "--store", "4", "--show-password"]).exits(2).says("--rotate");
    let shown = |ran: Ran| {
        let document = ran.exits(0).json();
        holds(&validator(&schema("report")), &document);
        document["roles"][0]["password"].as_str().unwrap().to_owned()
    };
    let rotate = ["role", "--store", "4", "--rotate", "--show-password", "-f", "json", "-o", "x.json", "-vvv"];
    let ran = house.run(&rotate);
    let log = ran.stderr.clone();
    let first = shown(ran);
    assert_eq!(house.login(&first).as_deref(), Ok("Ñandú 4 store_4"));
    let second = shown(house.run(&rotate));
    assert!(house.login(&first).unwrap_err().contains("28P01"));
    assert!(house.login(&second).is_ok());

    // Nobody else has it: the journal, the log, our own output, the file that was written beside.
    let journal = sql_at(
        &house.server.url("postgres"),
        "select (select string_agg(r::text, '') from tenantctl.run r) || (select string_agg(e::text, '') from tenantctl.event e)",
    );
    let server_log = std::fs::read_dir(house.server.folder())
        .unwrap()
        .filter_map(|file| std::fs::read_to_string(file.unwrap().path()).ok());
    let server_log: String = server_log.collect();
    assert!(server_log.contains("alter role \"Ñandú 4\" password 'SCRAM-SHA-256$"), "{server_log}");
    let beside = std::fs::read_to_string(house.folder.path().join("x.json")).unwrap();
    for (place, text) in
        [("journal", &journal[0][0].clone().unwrap()), ("server's log", &server_log), ("log", &log), ("file", &beside)]
    {
        assert!(!text.contains(&first) && !text.contains(&second), "the password stands in the {place}");
    }

    // Without the password another way is taken; with a password file that the rotation wrote, a login.
    let way = |words: &[&str]| {
        let report =
            house.run(&[&["verify", "--isolation", "--store", "4", "-f", "json"], words].concat()).exits(0).json();
        report["stores"][0]["isolation"]["way"].as_str().unwrap().to_owned()
    };
    assert_eq!(way(&[]), "session_authorization");
    house.run(&["role", "--store", "4", "--rotate", "--password-file", "pgpass"]).exits(0);
    let file = house.folder.path().join("pgpass");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(way(&["--password-file", "pgpass"]), "login");
    let kept = std::fs::read_to_string(&file).unwrap();
    let third = kept.trim_end().rsplit(':').next().unwrap().to_owned();
    assert!(house.login(&second).is_err() && house.login(&third).is_ok());

    // A command may give it, and sees whose it is.
    let config = house.folder.path().join("tenantctl.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let command = "password_command = \"echo \\\"$TENANTCTL_STORE of $TENANTCTL_SCHEMA as $TENANTCTL_ROLE\\\"\"\n";
    std::fs::write(&config, text + command).unwrap();
    house.run(&["role", "--store", "4", "--rotate"]).exits(0);
    assert!(house.login("4 of store_4 as Ñandú 4").is_ok());
    assert_eq!(way(&[]), "login");

    house.run(&["role", "--store", "4", "--revoke", "--yes"]).exits(0);
    assert!(house.login("4 of store_4 as Ñandú 4").is_err());
}
