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
