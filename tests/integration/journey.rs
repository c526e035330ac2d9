//! The happy journey of one store.

use crate::town::Town;

#[test]
fn one_store_moves_with_proof_and_its_neighbours_stay() {
    let town = Town::sample();
    let before = town.fingerprint("public");
    let ran = town.run(&["migrate", "--store", "4", "--format", "json"]).exits(0);
    let report = ran.json();
    let store = &report["stores"][0];
    assert_eq!(report["outcome"], "done");
    assert_eq!(store["stage"], "switched");
    assert_eq!(store["row_count"], 14_907);
    let tables = store["tables"].as_array().unwrap();
    assert_eq!(tables.len(), 15);
    assert!(tables.iter().all(|table| table["verdict"] == "equal" && table["digest_equal"] == true));
    assert_eq!(town.value("select schema_name from stores where id = 4"), "store_1751248005649");
    assert_eq!(
        town.value("select database_url from stores where id = 4"),
        "postgresql://app@db/main?schema=store_1751248005649"
    );
    town.sql("update stores set schema_name = null, database_url = null, updated_at = o.updated_at from (select 1) x, stores o where stores.id = 4 and o.id = 5");
    let without_registry =
        |text: &str| text.lines().filter(|line| !line.starts_with("public.stores ")).collect::<Vec<_>>().join("\n");
    assert_eq!(without_registry(&town.fingerprint("public")), without_registry(&before));
    assert_eq!(town.session_count(), 0);
}

#[test]
fn the_same_command_again_finds_nothing_to_do() {
    let town = Town::sample();
    town.run(&["migrate", "--store", "13"]).exits(0);
    let schema = town.value("select schema_name from stores where id = 13");
    let before = (town.fingerprint("public"), town.fingerprint(&schema));
    town.run(&["migrate", "--store", "13"]).exits(0).says("already");
    assert_eq!((town.fingerprint("public"), town.fingerprint(&schema)), before);
}
