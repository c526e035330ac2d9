//! Findings of a review, each told as what it is now.

use crate::app::three_stores;

#[test]
fn a_registry_whose_check_looks_at_both_columns_takes_the_switch_and_the_way_back() {
    let town = three_stores();
    town.sql("alter table stores add check ((schema_name is null) = (database_url is null))");
    town.run(&["migrate", "--store", "4"]).exits(0);
    assert_eq!(town.value("select schema_name || ' ' || (database_url is not null) from stores where id = 4"), "store_4 true");
    town.run(&["reverse", "--store", "4", "--yes"]).exits(0);
    assert_eq!(town.value("select count(*) from stores where schema_name is null and database_url is null"), "3");
}

#[test]
fn an_id_of_a_domain_over_an_integer_is_numbered_beyond_what_was_given_out() {
    let town = three_stores();
    town.sql(
        "create domain line_id as bigint check (value > 0); create domain id_of_line as line_id;
         alter table lines alter id type id_of_line",
    );
    town.edit("store_schema.sql", "id bigserial,", "id public.id_of_line not null default 0,");
    town.edit(
        "store_schema.sql",
        "-- tenantctl: after the load",
        "create sequence {{schema}}.lines_id_seq;
         alter table {{schema}}.lines alter id set default nextval('{{schema_raw}}.lines_id_seq');
         create sequence {{schema}}.nobodys;
         -- tenantctl: after the load",
    );
    let ran = town.run(&["migrate", "--store", "4", "--format", "json"]).exits(0).json();
    let highest = town.value("select max(id) from public.lines");
    assert_eq!(
        town.value(&format!("select nextval('store_4.lines_id_seq') > {highest}")),
        "t"
    );
    let checks = ran["stores"][0]["checks"].as_array().unwrap();
    let ahead = checks.iter().find(|check| check["check"] == "sequences_ahead").unwrap();
    assert!(ahead["detail"].as_str().unwrap().starts_with("3 of 4 sequences"), "{ahead}");
}
