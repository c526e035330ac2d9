//! What is refused: with the exact exit code, by the name of the thing, with a way on, and with nothing changed.

use tenantctl::server::{Server, ServerOptions};

use crate::app::three_stores;
use crate::town::{Town, finish};

/// `migrate`, `plan` and `template check` refuse a template alike, and name the same things.
#[track_caller]
fn template_refused(from: &str, to: &str, names: &[&str]) {
    let town = three_stores();
    town.edit("store_schema.sql", from, to);
    town.refuses(&["migrate", "--store", "4"], 2, names);
    town.refuses(&["plan", "--store", "4"], 2, names);
    town.refuses(&["template", "check"], 2, names);
    assert_eq!(town.stage("4"), "none");
}

/// `plan` finds it and `migrate` does not begin.
#[track_caller]
fn plan_refused(town: &Town, code: &str, table: &str, names: &[&str]) -> serde_json::Value {
    town.refuses(&["migrate", "--store", "4"], 2, names);
    let plan = town.run(&["plan", "--store", "4", "--format", "json"]).exits(2).json();
    let findings = plan["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["code"] == code && finding["table"] == table);
    let found = found.unwrap_or_else(|| panic!("no {code} of {table} in {plan:#}"));
    assert_eq!(found["grade"], "stop");
    assert_eq!(town.stage("4"), "none");
    found.clone()
}

mod connections {
    use super::*;

    #[test]
    fn a_wrong_password_is_told_with_the_role_and_never_shown() {
        let options = ServerOptions { password: Some("pa:ss/w@rd".into()), ..ServerOptions::default() };
        let server = Server::start(&options).unwrap();
        let town = three_stores();
        let right = server.url("postgres");
        assert!(right.contains("pa%3Ass%2Fw%40rd"), "{right}");
        let wrong = right.replace("pa%3Ass%2Fw%40rd", "hunter2");
        for format in ["text", "json"] {
            let ran = town.run(&["plan", "--store", "4", "-d", &wrong, "--format", format]).exits(5).says("28P01");
            let ran = ran.says("password authentication failed for user").says("hint");
            assert!(!ran.stdout.contains("hunter2") && !ran.stderr.contains("hunter2"));
        }
        let ran = town.run(&["plan", "--store", "4", "-d", &right]).exits(2); // connected: another database
        assert!(!ran.stderr.contains("pa:ss") && !ran.stderr.contains("pa%3A"), "{}", ran.stderr);
        server.stop().unwrap();
    }

    #[test]
    fn a_server_that_is_not_there_is_told_with_host_and_port() {
        let town = three_stores();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("postgresql://postgres@127.0.0.1:{port}/none");
        let ran = town.run(&["migrate", "--store", "4", "-d", &url]).exits(5).says("127.0.0.1").says("hint: ");
        assert!(ran.stderr.contains(&port.to_string()), "{}", ran.stderr);
        assert!(ran.stdout.is_empty(), "{}", ran.stdout);
        let json = town.run(&["migrate", "--store", "4", "-d", &url, "-f", "json"]).exits(5).json();
        assert_eq!(
            (&json["outcome"], &json["exit_code"], &json["error"]["exit_code"]),
            (&"failed".into(), &5.into(), &5.into())
        );
    }

    #[test]
    fn a_missing_database_is_told_by_name() {
        let town = three_stores();
        let url = town.url().replace(&town.database, "atlantis");
        town.run(&["migrate", "--store", "4", "-d", &url])
            .exits(5)
            .says("database \"atlantis\" does not exist")
            .says("hint: ");
    }

    #[test]
    fn a_role_that_may_not_read_is_told_what_it_lacks() {
        let town = three_stores();
        let role = format!("reader_{}", town.database);
        town.sql(&format!("create role {role} login; grant select on stores, orders to {role}"));
        let url = town.url().replace("postgres@", &format!("{role}@"));
        let before = town.untouched();
        let ran = town.run(&["plan", "--store", "4", "-d", &url]).exits(5).says("42501").says("hint: ");
        assert!(ran.stderr.contains("customers"), "{}", ran.stderr);
        assert_eq!(town.untouched(), before);
    }

    #[test]
    fn a_role_that_may_not_create_is_told_what_to_grant() {
        let town = three_stores();
        let role = format!("planner_{}", town.database);
        town.sql(&format!(
            "create role {role} login; grant select, references on all tables in schema public to {role}"
        ));
        let url = town.url().replace("postgres@", &format!("{role}@"));
        let before = town.untouched();
        let plan = town.run(&["plan", "--store", "4", "-d", &url, "-f", "json"]).exits(0).json();
        assert!(plan["findings"].to_string().contains("template_not_tried"), "{plan}");
        assert_eq!(plan["plans"][0]["tables"][2]["row_count"], 36);
        town.run(&["migrate", "--store", "4", "-d", &url])
            .exits(5)
            .says("hint: ")
            .says("permission denied for database");
        assert_eq!(town.untouched(), before);
        assert!(!town.has_schema("tenantctl"));
    }

    #[test]
    fn a_stores_own_url_is_refused_before_and_after_its_move() {
        let town = three_stores();
        let own = format!("{}?schema=store_4", town.url());
        town.run(&["migrate", "--store", "4", "--to", "verified"]).exits(0);
        let pasted = ["migrate", "--store", "4", "-d", &own];
        town.refuses(&pasted, 2, &["`?schema=store_4` names the schema of store 4", "connect without"]);
        town.run(&["switch", "--store", "4"]).exits(0);
        for command in [&["plan", "--store", "5"][..], &["stores"], &["tables"], &["verify", "--store", "4"]] {
            let words = [command, &["-d", &own]].concat();
            town.refuses(&words, 2, &["`?schema=store_4` names the schema of store 4"]);
        }
    }

    #[test]
    fn the_schema_of_a_url_is_the_shared_one_where_the_file_names_none() {
        let town = three_stores();
        town.edit("tenantctl.toml", "schema = \"public\"\n", "");
        town.edit("tenantctl.toml", "table = \"stores\"", "table = \"public.stores\"");
        town.sql("create schema app; alter table customers set schema app; alter table orders set schema app; alter table lines set schema app; alter table currencies set schema app");
        let url = format!("{}?schema=app", town.url());
        let plan = town.run(&["plan", "--store", "4", "-d", &url, "-f", "json"]).exits(0).json();
        assert_eq!(plan["plans"][0]["tables"][2]["row_count"], 36);
    }
}

mod configuration {
    use super::*;

    #[test]
    fn an_unknown_key_is_shown_with_its_line_and_a_caret() {
        let town = three_stores();
        town.edit("tenantctl.toml", "tenant_column = ", "tenant_colum = ");
        let ran = town.refuses(
            &["migrate", "--store", "4"],
            2,
            &["tenant_colum", "tenantctl.toml:3", "did you mean `tenant_column`"],
        );
        let lines: Vec<&str> = ran.stderr.lines().collect();
        let shown =
            lines.iter().position(|line| line.contains("tenant_colum = \"store_id\"")).expect("the line itself");
        assert!(lines[shown + 1].contains('^'), "{}", ran.stderr);
    }

    #[test]
    fn a_file_that_is_no_toml_is_shown_with_its_line() {
        let town = three_stores();
        town.edit("tenantctl.toml", "key = \"id\"", "key = id");
        town.refuses(&["plan", "--store", "4"], 2, &["tenantctl.toml:7", "key = id", "^"]);
    }

    #[test]
    fn a_file_or_a_profile_that_is_not_there_is_named() {
        let town = three_stores();
        town.refuses(&["plan", "--store", "4", "-c", "elsewhere.toml"], 2, &["elsewhere.toml"]);
        town.refuses(&["plan", "--store", "4", "-P", "moon"], 2, &["moon"]);
    }

    #[test]
    fn a_table_that_does_not_exist_gets_its_neighbour_proposed() {
        let town = three_stores();
        town.edit("tenantctl.toml", "name = \"customers\"", "name = \"customer\"");
        town.refuses(&["migrate", "--store", "4"], 2, &["names table `customer`", "did you mean `customers`?"]);
    }

    #[test]
    fn columns_that_do_not_exist_are_named() {
        let town = three_stores();
        town.edit("tenantctl.toml", "name = \"customers\"", "name = \"customers\"\ntenant_column = \"shop\"");
        town.refuses(&["migrate", "--store", "4"], 2, &["table `public.customers` has no column `shop`"]);
        let town = three_stores();
        town.edit("tenantctl.toml", "name = \"name\"", "name = \"title\"");
        town.refuses(
            &["migrate", "--store", "4"],
            2,
            &["the registry public.stores has no column \"title\"", "is_active"],
        );
        let town = three_stores();
        town.edit("tenantctl.toml", "table = \"stores\"", "table = \"shops\"");
        town.refuses(&["migrate", "--store", "4"], 2, &["there is no table public.shops for the registry"]);
        let town = three_stores();
        town.edit("tenantctl.toml", "schema = \"public\"", "schema = \"pubic\"");
        town.refuses(&["migrate", "--store", "4"], 2, &["there is no schema `pubic`"]);
        let town = three_stores();
        town.edit("tenantctl.toml", "parent = \"orders\"", "parent = \"orders\"\non = \"order_id = nr\"");
        town.refuses(&["migrate", "--store", "4"], 2, &["table `public.orders` has no column `nr`"]);
    }

    #[test]
    fn a_parent_without_exactly_one_foreign_key_wants_to_know_which() {
        let town = three_stores();
        town.sql("alter table lines drop constraint lines_order_id_fkey");
        town.refuses(
            &["migrate", "--store", "4"],
            2,
            &["table `public.lines` has no foreign key to `orders`", "on = "],
        );
        town.sql("alter table lines add foreign key (order_id) references orders, add foreign key (quantity) references orders not valid");
        town.refuses(
            &["migrate", "--store", "4"],
            2,
            &["table `public.lines` has 2 foreign keys to `orders`", "on = \"order_id = id\""],
        );
    }

    #[test]
    fn a_template_that_is_not_there_is_named() {
        let town = three_stores();
        town.edit("tenantctl.toml", "template = \"store_schema.sql\"", "template = \"no_such.sql\"");
        town.refuses(&["migrate", "--store", "4"], 2, &["no_such.sql"]);
        let town = three_stores();
        town.edit("tenantctl.toml", "template = \"store_schema.sql\"\n", "");
        town.refuses(&["migrate", "--store", "4"], 2, &["no template is configured"]);
    }

    #[test]
    fn a_condition_with_an_unknown_placeholder_or_bad_sql_is_told_with_its_table() {
        let town = three_stores();
        town.edit(
            "tenantctl.toml",
            "parent = \"orders\"",
            "rows = \"order_id in (select id from {{schemas}}.orders)\"",
        );
        town.refuses(&["migrate", "--store", "4"], 2, &["{{schemas}}"]);
        let town = three_stores();
        town.edit("tenantctl.toml", "parent = \"orders\"", "rows = \"order_id === 4\"");
        let before = town.untouched();
        let ran = town.run(&["migrate", "--store", "4"]).says("lines").says("operator does not exist: integer ===");
        assert!(ran.code == 1 || ran.code == 2, "{ran:?}");
        assert_eq!(town.untouched(), before);
    }
}

mod tables {
    use super::*;

    #[test]
    fn a_table_with_the_tenant_column_must_be_listed() {
        let town = three_stores();
        town.sql("create table reviews (id int, store_id int)");
        plan_refused(&town, "unclassified_table", "reviews", &["reviews", "it has a column `store_id`", "[[tables]]"]);
        let tables = town.run(&["tables"]).exits(0).stdout;
        assert!(tables.contains("undecided"), "{tables}");
        for list in ["common", "ignore"] {
            let text = town.read("tenantctl.toml");
            town.edit("tenantctl.toml", "[shared]", &format!("[shared]\n{list} = [\"reviews\"]"));
            town.run(&["plan", "--store", "4"]).exits(0);
            town.write("tenantctl.toml", &text);
        }
    }

    #[test]
    fn a_table_that_leads_to_a_store_over_several_foreign_keys_must_be_listed() {
        let town = three_stores();
        town.sql("create table labels (id int primary key, line bigint references lines); create table prints (label int references labels)");
        plan_refused(&town, "unclassified_table", "labels", &["its foreign key `labels_line_fkey` leads to `lines`"]);
        let found = plan_refused(&town, "unclassified_table", "prints", &["labels"]);
        assert!(found["message"].as_str().unwrap().contains("`prints_label_fkey` leads to `labels`"), "{found}");
    }

    #[test]
    fn a_table_that_refers_to_the_registry_must_be_listed() {
        let town = three_stores();
        town.sql("create table flags (shop int references stores, flag text)");
        plan_refused(&town, "unclassified_table", "flags", &["its foreign key `flags_shop_fkey` leads to `stores`"]);
    }

    #[test]
    fn a_partition_or_an_heir_is_no_way_around() {
        let town = three_stores();
        town.sql(
            "create table log (id int, store_id int) partition by list (store_id); create table log_4 partition of log for values in (4);
             create table base (id int); create table heir (store_id int) inherits (base)",
        );
        plan_refused(&town, "unclassified_table", "log", &["log", "and 1 more"]);
        plan_refused(&town, "unclassified_table", "heir", &["and 1 more"]);
        let partition = town.run(&["tables", "-f", "json"]).exits(0).json();
        let partition =
            partition["tables"].as_array().unwrap().iter().find(|table| table["table"] == "log_4").unwrap().clone();
        assert_eq!((&partition["class"], &partition["why"]), (&"undecided".into(), &"a partition of `log`".into()));
        let town = three_stores();
        town.sql("create table gifts (wrapping text) inherits (lines)");
        plan_refused(&town, "unclassified_table", "gifts", &["it inherits from `lines`"]);
    }
}

mod templates {
    use super::*;

    #[test]
    fn a_syntax_error_is_told_with_file_line_and_column() {
        template_refused(
            "what text not null,",
            "what text not not null,",
            &["store_schema.sql, line 19, column ", "syntax error"],
        );
    }

    #[test]
    fn what_would_leave_the_transaction_is_refused() {
        template_refused("\n-- tenantctl", "\ncommit;\n-- tenantctl", &["COMMIT", "store_schema.sql:23:1"]);
        template_refused(
            "\n-- tenantctl",
            "\ncreate index concurrently on {{schema}}.lines (what);\n-- tenantctl",
            &["CONCURRENTLY"],
        );
        template_refused(
            "\n-- tenantctl",
            "\ndo $$ begin commit; end $$;\n-- tenantctl",
            &["store_schema.sql, line 23, column 1"],
        );
    }

    #[test]
    fn objects_outside_the_store_schema_are_refused() {
        template_refused(
            "\n-- tenantctl",
            "\ncreate table public.x (i int);\n-- tenantctl",
            &["public.x", "outside the store schema"],
        );
        template_refused(
            "\n-- tenantctl",
            "\ncreate function public.f() returns int language sql as 'select 1';\n-- tenantctl",
            &["public.f()"],
        );
        template_refused(
            "\n-- tenantctl",
            "\nalter table public.lines add column x int;\n-- tenantctl",
            &["public.lines"],
        );
        template_refused("\n-- tenantctl", "\ncreate schema extra;\n-- tenantctl", &["CREATE SCHEMA"]);
        template_refused("\n-- tenantctl", "\ncreate role intruder;\n-- tenantctl", &["CREATE ROLE"]);
    }

    #[test]
    fn rows_of_shared_tables_are_not_the_templates_to_write() {
        template_refused(
            "\n-- tenantctl",
            "\ninsert into public.currencies values ('USD');\n-- tenantctl",
            &["rows of public.currencies"],
        );
        template_refused("\n-- tenantctl", "\ndelete from public.lines;\n-- tenantctl", &["rows of public.lines"]);
        template_refused(
            "\n-- tenantctl",
            "\nupdate stores set name = 'mine';\n-- tenantctl",
            &["rows of public.stores"],
        );
        template_refused("\n-- tenantctl", "\ndo $$ begin truncate public.lines; end $$;\n-- tenantctl", &["lines"]);
        template_refused(
            "foreign key (currency) references {{shared}}.currencies;",
            "foreign key (currency) references {{shared}}.currencies;\ndelete from public.orders;",
            &["public.orders"],
        );
    }

    #[test]
    fn what_would_still_read_the_shared_rows_is_refused() {
        template_refused(
            "\n-- tenantctl",
            "\ncreate view {{schema}}.v as select * from {{shared}}.orders;\n-- tenantctl",
            &["v", "orders"],
        );
        template_refused(
            "\n-- tenantctl",
            "\ncreate view {{schema}}.v as select * from public.lines;\n-- tenantctl",
            &["v", "lines"],
        );
        template_refused(
            "    id bigserial,",
            "    id bigint default nextval('public.lines_id_seq'),",
            &["lines_id_seq", "lines"],
        );
        template_refused(
            "foreign key (order_id) references {{schema}}.orders",
            "foreign key (order_id) references {{shared}}.orders",
            &["lines", "orders"],
        );
        template_refused(
            "\n-- tenantctl",
            "\ncreate function {{schema}}.f() returns bigint language sql as $$ select count(*) from public.orders $$;\n-- tenantctl",
            &["f", "orders"],
        );
    }

    #[test]
    fn settings_that_would_change_where_names_lead_are_refused() {
        template_refused("\n-- tenantctl", "\nset search_path = public;\n-- tenantctl", &["search_path"]);
        template_refused(
            "\n-- tenantctl",
            "\nselect set_config('search_path', '', false);\n-- tenantctl",
            &["search_path"],
        );
        template_refused("\n-- tenantctl", "\nset role postgres;\n-- tenantctl", &["role"]);
    }

    #[test]
    fn psql_commands_data_streams_and_unknown_placeholders_are_refused() {
        template_refused("\n-- tenantctl", "\n\\i other.sql\n-- tenantctl", &["\\i", "psql"]);
        template_refused("\n-- tenantctl", "\ncopy {{schema}}.lines from stdin;\n-- tenantctl", &["COPY"]);
        template_refused("\n-- tenantctl", "\ncomment on schema {{schma}} is 'x';\n-- tenantctl", &["{{schma}}"]);
        template_refused("\n-- tenantctl", "\nselect 'open;\n-- tenantctl", &["store_schema.sql"]);
    }

    #[test]
    fn a_table_that_the_template_lacks_is_named() {
        let town = three_stores();
        town.write(
            "store_schema.sql",
            "create table {{schema}}.customers (id int, store_id int, name text, email text, referred_by int);",
        );
        plan_refused(&town, "table_missing_in_template", "orders", &["the template makes no table `orders`"]);
        plan_refused(&town, "table_missing_in_template", "lines", &[]);
    }

    #[test]
    fn a_column_that_the_template_lacks_is_never_dropped_silently() {
        let town = three_stores();
        town.edit("store_schema.sql", "    email text,\n", "");
        let found = plan_refused(
            &town,
            "column_missing_in_template",
            "customers",
            &["the template lacks column `email`", "omit = "],
        );
        assert!(found["hint"].as_str().unwrap().contains("omit = [\"email\"]"));
        town.edit("tenantctl.toml", "name = \"customers\"", "name = \"customers\"\nomit = [\"email\"]");
        town.run(&["migrate", "--store", "4"]).exits(0);
        town.same_rows(
            "select id, store_id, name, referred_by from public.customers where store_id = 4",
            "select id, store_id, name, referred_by from store_4.customers",
        );
    }

    #[test]
    fn a_type_that_would_lose_is_refused() {
        let cases = [
            ("total numeric(10, 2) not null", "total numeric(8, 2) not null", "orders", "numeric(10,2)"),
            ("total numeric(10, 2) not null", "total integer not null", "orders", "numeric(10,2)"),
            ("number text not null", "number varchar(5) not null", "orders", "character varying(5)"),
            ("id bigserial", "id serial", "lines", "bigint"),
            ("quantity integer not null default 1", "quantity text not null default 1", "lines", "integer"),
        ];
        for (from, to, table, word) in cases {
            let town = three_stores();
            town.edit("store_schema.sql", from, to);
            plan_refused(&town, "type_would_lose", table, &["cannot be converted without loss", word]);
        }
    }

    #[test]
    fn a_wider_type_is_taken() {
        let town = three_stores();
        town.edit("store_schema.sql", "total numeric(10, 2)", "total numeric");
        town.edit("store_schema.sql", "quantity integer not null default 1", "quantity bigint not null default 1");
        town.run(&["migrate", "--store", "4"]).exits(0);
        town.three_tables_moved(4, "store_4");
    }

    #[test]
    fn a_column_that_the_template_requires_and_the_source_lacks_is_refused() {
        let town = three_stores();
        town.edit("store_schema.sql", "    what text not null,", "    what text not null,\n    colour text not null,");
        plan_refused(&town, "column_missing_in_source", "lines", &["requires column `colour`"]);
        town.edit("store_schema.sql", "colour text not null", "colour text not null default 'red'");
        town.run(&["migrate", "--store", "4"]).exits(0);
        assert_eq!(town.value("select count(*) from store_4.lines where colour = 'red'"), "36");
    }
}

mod stores {
    use super::*;

    #[test]
    fn a_store_that_does_not_exist_is_named() {
        let town = three_stores();
        for command in ["migrate", "plan", "create", "copy", "verify", "switch"] {
            town.refuses(
                &[command, "--store", "999"],
                2,
                &["store 999 is not in the registry public.stores", "tenantctl stores"],
            );
        }
        town.refuses(&["migrate", "--store", "4,999"], 2, &["store 999"]);
        town.refuses(&["migrate"], 2, &["no store is named", "--store", "--all"]);
        town.refuses(&["abandon", "--store", "999", "--yes"], 2, &["store 999"]);
    }

    #[test]
    fn a_range_may_have_gaps_but_not_run_backwards() {
        let town = three_stores();
        let plan = town.run(&["plan", "--store", "4-90", "--format", "json"]).exits(0).json();
        let keys: Vec<&str> =
            plan["plans"].as_array().unwrap().iter().map(|plan| plan["store"].as_str().unwrap()).collect();
        assert_eq!(keys, ["4", "5"]);
        town.refuses(&["migrate", "--store", "9-4"], 2, &["the range `9-4` runs backwards", "write `4-9`"]);
        town.refuses(&["migrate", "--store", "90-99"], 2, &["no store is left"]);
        town.refuses(&["migrate", "--store", "4", "--except", "3-5"], 2, &["no store is left"]);
    }

    #[test]
    fn what_is_no_key_goes_no_further() {
        let town = three_stores();
        for key in ["4; drop table stores", "4 or true", "''", "four", "4.0", "99999999999999999999", "4,,5"] {
            town.refuses(&["migrate", "--store", key], 2, &["is no store key", "tenant column is integer"]);
        }
        assert_eq!(town.value("select count(*) from stores"), "3");
    }

    #[test]
    fn stores_come_from_a_file_and_a_bad_line_is_named() {
        let town = three_stores();
        town.write("keys.txt", "# the first ones\n 4 # four\n\n5\n4\n");
        let report = town.run(&["migrate", "--stores-from", "keys.txt", "-f", "json"]).exits(0).json();
        assert_eq!(report["stores"].as_array().unwrap().len(), 2);
        town.write("keys.txt", "3\nfive\n");
        town.refuses(&["migrate", "--stores-from", "keys.txt"], 2, &["`five` is no store key"]);
        town.refuses(&["migrate", "--stores-from", "nowhere.txt"], 2, &["nowhere.txt"]);
    }

    #[test]
    fn all_leaves_out_what_the_registry_says_and_says_so() {
        let town = three_stores();
        town.sql("update stores set is_active = false where id = 5");
        let report = town.run(&["migrate", "--all", "--except", "3", "-f", "json"]).exits(0).json();
        assert_eq!(report["stores"].as_array().unwrap().len(), 1);
        let left_out = report["findings"].as_array().unwrap().iter().find(|f| f["code"] == "left_out").unwrap();
        assert_eq!(left_out["store"], "5");
        town.run(&["migrate", "--store", "5"]).exits(0); // named is named
        assert_eq!(town.stage("3"), "none");
    }
}

mod schemas {
    use super::*;

    const LINES: &str = "select count(*) from store_4.lines";

    #[test]
    fn a_foreign_schema_of_that_name_is_refused_with_what_is_in_it() {
        let town = three_stores();
        town.sql("create schema store_4; create table store_4.treasure (gold int); insert into store_4.treasure values (7); create function store_4.dig() returns int language sql as 'select 1'");
        let names = ["schema `store_4` exists", "treasure", "dig", "--adopt"];
        town.refuses(&["migrate", "--store", "4"], 2, &names);
        town.refuses(&["plan", "--store", "4"], 2, &names);
        town.refuses(&["migrate", "--store", "4", "--adopt"], 2, &["treasure"]);
        assert_eq!(town.value("select gold from store_4.treasure"), "7");
        town.run(&["migrate", "--store", "5"]).exits(0);
    }

    /// The template as a person would have applied it.
    fn by_hand(town: &Town) {
        let sql = town.run(&["template", "render", "--store", "4"]).exits(0).stdout;
        town.sql("create schema store_4");
        town.sql(&sql);
    }

    #[test]
    fn an_equal_and_empty_schema_is_adopted_and_given_back_empty() {
        let town = three_stores();
        by_hand(&town);
        let before = town.untouched();
        let oids = "select string_agg(oid::text, ' ' order by oid) from pg_class where relnamespace = 'store_4'::regnamespace and relkind in ('r', 'S')";
        let whose = town.value(oids);
        town.refuses(&["migrate", "--store", "4"], 2, &["schema `store_4` exists"]);
        town.run(&["plan", "--store", "4", "--adopt"]).exits(0);
        town.run(&["migrate", "--store", "4", "--adopt", "--to", "verified"]).exits(0);
        town.three_tables_moved(4, "store_4");
        town.run(&["abandon", "--store", "4", "--yes"]).exits(0);
        assert_eq!(town.value(LINES), "0");
        assert_eq!(town.value(oids), whose, "the same tables stand");
        assert_eq!(town.untouched(), before);
        assert_eq!(town.value("select count(*) from pg_constraint where connamespace = 'store_4'::regnamespace and contype = 'f' and convalidated"), "4");
        town.run(&["migrate", "--store", "4", "--adopt"]).exits(0);
        town.three_tables_moved(4, "store_4");
        assert_eq!(town.stage("4"), "switched");
    }

    #[test]
    fn a_schema_that_differs_or_has_rows_is_not_adopted() {
        for (change, names) in [
            ("alter table store_4.lines add column extra int", &["extra"][..]),
            ("alter table store_4.lines alter what drop not null", &["what"]),
            ("drop index store_4.lines_order_id_idx", &["lines_order_id_idx"]),
            ("alter table store_4.orders drop constraint orders_number_key", &["orders_number_key"]),
            ("create table store_4.other (i int)", &["other"]),
            ("insert into store_4.customers (name) values ('x')", &["store_4.customers", "has rows"]),
        ] {
            let town = three_stores();
            by_hand(&town);
            town.sql(change);
            let before = town.fingerprint("store_4");
            town.refuses(&["migrate", "--store", "4", "--adopt"], 2, names);
            assert_eq!(town.fingerprint("store_4"), before, "{change}");
        }
    }

    #[test]
    fn two_stores_cannot_have_one_schema() {
        let town = three_stores();
        town.run(&["migrate", "--store", "5", "--to", "created"]).exits(0);
        town.sql("update stores set schema_name = 'store_5' where id = 4");
        town.refuses(&["migrate", "--store", "4"], 2, &["schema `store_5` belongs to store 5"]);
        town.sql("update stores set schema_name = 'public' where id = 4");
        town.refuses(&["migrate", "--store", "4"], 2, &["would be the shared schema `public`"]);
    }
}

mod rows {
    use super::*;

    #[test]
    fn duplicates_that_the_templates_key_would_refuse_are_named_with_their_values() {
        let town = three_stores();
        town.edit(
            "store_schema.sql",
            "add constraint orders_number_key unique (number)",
            "add constraint one_total unique (customer_id, currency)",
        );
        let found = plan_refused(&town, "duplicate_key", "orders", &["`one_total` (customer_id, currency)"]);
        assert_eq!(found["count"], 6);
        let customer = town.value("select min(id) from customers where store_id = 4");
        assert!(found["keys"].to_string().contains(&format!("{customer}, MXN")), "{found}");
    }

    #[test]
    fn a_row_that_refers_to_another_stores_row_is_named_on_both_sides() {
        let town = three_stores();
        let (mine, theirs) = (
            town.value("select max(id) from orders where store_id = 4"),
            town.value("select max(id) from customers where store_id = 5"),
        );
        town.sql(&format!("update orders set customer_id = {theirs} where id = {mine}"));
        let found =
            plan_refused(&town, "refers_to_foreign_row", "orders", &["`orders_customer_id_fkey`", "another store's"]);
        assert_eq!((&found["count"], &found["keys"][0]), (&1.into(), &mine.as_str().into()));
        let plan = town.run(&["plan", "--store", "5", "--format", "json"]).exits(2).json();
        let found =
            plan["findings"].as_array().unwrap().iter().find(|f| f["code"] == "referred_to_by_foreign_row").unwrap();
        assert_eq!((&found["table"], &found["keys"][0]), (&"orders".into(), &mine.as_str().into()));
        town.run(&["plan", "--store", "3"]).exits(0);
    }

    #[test]
    fn a_row_that_refers_to_nobodys_row_is_named() {
        let town = three_stores();
        town.sql("alter table customers alter store_id drop not null");
        let nobody = town.value("insert into customers (name) values ('nobody') returning id");
        let mine = town.value(&format!("update customers set referred_by = {nobody} where id = (select min(id) from customers where store_id = 4) returning id"));
        let found = plan_refused(&town, "refers_to_foreign_row", "customers", &["another store's or nobody's"]);
        assert_eq!(found["keys"][0], mine.as_str());
        let plan = town.run(&["plan", "--store", "5", "--format", "json"]).exits(0).json();
        let note = plan["findings"].as_array().unwrap().iter().find(|f| f["code"] == "no_owner").unwrap();
        assert_eq!((&note["count"], &note["keys"][0]), (&1.into(), &nobody.as_str().into()));
    }

    #[test]
    fn a_null_where_the_template_allows_none_is_named() {
        let town = three_stores();
        let row = town.value("update customers set email = null where id = (select min(id) from customers where store_id = 4) returning id");
        town.edit("store_schema.sql", "email text,", "email text not null,");
        let found = plan_refused(&town, "null_not_allowed", "customers", &["column `email` is NULL"]);
        assert_eq!((&found["count"], &found["keys"][0]), (&1.into(), &row.as_str().into()));
        town.run(&["plan", "--store", "5"]).exits(0);
    }

    #[test]
    fn row_security_that_hides_rows_is_refused() {
        let town = three_stores();
        let role = format!("tenant_{}", town.database);
        town.sql(&format!(
            "create role {role} login; grant create on database {} to {role}; grant all on all tables in schema public to {role};
             grant usage on all sequences in schema public to {role};
             alter table orders enable row level security; create policy p on orders using (store_id = 3)",
            town.database
        ));
        let url = town.url().replace("postgres@", &format!("{role}@"));
        let names = ["orders: row security hides rows from this role", "BYPASSRLS", "Stops (1)"];
        town.refuses(&["migrate", "--store", "4", "-d", &url], 2, &names);
        town.refuses(&["plan", "--store", "4", "-d", &url], 2, &names);
        town.refuses(&["audit", "-d", &url], 2, &names);
    }

    #[test]
    fn rows_that_belong_to_nobody_are_notes_and_stay() {
        let town = three_stores();
        town.sql(
            "alter table customers alter store_id drop not null; alter table customers drop constraint customers_store_id_fkey;
             alter table lines drop constraint lines_order_id_fkey;
             insert into customers (store_id, name) values (null, 'nobody'), (77, 'ghost'), (77, 'ghost');
             insert into lines (order_id, what) values (-1, 'orphan')",
        );
        town.edit("tenantctl.toml", "parent = \"orders\"", "parent = \"orders\"\non = \"order_id = id\"");
        let before = town.fingerprint("public");
        let plan = town.run(&["plan", "--store", "4", "--format", "json"]).exits(0).json();
        for (code, table, count) in
            [("no_owner", "customers", 1), ("unknown_store", "customers", 2), ("no_parent", "lines", 1)]
        {
            let findings = plan["findings"].as_array().unwrap();
            let found = findings.iter().find(|f| f["code"] == code && f["table"] == table);
            assert_eq!(found.unwrap_or_else(|| panic!("{code} {table}: {plan:#}"))["count"], count);
        }
        town.run(&["migrate", "--store", "4", "--to", "verified"]).exits(0);
        assert_eq!(town.fingerprint("public"), before);
        town.three_tables_moved(4, "store_4");
    }
}

mod words {
    use super::*;

    #[test]
    fn destructive_commands_want_yes_where_there_is_no_terminal() {
        let town = three_stores();
        town.run(&["migrate", "--store", "4"]).exits(0);
        town.run(&["migrate", "--store", "5", "--to", "verified"]).exits(0);
        let schema = town.fingerprint("store_5");
        town.refuses(&["reverse", "--store", "4"], 2, &["--yes", "store 4 Four"]);
        town.refuses(&["abandon", "--store", "5"], 2, &["--yes", "drop what was made in schema store_5"]);
        town.refuses(&["abandon", "--store", "5", "--no-input"], 2, &["--yes"]);
        assert_eq!(town.fingerprint("store_5"), schema);
        assert_eq!((town.stage("4"), town.stage("5")), ("switched".into(), "verified".into()));
    }

    #[test]
    fn usage_errors_are_one_document_where_json_is_asked_for() {
        let town = three_stores();
        for words in [
            &["migrate", "--stoer", "4", "--format", "json"][..],
            &["migrat", "--format=json"],
            &["migrate", "--store", "4", "--to", "moon", "-f", "json"],
            &["migrate", "--all", "--store", "4", "-fjson"],
            &["plan", "-f", "json", "--max-diffs"],
        ] {
            let ran = town.run(words).exits(2);
            let json = ran.json();
            assert_eq!((&json["exit_code"], &json["outcome"]), (&2.into(), &"refused".into()));
            assert!(!json["error"]["message"].as_str().unwrap().is_empty());
            assert!(json["error"]["hint"].is_string(), "{json}");
        }
        town.run(&["migrate", "--stoer", "4"]).exits(2).says("--stoer").says("--store");
        assert!(!town.has_schema("tenantctl"));
    }

    #[test]
    fn refusals_in_json_say_what_the_text_says() {
        let town = three_stores();
        let json = town.run(&["migrate", "--store", "999", "-f", "json"]).exits(2).json();
        assert_eq!(
            (&json["command"], &json["outcome"], &json["exit_code"]),
            (&"migrate".into(), &"refused".into(), &2.into())
        );
        assert!(json["error"]["message"].as_str().unwrap().contains("999"));
        assert_eq!(json["error"]["hint"], "`tenantctl stores` lists the stores");
    }

    #[test]
    fn an_environment_without_any_database_says_where_it_looked() {
        let town = three_stores();
        town.edit("tenantctl.toml", "[shared]", "[database]\nurl = \"${DATABASE_URL}\"\n[shared]");
        let mut command = town.command(&["plan", "--store", "4"]);
        command.env_remove("DATABASE_URL");
        finish(command).exits(2).says("DATABASE_URL").says("hint: ");
    }
}
