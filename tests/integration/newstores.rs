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
    let made = with_probes(&town, &["create", "--new", "--store", "94", "-f", "json"]).exits(0).json();
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
