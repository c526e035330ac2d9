//! New stores: from nothing to validated in one command.

use serde_json::Value;

use crate::app::three_stores;
use crate::faces::{holds, schema, validator};
use crate::town::{Ran, Town, finish};

/// Roles are the whole server's, and so is every test's server: the database's name keeps them apart.
const ROLE: &str = "\n[role]\nname = \"{database}_{schema}\"\ncommon = [\"currencies\"]\n";

/// A probe that passes as nobody but the store's own role, and one that any role passes.
const PROBES: &str = r#"
[[probes]]
name = "own"
expect = "rows"
retries = 0
sql = "select 1 where current_user = current_database() || '_' || current_schema()"
[[probes]]
name = "order"
expect = "rows"
retries = 0
sql = """
insert into customers (name) values ('probe');
insert into orders (customer_id, number) select id, 'probe' from customers where name = 'probe' returning id;
"""
"#;

fn with_probes(town: &Town, words: &[&str]) -> Ran {
    finish(town.with_probes(words))
}

fn add(town: &Town, file: &str, text: &str) {
    town.write(file, &format!("{}{text}", town.read(file)));
}

fn probe<'a>(document: &'a Value, name: &str) -> &'a Value {
    let probes = document["stores"][0]["probes"].as_array().unwrap();
    probes.iter().find(|of| of["probe"] == name).unwrap_or_else(|| panic!("no {name}: {document:#}"))
}

#[test]
fn a_new_store_ends_validated_by_probes_that_ran_as_its_own_role() {
    let town = three_stores();
    add(&town, "tenantctl.toml", ROLE);
    add(&town, "tenantctl.toml", PROBES);
    town.sql("insert into stores (id, name) values (94, 'Tienda Nueva')");
    // Rows of nobody are a matter of the stores that move: looking for them would read every shared table.
    town.sql("alter table customers alter column store_id drop not null; insert into customers (name) values ('x')");
    town.run(&["plan", "--store", "4"]).says("no_owner");
    let made = with_probes(&town, &["create", "--new", "--store", "94", "-f", "json"]).exits(0).json();
    assert!(!made.to_string().contains("no_owner"), "{made:#}");
    holds(&validator(&schema("report")), &made);
    let (store, role) = (&made["stores"][0], format!("{}_store_94", town.database));
    assert_eq!((&store["stage"], &store["role"]), (&"validated".into(), &role.as_str().into()));
    assert_eq!((&probe(&made, "own")["own_role"], &probe(&made, "own")["passed"]), (&true.into(), &true.into()));
    let page = town.run(&["report", "--store", "94"]).exits(0);
    page.says(&format!("role {role}"))
        .says("url postgresql://app@db/main?schema=store_94")
        .says(&format!("sql probes ran as the store's own role {role}"));

    // Who may not act as it asks as what it is, and says so.
    let us = format!("{}_us", town.database);
    town.sql(&format!(
        "create role {us} login; grant usage on schema tenantctl, store_94 to {us};
         grant all on all tables in schema tenantctl, store_94, public to {us};
         grant all on all sequences in schema tenantctl, store_94 to {us}"
    ));
    let as_us = |words: &[&str]| {
        let mut command = town.with_probes(words);
        command.env("DATABASE_URL", town.url().replace("postgres@", &format!("{us}@")));
        finish(command)
    };
    let asked = as_us(&["validate", "--store", "94", "-f", "json"]).exits(3).json();
    holds(&validator(&schema("report")), &asked);
    let order = probe(&asked, "order");
    assert_eq!((&order["role"], &order["own_role"]), (&us.as_str().into(), &false.into()));
    assert_eq!((&order["refused_role"], &order["passed"]), (&role.as_str().into(), &true.into()));
    town.run(&["report", "--store", "94"])
        .exits(0)
        .says(&format!("ran as role {us}: the server does not let it act as the store's own role {role}"));
    town.run(&["report", "--store", "94", "--lang", "es"]).exits(0).says("el servidor no le permite actuar");
    // A member may act as it, without being a superuser.
    town.sql(&format!("grant {role} to {us}"));
    let asked = as_us(&["validate", "--store", "94", "-f", "json"]).exits(0).json();
    assert_eq!(probe(&asked, "own")["role"], role.as_str());
    assert_eq!(town.stage("94"), "validated");
}

#[test]
fn a_store_that_is_registered_gets_one_row_however_often_it_is_asked_for() {
    let town = Town::sample();
    let count = |condition: &str| town.value(&format!("select count(*) from stores where {condition}"));
    let words = ["create", "--new", "--register", "--name", "L'Étoile {{nueva}}", "-f", "json"];
    // Row and move are there together, whenever the run dies; the same command then goes on.
    town.paused("registered", &words).kill();
    let of_both = "name like 'L''%' and exists (select from tenantctl.move where store_key = stores.id::text)";
    assert_eq!((count("name like 'L''%'"), count(of_both)), ("1".into(), "1".into()));
    let made = with_probes(&town, &words).exits(0).json();
    let store = &made["stores"][0];
    assert_eq!((&store["stage"], &store["name"]), (&"validated".into(), &"L'Étoile {{nueva}}".into()));
    let key = store["store"].as_str().unwrap();
    let row = town.sql(&format!("select slug, schema_name, is_active, store_{0} from stores, (select
        'store_' || floor(extract(epoch from created_at) * 1000)::bigint as store_{0} from stores where id = {key}) x where id = {key}", key));
    assert_eq!(row[0][0], Some(format!("l-étoile-nueva-{key}")));
    assert_eq!((&row[0][1], &row[0][2]), (&row[0][3], &Some("t".to_owned())), "its schema's name is of its own time");
    // Done, it is not done again; and what has the key is not overwritten.
    town.refuses(&words[..5], 2, &["has a store named L'Étoile {{nueva}} already", "no second row"]);
    town.refuses(&["create", "--new", "--register", "--name", "x", "--store", key], 2, &["is in the registry"]);
    let spanish = ["--lang", "es", "create", "--new", "--register", "--name", words[4]];
    town.run(&spanish).exits(2).says("ya tiene una tienda llamada L'Étoile {{nueva}}");
    assert_eq!(count("name like 'L''%'"), "1");

    // A run that died before it registered has left nothing; `resume` registers.
    let other = ["create", "--new", "--register", "--name", "Otra", "--store", "700"];
    town.sql(
        "create function wait() returns trigger language plpgsql as 'begin raise exception ''not today''; end';
              create trigger wait before insert on stores for each row execute function wait()",
    );
    town.run(&other).exits(2).says("the registry public.stores does not take store 700").says("not today");
    assert_eq!(
        (count("id = 700"), town.value("select count(*) from tenantctl.move where store_key = '700'")),
        ("0".into(), "0".into())
    );
    town.sql("drop trigger wait on stores");
    let run = town.value("select id from tenantctl.run order by started_at desc limit 1");
    town.run(&["resume", &run, "-y"]).exits(0);
    assert_eq!((count("id = 700 and name = 'Otra'"), town.stage("700")), ("1".into(), "switched".into()));

    // What the row lacks is said.
    town.edit("tenantctl.toml", "new.slug", "new.plan");
    town.refuses(
        &["create", "--new", "--register", "--name", "Z"],
        2,
        &["does not take store", "slug", "[registry] new"],
    );
    town.edit("tenantctl.toml", "new.plan", "new.name");
    town.refuses(&["create", "--new", "--register", "--name", "Z"], 2, &["[registry] new gives column name a value"]);
    town.run(&["create", "--register", "--name", "Z"]).exits(2).says("--new");
}
