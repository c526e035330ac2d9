//! What is amiss in the stores, as the last look found it, and what was told of it.

use anyhow::{Result, bail};
use tokio_postgres::Row;

use crate::alert::{Severity, State};
use crate::ident::Ident;
use crate::metric::Moment;
use crate::pg::client::Client;
use crate::pg::failure::ServerResult;

/// Seconds since 1970.
const EPOCH: &str = "extract(epoch from {})::int8";

/// Whether nobody else watches the alerts of this shared schema; then nobody else does until the session ends.
///
/// # Errors
/// The server's error.
pub async fn watch_alone(client: &Client, shared: &Ident) -> Result<bool> {
    let sql = "select pg_catalog.pg_try_advisory_lock(hashtextextended('tenantctl alerts ' || $1::text, 0))";
    Ok(client.query_one(sql, &[&shared.raw()]).await.server()?.get(0))
}

/// What is known; nothing where the journal has no place for it.
///
/// # Errors
/// The server's error.
pub async fn alert_states(client: &Client, shared: &Ident) -> Result<Vec<State>> {
    let there = client.query_one("select to_regclass('tenantctl.alert') is not null", &[]).await.server()?;
    if !there.get::<_, bool>(0) {
        return Ok(Vec::new());
    }
    let [since, fired_at, told_at] = ["since", "fired_at", "told_at"].map(|column| EPOCH.replace("{}", column));
    let sql = format!(
        "select store_key, rule, severity, says, {since}, {fired_at}, {told_at}
         from tenantctl.alert where shared_schema = $1 order by store_key, rule"
    );
    client.query(&sql, &[&shared.raw()]).await.server()?.iter().map(state).collect()
}

fn state(row: &Row) -> Result<State> {
    let severity: &str = row.get(2);
    let Some(severity) = Severity::of_word(severity) else { bail!("the journal has an unknown severity `{severity}`") };
    let moment = |at: usize| row.get::<_, Option<i64>>(at).map(Moment);
    Ok(State {
        store: row.get(0),
        rule: row.get(1),
        severity,
        says: row.get(3),
        since: Moment(row.get(4)),
        fired_at: moment(5),
        told_at: moment(6),
    })
}

/// A look at the alerts, as evidence that somebody looks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AlertLook {
    /// When.
    pub at: Moment,
    /// By how many rules.
    pub rule_count: usize,
    /// At how many stores.
    pub store_count: usize,
    /// Who is told: `webhook`, `command`, `nobody`.
    pub teller: String,
}

/// The newest one; none where the journal has none.
///
/// # Errors
/// The server's error.
pub async fn alert_look(client: &Client, shared: &Ident) -> Result<Option<AlertLook>> {
    let there = client.query_one("select to_regclass('tenantctl.alert_look') is not null", &[]).await.server()?;
    if !there.get::<_, bool>(0) {
        return Ok(None);
    }
    let at = EPOCH.replace("{}", "looked_at");
    let sql =
        format!("select {at}, rule_count, store_count, teller from tenantctl.alert_look where shared_schema = $1");
    let row = client.query_opt(&sql, &[&shared.raw()]).await.server()?;
    let count = |row: &Row, at: usize| usize::try_from(row.get::<_, i32>(at)).unwrap_or_default();
    Ok(row.map(|row| AlertLook {
        at: Moment(row.get(0)),
        rule_count: count(&row, 1),
        store_count: count(&row, 2),
        teller: row.get(3),
    }))
}

/// Writes what is known now in the place of what was, and that there was a look; in one transaction.
///
/// # Errors
/// The server's error.
pub async fn record_alert_states(
    client: &mut Client,
    shared: &Ident,
    states: &[State],
    look: &AlertLook,
) -> Result<()> {
    let transaction = client.transaction().await.server()?;
    let sql = "insert into tenantctl.alert_look (shared_schema, looked_at, rule_count, store_count, teller)
               values ($1, to_timestamp($2::int8), $3, $4, $5)
               on conflict (shared_schema) do update set looked_at = excluded.looked_at, teller = excluded.teller,
                   rule_count = excluded.rule_count, store_count = excluded.store_count";
    let [rules, stores] = [look.rule_count, look.store_count].map(|count| i32::try_from(count).unwrap_or(i32::MAX));
    transaction.execute(sql, &[&shared.raw(), &look.at.0, &rules, &stores, &look.teller]).await.server()?;
    transaction.execute("delete from tenantctl.alert where shared_schema = $1", &[&shared.raw()]).await.server()?;
    let sql = "insert into tenantctl.alert (shared_schema, store_key, rule, severity, says, since, fired_at, told_at)
               values ($1, $2, $3, $4, $5, to_timestamp($6::int8), to_timestamp($7::int8), to_timestamp($8::int8))";
    for state in states {
        let (fired_at, told_at) = (state.fired_at.map(|at| at.0), state.told_at.map(|at| at.0));
        let (severity, since) = (state.severity.word(), state.since.0);
        transaction
            .execute(
                sql,
                &[&shared.raw(), &state.store, &state.rule, &severity, &state.says, &since, &fired_at, &told_at],
            )
            .await
            .server()?;
    }
    Ok(transaction.commit().await.server()?)
}
