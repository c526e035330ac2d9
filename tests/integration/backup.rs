//! Backups: what is in one, that any damage is named, and that what is restored is what was there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::app::three_stores;
use crate::faces::{holds, schema, validator};
use crate::town::{Ran, Town, sql_at};

/// Store 4 is moved, has a role and odd rows, a function that names its schema, and a right that somebody gave by hand.
fn moved() -> Town {
    let town = three_stores();
    let config = town.read("tenantctl.toml");
    let role = "\n[role]\nname = \"{database} {schema}\"\nlogin = true\n[backup]\nto = \"backups\"\nlevel = 1\n";
    town.write("tenantctl.toml", &format!("{config}{role}"));
    fs::create_dir(town.folder.path().join("backups")).unwrap();
    town.run(&["migrate", "--store", "4", "--yes"]).exits(0);
    town.sql(
        r"insert into store_4.customers (store_id, name, email) values (4, E'tab\t nl\n back\\ \\. ñandú', null), (4, '\N', '');
          create function store_4.how_many() returns bigint language sql as 'select count(*) from store_4.customers';
          create table store_4.empty (a int, b text); grant select (number) on store_4.orders to public",
    );
    town
}

/// Every row of every table of the schema, where its sequences stand, and its keys.
fn all_of(url: &str, schema: &str) -> Vec<String> {
    let tables = ["customers", "orders", "lines", "empty"].map(|table| {
        format!("select coalesce(string_agg(t::text, ' | ' order by t::text), '') from {schema}.{table} t")
    });
    let sequences = format!(
        "select string_agg(sequencename || ' ' || last_value, ' | ' order by sequencename) from pg_sequences where schemaname = replace('{schema}', '\"', '')"
    );
    let keys = format!(
        "select string_agg(conname || contype::text, ' ' order by conname, contype) from pg_constraint
         where connamespace = '{schema}'::regnamespace and conname <> 'orders_currency_fkey'"
    );
    tables.iter().chain([&sequences, &keys]).map(|sql| sql_at(url, sql)[0][0].clone().unwrap_or_default()).collect()
}

fn backup(town: &Town, to: &str) -> Value {
    let report = town.run(&["backup", "--store", "4", "--to", to, "-f", "json"]).exits(0).json();
    holds(&validator(&schema("report")), &report);
    report["backups"][0].clone()
}

fn copy_of(from: &Path, to: &Path) {
    let copied = Command::new("cp").args(["-a".as_ref(), from.as_os_str(), to.as_os_str()]).status().unwrap();
    assert!(copied.success());
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 0x10;
    fs::write(path, bytes).unwrap();
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() { files.extend(files_of(&entry)) } else { files.push(entry) }
    }
    files.sort();
    files
}

/// `backup check` without a configuration, a database or even a server.
fn check(town: &Town, place: &str) -> Ran {
    let mut command = town.command(&["backup", "check", place, "-f", "json"]);
    command.env("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere");
    crate::town::finish(command)
}

#[test]
fn every_damage_of_a_backup_is_found_and_named_and_nothing_of_it_is_restored() {
    let town = moved();
    let folder = town.folder.path();
    let written = backup(&town, "whole");
    assert_eq!((&written["row_count"], &written["proven"]), (&56.into(), &true.into()));
    let report = check(&town, "whole").exits(0).json();
    holds(&validator(&schema("report")), &report);
    assert_eq!(report["backups"][0]["tables"].as_array().unwrap().len(), 4);
    let summed =
        Command::new("sha256sum").args(["-c", "--quiet", "SHA256SUMS"]).current_dir(folder.join("whole")).status();
    assert!(summed.unwrap().success());

    // A byte of each file flipped, each file cut, each taken away, one too many: named by its own name.
    let damaged = folder.join("damaged");
    let names: Vec<String> = files_of(&folder.join("whole"))
        .iter()
        .map(|path| path.strip_prefix(folder.join("whole")).unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(names.len(), 7 + 4);
    let planted = |name: &str, damage: &dyn Fn(&Path)| {
        copy_of(&folder.join("whole"), &damaged);
        damage(&damaged.join(name));
        let report = check(&town, "damaged").exits(3).json();
        let files = report["backups"][0]["damages"].as_array().unwrap();
        assert!(files.iter().any(|of| of["file"] == name), "{name} is not named: {report}");
        fs::remove_dir_all(&damaged).unwrap();
    };
    for name in &names {
        let bytes = fs::read(folder.join("whole").join(name)).unwrap().len();
        if bytes > 0 {
            planted(name, &|path| flip(path, bytes / 2));
            planted(name, &|path| fs::write(path, &fs::read(path).unwrap()[..bytes - 1]).unwrap());
        }
        planted(name, &|path| fs::remove_file(path).unwrap());
    }
    planted("data/0009.copy.zst", &|path| fs::write(path, "").unwrap());
    planted("data/0002.copy.zst", &|path| {
        let (rows, sums) =
            (fs::read(path.with_file_name("0001.copy.zst")).unwrap(), path.parent().unwrap().parent().unwrap());
        fs::write(path, rows).unwrap(); // another table's rows, with the sum put right by somebody
        let anew = "sha256sum $(cut -c67- SHA256SUMS) > S && mv S SHA256SUMS";
        assert!(Command::new("sh").args(["-c", anew]).current_dir(sums).status().unwrap().success());
    });

    // The one file: any byte of it, also where no entry would be another, and any end.
    backup(&town, "whole.tar.zst");
    let whole = fs::read(folder.join("whole.tar.zst")).unwrap();
    for at in (0..whole.len()).step_by(whole.len() / 60).chain([5, whole.len() - 90, whole.len() - 1]) {
        copy_of(&folder.join("whole.tar.zst"), &folder.join("damaged.tar.zst"));
        flip(&folder.join("damaged.tar.zst"), at);
        check(&town, "damaged.tar.zst").exits(3).says("is damaged");
        fs::write(folder.join("damaged.tar.zst"), &whole[..at]).unwrap();
        check(&town, "damaged.tar.zst").exits(3).says("is damaged");
    }
    let before = town.untouched();
    town.run(&["restore", "--store", "4", "--from", "damaged.tar.zst"]).exits(3).says("nothing was restored");
    town.run(&["restore", "--store", "5", "--from", "whole.tar.zst"]).exits(2).says("is of store 4, not of store 5");
    town.run(&["backup", "check", "damaged.tar.zst", "--lang", "es"]).exits(3).says("dañado");
    assert_eq!(town.untouched(), before);
}

#[test]
fn a_backup_is_restored_beside_elsewhere_and_by_psql_and_takes_the_live_place_with_its_rights() {
    let town = moved();
    let folder = town.folder.path();
    let rows = all_of(&town.url(), "store_4");
    let in_folder = backup(&town, "backups");
    let place = in_folder["place"].as_str().unwrap();
    assert!(place.starts_with("backups/store_4/2") && folder.join(place).is_dir(), "{place}");
    backup(&town, "one.tar.zst");

    // Beside, from either form; the live schema has its name all the while, and nobody there waits.
    let person = crate::running::Person::at(&town.url());
    person.does("begin; update store_4.customers set email = 'busy' where id = 1; update store_4.orders set total = 1");
    let words = ["restore", "--store", "4", "--from", "one.tar.zst", "-f", "json"];
    let report = town.run(&words).exits(0).json();
    holds(&validator(&schema("report")), &report);
    person.does("rollback");
    assert_eq!(report["backups"][0]["schema"], "store_4_restored");
    assert!(report["backups"][0]["notes"][0].as_str().unwrap().contains("how_many"), "{report}");
    town.run(&["restore", "--store", "4", "--as", "Another One"]).exits(0);
    assert_eq!(all_of(&town.url(), "store_4_restored"), rows);
    assert_eq!(all_of(&town.url(), "\"Another One\""), rows);
    town.refuses(&words[..5], 2, &["store_4_restored is there already"]);

    // Elsewhere: by us, and by psql alone from what `tar` unpacks and from the folder.
    let url = |name: &str| {
        town.sql(&format!("create database {}_{name}", town.database));
        town.url().replace(&format!("/{}", town.database), &format!("/{}_{name}", town.database))
    };
    let other = url("other");
    let ran = town.run(&["restore", "--from", "one.tar.zst", "-d", &other]).exits(0);
    ran.says("1 foreign keys that lead out of the schema are left out");
    fs::create_dir(folder.join("unpacked")).unwrap();
    let tar =
        Command::new("tar").args(["--zstd", "-xf", "../one.tar.zst"]).current_dir(folder.join("unpacked")).status();
    assert!(tar.unwrap().success());
    check(&town, "unpacked").exits(0);
    let mut urls = vec![other];
    for (name, from) in [("unpacked", folder.join("unpacked")), ("folder", folder.join(place))] {
        let url = url(name);
        let mut psql = Command::new("psql");
        let loaded = psql.args(["-X", "-q", "-d", &url, "-f", "load.sql"]).current_dir(from).output().unwrap();
        assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
        urls.push(url);
    }
    for url in urls {
        assert_eq!(all_of(&url, "store_4"), rows, "{url}");
    }

    // Rows are lost; the restored schema takes the live one's place, and its role works there as before.
    town.sql("delete from store_4.lines; update store_4.customers set name = 'spoilt'");
    town.refuses(&["restore", "--store", "4", "--swap"], 2, &["--yes"]);
    town.sql("create view public.watcher as select count(*) as n from store_4.orders");
    town.run(&["restore", "--store", "4", "--swap", "--yes"]).exits(2).says("watcher");
    town.sql("drop view public.watcher");
    let report = town.run(&["restore", "--store", "4", "--swap", "--yes", "-f", "json"]).exits(0).json();
    holds(&validator(&schema("report")), &report);
    let kept = report["backups"][0]["kept_as"].as_str().unwrap();
    assert_eq!(all_of(&town.url(), "store_4"), rows);
    assert_eq!(town.value(&format!("select count(*) from {kept}.customers where name = 'spoilt'")), "8");
    let role = format!("set role \"{} store_4\"; ", town.database);
    assert_eq!(town.value(&format!("{role} select store_4.how_many()")), "8");
    town.sql(&format!("{role} insert into store_4.customers (store_id, name) values (4, 'after')"));
    let of_column = "select has_column_privilege('public', 'store_4.orders', 'number', 'select')::text
                     || has_table_privilege('public', 'store_4.orders', 'select')";
    assert_eq!(town.value(of_column), "truefalse");
    assert_eq!(town.value("select count(*) from pg_constraint where conname = 'orders_currency_fkey' and connamespace = 'store_4'::regnamespace"), "1");
    let enters = format!("select has_schema_privilege('{} store_4', '{kept}', 'usage')", town.database);
    assert_eq!(town.value(&enters), "f", "its role would reach what is kept");
    town.run(&["verify", "--store", "4", "--live"]).exits(3);
    let kinds = "select string_agg(kind, ' ' order by id) from tenantctl.event where kind in ('backed_up', 'restored')";
    assert_eq!(town.value(kinds), "backed_up backed_up restored restored restored");
    let kept_of = "select detail->>'proven' || (detail->>'row_count') || (detail->>'table_count') from tenantctl.event
                   where kind = 'backed_up' and detail ?& array['to','format','bytes','snapshot','seconds'] limit 1";
    assert_eq!(town.value(kept_of), "true564");
}
