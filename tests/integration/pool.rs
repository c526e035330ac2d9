//! `create --pool`: schemas that stand ready, and the new stores that take them.

use crate::running::start;
use crate::town::{Town, finish};

const ROLE: &str = "\n[role]\nname = \"{database}_{schema}\"\ncommon = [\"currencies\"]\n";

fn ready(town: &Town) -> Vec<String> {
    let sql = "select store_schema from tenantctl.move where kind = 'ready' and ready is not null
               and stage = 'verified' order by id";
    town.sql(sql).into_iter().map(|row| row[0].clone().unwrap()).collect()
}

fn register(name: &str) -> [&str; 7] {
    ["create", "--new", "--register", "--name", name, "-f", "json"]
}

#[test]
fn a_new_store_takes_a_schema_that_stands_ready() {
    let town = Town::sample();
    town.sql("revoke create on schema public from public"); // up to 14 everybody may
    town.write("tenantctl.toml", &format!("{}{ROLE}", town.read("tenantctl.toml")));
    town.run(&["create", "--pool", "2"]).exits(0).says("ready for new stores: 2");
    let standing = ready(&town);
    assert_eq!(standing.len(), 2);
    // Nobody's yet: no row, no role, no base data, no store in any list, nothing to resume.
    assert_eq!(town.value("select count(*) from stores where id > 93"), "0");
    assert_eq!(town.value(&format!("select count(*) from {}.store_settings", standing[0])), "0");
    let its_role = format!("select count(*) from pg_roles where rolname = '{}_{}'", town.database, standing[0]);
    assert_eq!(town.value(&its_role), "0");
    assert!(!town.run(&["verify", "--all"]).stdout.contains(&standing[0]));
    town.run(&["resume"]).exits(2);

    // The catalogs' rows are others, and say the same.
    town.sql("alter table products alter column price set statistics 50, alter column sku drop not null");
    town.sql("alter table products alter column sku set not null");
    let made = finish(town.with_probes(&register("L'Étoile"))).exits(0).json();
    let store = &made["stores"][0];
    assert_eq!((&store["stage"], &store["schema"]), (&"validated".into(), &standing[0].as_str().into()));
    assert_eq!(store["role"], format!("{}_{}", town.database, standing[0]));
    assert!(made.to_string().contains("ready_schema"), "{made:#}");
    let key = store["store"].as_str().unwrap();
    let row = format!("select name || ' ' || schema_name || ' ' || slug from stores where id = {key}");
    assert_eq!(town.value(&row), format!("L'Étoile {} l-étoile-{key}", standing[0]));
    let own = format!("select display_name || store_id from {}.store_settings", standing[0]);
    assert_eq!(town.value(&own), format!("L'Étoile{key}"));
    assert_eq!(ready(&town), standing[1..]);
    for words in [
        &["verify", "--store", key][..],
        &["verify", "--store", key, "--live"],
        &["verify", "--store", key, "--isolation"],
    ] {
        town.run(words).exits(0);
    }
    // What an earlier run of the same command began is gone on with, and takes none.
    town.run(&["create", "--pool", "0"]).exits(0);
    town.paused("registered", &register("Begonia")).kill();
    town.run(&["create", "--pool", "1"]).exits(0);
    let standing = [standing[0].clone(), ready(&town).remove(0)];
    let begun = town.value("select key.store_key from tenantctl.move key where store_name = 'Begonia'");
    let made = town.run(&register("Begonia")).exits(0).json();
    assert_eq!((made["stores"][0]["store"].as_str(), ready(&town)), (Some(begun.as_str()), standing[1..].to_vec()));
    // The same name again is refused, and takes none.
    town.refuses(&register("L'Étoile")[..5], 2, &["has a store named L'Étoile already"]);
    assert_eq!(ready(&town), standing[1..]);
    // A key of one's own has no ready schema; it is made in the ordinary way.
    let other = ["create", "--new", "--register", "--name", "Otra", "--store", "700"];
    town.run(&other).exits(0);
    assert_eq!((ready(&town), town.stage("700")), (standing[1..].to_vec(), "switched".into()));
    // Given back as any new store's.
    town.run(&["reverse", "--store", key, "--lose-changes", "-y"]).exits(0);
    town.run(&["abandon", "--store", key, "-y"]).exits(0);
    assert!(!town.has_schema(&standing[0]));
}

#[test]
fn a_ready_schema_that_is_no_longer_right_is_not_taken() {
    let town = Town::sample();
    town.run(&["create", "--pool", "1"]).exits(0);
    // Somebody changed it: the store is made anew.
    let first = ready(&town);
    town.sql(&format!("alter table {}.products add column sneaked int", first[0]));
    let made = town.run(&register("Uno")).exits(0);
    made.says("somebody changed it");
    assert_eq!(ready(&town), first);
    town.run(&["create", "--pool", "1"]).exits(0).says("dropped, since they serve nobody");
    let second = ready(&town);
    assert!(second.len() == 1 && second != first && !town.has_schema(&first[0]));
    // Its rows too.
    town.sql(&format!(
        "insert into {}.users (full_name, email, password_hash) values ('x', 'x@example.org', '!')",
        second[0]
    ));
    town.run(&register("Dos")).exits(0).says("somebody changed it");
    // The shared tables were altered since.
    town.run(&["create", "--pool", "1"]).exits(0);
    let third = ready(&town);
    town.sql("alter table products alter column name set not null, alter column price set default 1");
    town.run(&register("Tres")).exits(0).says("the shared tables were altered since");
    // Another template.
    town.edit("store_schema.sql", "-- same order", "-- the same order");
    town.run(&register("Cuatro")).exits(0);
    assert_eq!(ready(&town), third);
    // The table that somebody added is not dropped with the rest.
    town.sql(&format!("create table {}.mine (id int)", third[0]));
    town.run(&["create", "--pool", "0"]).says("mine");
    assert!(town.has_schema(&third[0]));
    town.sql(&format!("drop table {}.mine", third[0]));
    town.run(&["create", "--pool", "0"]).exits(0).says("ready for new stores: 0");
    assert!(!town.has_schema(&third[0]));
    // The name comes too late for a template that says it.
    town.edit(
        "store_schema.sql",
        "create table {{schema}}.products",
        "comment on schema {{schema}} is {{store_name}};\ncreate table {{schema}}.products",
    );
    town.refuses(&["create", "--pool", "1"], 2, &["store_schema.sql:", "{{store_name}}", "base_data"]);
}

#[test]
fn a_claim_that_dies_leaves_all_or_nothing_and_two_take_two() {
    let town = Town::sample();
    // Half-made ones serve nobody, and are dropped by the next.
    town.paused("schema_committed", &["create", "--pool", "1"]).kill();
    assert!(ready(&town).is_empty());
    town.run(&["create", "--pool", "3"]).exits(0).says("dropped, since they serve nobody");
    let standing = ready(&town);
    assert_eq!(standing.len(), 3);
    for moment in ["lock_taken", "before_switch_commit"] {
        town.paused(moment, &register("Uno")).kill();
        assert_eq!(
            (ready(&town), town.value("select count(*) from stores where id > 93")),
            (standing.clone(), "0".into())
        );
    }
    town.paused("after_switch_commit", &register("Uno")).kill();
    assert_eq!(ready(&town), standing[1..]);
    assert_eq!(town.value("select count(*) from stores s where name = 'Uno' and schema_name is not null"), "1");
    // Two at once: each its own.
    let two = ["Dos", "Tres"].map(|name| start(town.command(&register(name))));
    for run in two {
        run.end().exits(0);
    }
    assert!(ready(&town).is_empty());
    assert_eq!(town.value("select count(distinct schema_name) from stores where name in ('Uno', 'Dos', 'Tres')"), "3");
}

#[test]
fn a_claim_sees_what_came_since_the_schema_was_made() {
    let town = Town::sample();
    town.run(&["create", "--pool", "3"]).exits(0);
    let standing = ready(&town);
    let stands = |sequence: &str| town.value(&format!("select last_value from {}.{sequence}", standing[0]));
    let before = stands("messages_id_seq");
    // The shared ids went on, by the sequence and without it.
    town.sql("select setval('products_id_seq', 5000000)");
    town.sql("insert into customers (id, store_id, full_name, phone) values (7000000, 4, 'x', '+520000000009')");
    town.run(&register("Uno")).exits(0);
    assert_eq!((stands("products_id_seq"), stands("customers_id_seq")), ("5010000".into(), "7010000".into()));
    assert_eq!(stands("messages_id_seq"), before);
    // What the registry's own trigger writes to a shared table would stay behind.
    town.sql(
        "create function welcome() returns trigger language plpgsql as $$ begin
             insert into public.whatsapp_logs (store_id, event) values (new.id, 'welcome'); return new; end $$;
         create trigger welcome after insert on stores for each row execute function welcome()",
    );
    let line = register("Dos");
    town.refuses(&line[..5], 1, &["is no longer new: 1 rows of it are in public.whatsapp_logs"]);
    assert_eq!(town.value("select count(*) from stores where name = 'Dos'"), "0");
    assert_eq!(ready(&town), standing[1..]);
    town.sql("drop function welcome() cascade");
    // One that holds shared tables: we do not wait for ourselves.
    town.sql(
        "create function hold() returns trigger language plpgsql as $$ begin
             lock table public.orders, public.products in access exclusive mode; return new; end $$;
         create trigger hold after insert on stores for each row execute function hold()",
    );
    town.sql("select setval('products_id_seq', 6000000)");
    let made = town.run(&register("Dos")).exits(0).json();
    assert_eq!(made["stores"][0]["schema"], standing[1].as_str());
    assert_eq!(town.value(&format!("select last_value from {}.products_id_seq", standing[1])), "6010000");
    town.sql("drop function hold() cascade");
    // What the base data needs is gone: that somebody changed it is said, not that the base data fails.
    town.sql(&format!("drop table {}.assignment_rules", standing[2]));
    town.run(&register("Tres")).exits(0).says("somebody changed it");
}
