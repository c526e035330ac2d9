//! Small applications for tests, and what it means that nothing changed, or that all rows arrived.

use std::time::{Duration, Instant};

use crate::running::eventually;
use crate::town::{Ran, Town, sql_in};

/// Three stores, 3, 4 and 5, with 6 customers, 12 orders and 36 lines each.
pub(crate) fn three_stores() -> Town {
    Town::with(
        include_str!("../fixtures/three_stores.sql"),
        include_str!("../fixtures/three_stores.toml"),
        include_str!("../fixtures/three_stores_template.sql"),
    )
}

/// What a refused command must leave as it was.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Untouched {
    shared: String,
    schemas: Vec<String>,
}

impl Town {
    /// All rows of `public`, and every schema with the number of its objects; the journal aside.
    pub(crate) fn untouched(&self) -> Untouched {
        Untouched { shared: self.fingerprint("public"), schemas: self.schemas() }
    }

    /// The schemas that are neither PostgreSQL's nor the journal, each with the number of its relations.
    pub(crate) fn schemas(&self) -> Vec<String> {
        let rows = self.sql(
            "select n.nspname || ' ' || count(c.oid) from pg_namespace n left join pg_class c on c.relnamespace = n.oid
             where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'tenantctl') group by n.nspname order by 1",
        );
        rows.into_iter().map(|row| row[0].clone().unwrap()).collect()
    }

    /// Waits until the server has seen the end of every session of tenantctl; fails where one stays.
    #[track_caller]
    pub(crate) fn all_sessions_end(&self) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.session_count() > 0 {
            assert!(Instant::now() < deadline, "{} sessions of tenantctl stay", self.session_count());
        }
    }

    /// Waits until nobody is connected to the database: who left is still counted for a moment.
    #[track_caller]
    pub(crate) fn nobody_is_connected(&self) {
        let sql = format!("select count(*) from pg_stat_activity where datname = '{}'", self.database);
        eventually("nobody is connected", Duration::from_secs(10), || {
            sql_in("postgres", &sql)[0][0].as_deref() == Some("0")
        });
    }

    /// Runs a command that must be refused: with this exit code, naming these things, with a hint, changing nothing.
    #[track_caller]
    pub(crate) fn refuses(&self, words: &[&str], code: i32, names: &[&str]) -> Ran {
        let before = self.untouched();
        let ran = self.run(words).exits(code);
        let ran = names.iter().fold(ran, |ran, name| ran.says(name)).says("hint: ");
        assert_eq!(self.untouched(), before);
        self.all_sessions_end();
        ran
    }

    /// Asserts that two queries give the same rows, duplicates counted: by SQL, without any help of the product.
    #[track_caller]
    pub(crate) fn same_rows(&self, one: &str, other: &str) {
        let count = |sql: String| self.value(&format!("select count(*) from ({sql}) as rows"));
        let (missing, extra) =
            (count(format!("({one}) except all ({other})")), count(format!("({other}) except all ({one})")));
        assert_eq!((missing.as_str(), extra.as_str()), ("0", "0"), "{one}\n{other}");
    }

    /// Asserts that rows of a shared table, chosen by a condition, are all the rows of a table of the store schema.
    #[track_caller]
    pub(crate) fn moved(&self, shared: &str, condition: &str, target: &str) {
        self.same_rows(
            &format!("select t::text from {shared} t where {condition}"),
            &format!("select t::text from {target} t"),
        );
    }

    /// The three shared tables of [`three_stores`] against the store's own.
    #[track_caller]
    pub(crate) fn three_tables_moved(&self, store: u32, schema: &str) {
        let own = format!("store_id = {store}");
        self.moved("public.customers", &own, &format!("{schema}.customers"));
        self.moved("public.orders", &own, &format!("{schema}.orders"));
        let lines = format!("order_id in (select id from public.orders where {own})");
        self.moved("public.lines", &lines, &format!("{schema}.lines"));
        assert_eq!(self.value(&format!("select count(*) from {schema}.lines")), "36");
    }

    /// A store's stage in the journal; `none` where it has no live move.
    pub(crate) fn stage(&self, store: &str) -> String {
        let ran = self.run(&["stores", "--format", "json"]).exits(0).json();
        let list = ran["store_list"].as_array().unwrap();
        let line = list.iter().find(|line| line["store"] == store).unwrap_or_else(|| panic!("no store {store}: {ran}"));
        line["stage"].as_str().unwrap().to_owned()
    }
}
