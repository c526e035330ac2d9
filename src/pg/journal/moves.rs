//! Moves: one row per store, and its stage.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use tokio_postgres::types::Json;

use crate::digest::hash_of_text;
use crate::error::{Exit, Refusal};
use crate::ident::Ident;
use crate::manifest::Manifest;
use crate::pg::client::Client;
use crate::pg::failure::ServerResult;
use crate::pg::lease::Lease;
use crate::pg::registry::RegistryValues;
use crate::pg::session::Facts;
use crate::plan::{Blueprint, Plan};
use crate::report::{ErrorReport, Sample, SwitchEvidence};
use crate::stage::Stage;
use crate::store::{KeyType, Store, StoreKey};

/// A store that has rows in the shared schema, or one that begins without.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MoveKind {
    /// Its rows are moved.
    Move,
    /// It is new: base data instead of rows, or a copy of another store's.
    New,
    /// Its rows are moved into a schema beside its own, which is dropped again; never switched.
    Rehearsal,
    /// A schema without a store: made as a new one's, and taken by a new store later.
    Ready,
}

impl MoveKind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Move => "move",
            Self::New => "new",
            Self::Rehearsal => "rehearsal",
            Self::Ready => "ready",
        }
    }

    pub(super) fn of_word(word: &str) -> Self {
        match word {
            "new" => Self::New,
            "rehearsal" => Self::Rehearsal,
            "ready" => Self::Ready,
            _ => Self::Move,
        }
    }

    /// Whether rows of the shared schema are moved.
    #[must_use]
    pub fn has_rows(self) -> bool {
        matches!(self, Self::Move | Self::Rehearsal)
    }

    /// Whether a store is routed to its schema in the end, and so has a URL and a role.
    #[must_use]
    pub fn is_switched_at_last(self) -> bool {
        matches!(self, Self::Move | Self::New)
    }
}

/// The template as it was when the move was planned.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct RecordedTemplate {
    /// The file's name, for messages.
    pub file: String,
    /// Its text.
    pub text: String,
    /// The base data's file name, for new stores.
    pub base_data_file: Option<String>,
    /// The base data's text.
    pub base_data: Option<String>,
}

impl RecordedTemplate {
    /// 32 hex digits over both texts.
    #[must_use]
    pub fn hash(&self) -> String {
        hash_of(&(&self.text, &self.base_data))
    }
}

/// 32 hex digits over a value's JSON.
pub(super) fn hash_of(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_default(); // plain values: cannot fail
    hash_of_text(&text)
}

/// What a new move is made of.
#[derive(Clone, Debug)]
pub struct NewMove {
    /// Rows or none.
    pub kind: MoveKind,
    /// An existing, empty schema is taken over.
    pub adopted: bool,
    /// The plan as it was shown.
    pub plan: Plan,
    /// The manifest.
    pub manifest: Manifest,
    /// The template.
    pub template: RecordedTemplate,
    /// What the template makes.
    pub blueprint: Blueprint,
    /// The shared tables' definitions.
    pub ddl_fingerprint: String,
}

/// A row of `tenantctl.move`.
#[derive(Clone, Debug)]
pub struct Move {
    /// Its id.
    pub id: i64,
    /// The store.
    pub store: Store,
    /// The shared schema.
    pub shared_schema: Ident,
    /// Rows or none.
    pub kind: MoveKind,
    /// An existing schema was taken over.
    pub adopted: bool,
    /// How far it is.
    pub stage: Stage,
    /// Grows with every run that takes it over.
    pub epoch: i64,
    /// The last run that worked on it.
    pub run: String,
    /// The URL that the application gets.
    pub url: Option<String>,
    /// The plan as recorded.
    pub plan: Plan,
    /// The manifest as recorded.
    pub manifest: Manifest,
    /// Its hash.
    pub manifest_hash: String,
    /// The template as recorded.
    pub template: Arc<RecordedTemplate>,
    /// Its hash.
    pub template_hash: String,
    /// What the template makes; nothing in a move that was just claimed, whose schema is made.
    pub blueprint: Arc<Blueprint>,
    /// The shared tables' definitions.
    pub ddl_fingerprint: String,
    /// The snapshot at which all rows are true.
    pub snapshot: Option<String>,
    /// The snapshot at which they were read back.
    pub verdict_snapshot: Option<String>,
    /// What rows stood in tables that no copy accounts for when it was proven.
    pub base_digests: BTreeMap<String, String>,
    /// The registry's values before the switch.
    pub registry_before: Option<RegistryValues>,
    /// How the switch went.
    pub switch: Option<SwitchEvidence>,
    /// What the report's queries gave.
    pub samples: Vec<Sample>,
    /// Why it stands still.
    pub error: Option<ErrorReport>,
    /// RFC 3339.
    pub copied_at: Option<String>,
    /// RFC 3339.
    pub verified_at: Option<String>,
    /// RFC 3339.
    pub switched_at: Option<String>,
}

pub(super) const SELECT: &str = include_str!("../sql/move_row.sql");

/// What a move was planned with: all that is recorded once.
pub(super) struct Design {
    pub(super) plan: Plan,
    pub(super) manifest: Manifest,
    pub(super) template: Arc<RecordedTemplate>,
    pub(super) blueprint: Arc<Blueprint>,
}

impl Design {
    fn of(known: &Move) -> Self {
        let Move { plan, manifest, template, blueprint, .. } = known.clone();
        Self { plan, manifest, template, blueprint }
    }

    fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            plan: row.try_get::<_, Json<_>>(12).server()?.0,
            manifest: row.try_get::<_, Json<_>>(13).server()?.0,
            template: Arc::new(row.try_get::<_, Json<_>>(15).server()?.0),
            blueprint: Arc::new(row.try_get::<_, Json<_>>(17).server()?.0),
        })
    }
}

/// [`SELECT`] without the [`Design`], and with further columns behind.
pub(super) fn select_without_design(columns: &str) -> String {
    SELECT
        .replacen("plan, manifest, manifest_hash, template,", "null, null, manifest_hash, null,", 1)
        .replacen("template_hash, blueprint,", "template_hash, null,", 1)
        .replacen("\nfrom tenantctl.move", &format!("{columns}\nfrom tenantctl.move"), 1)
}

/// A row of [`SELECT`], or of [`select_without_design`] where that is known.
pub(super) fn move_row(row: &Row, design: Option<Design>) -> Result<Move> {
    let Json(key_type): Json<KeyType> = row.try_get(10).server()?;
    let key = StoreKey::parse(row.get(2), &key_type)?;
    let Design { plan, manifest, template, blueprint } = match design {
        Some(design) => design,
        None => Design::read(row)?,
    };
    let stage: String = row.get(7);
    let Some(stage) = Stage::of_word(&stage) else { bail!("the journal has an unknown stage `{stage}`") };
    Ok(Move {
        id: row.get(0),
        shared_schema: Ident::new(row.get::<_, String>(1)),
        store: Store { key, name: row.get(3), schema: Ident::new(row.get::<_, String>(4)) },
        kind: MoveKind::of_word(row.get(5)),
        adopted: row.get(6),
        stage,
        epoch: row.get(8),
        run: row.get(9),
        url: row.get(11),
        plan,
        manifest,
        manifest_hash: row.get(14),
        template,
        template_hash: row.get(16),
        blueprint,
        ddl_fingerprint: row.get(18),
        snapshot: row.get(19),
        verdict_snapshot: row.get(20),
        registry_before: row.try_get::<_, Option<Json<RegistryValues>>>(21).server()?.map(|Json(values)| values),
        switch: row.try_get::<_, Option<Json<SwitchEvidence>>>(22).server()?.map(|Json(evidence)| evidence),
        samples: row.try_get::<_, Option<Json<Vec<Sample>>>>(23).server()?.map(|Json(list)| list).unwrap_or_default(),
        error: row.try_get::<_, Option<Json<ErrorReport>>>(24).server()?.map(|Json(error)| error),
        verified_at: row.get(25),
        switched_at: row.get(26),
        copied_at: row.get(27),
        base_digests: row.try_get::<_, Option<Json<_>>>(28).server()?.map(|Json(digests)| digests).unwrap_or_default(),
    })
}

/// The live move of a store; none before the first, or after it was abandoned. Rehearsals are none.
///
/// # Errors
/// The server's error.
pub async fn live_move(client: &Client, shared_schema: &Ident, key: &StoreKey) -> Result<Option<Move>> {
    live(client, shared_schema, key, "<>").await
}

/// What a rehearsal of a store left; none where it was dropped.
///
/// # Errors
/// The server's error.
pub async fn live_rehearsal(client: &Client, shared_schema: &Ident, key: &StoreKey) -> Result<Option<Move>> {
    live(client, shared_schema, key, "=").await
}

async fn live(client: &Client, shared: &Ident, key: &StoreKey, is_rehearsal: &str) -> Result<Option<Move>> {
    let sql = format!(
        "{SELECT} where shared_schema = $1 and store_key = $2 and stage <> 'abandoned' and kind {is_rehearsal} 'rehearsal'"
    );
    let row = client.query_opt(&sql, &[&shared.raw(), &key.text()]).await.server()?;
    row.as_ref().map(|row| move_row(row, None)).transpose()
}

/// The move as it is now.
///
/// # Errors
/// The server's error.
pub async fn read_move(client: &Client, id: i64) -> Result<Move> {
    let row = client.query_one(&format!("{SELECT} where id = $1"), &[&id]).await.server()?;
    move_row(&row, None)
}

/// The same move as it is by now. What it was planned with is not read again: it is most of the row, and stays as it is.
///
/// # Errors
/// The server's error.
pub async fn reread(client: &Client, known: &Move) -> Result<Move> {
    let row = client.query_one(&format!("{} where id = $1", select_without_design("")), &[&known.id]).await.server()?;
    move_row(&row, Some(Design::of(known)))
}

/// Records a new move at stage `planned`; the lease must hold its store.
///
/// # Errors
/// The server's error.
pub async fn begin(lease: &Lease, shared_schema: &Ident, new: &NewMove) -> Result<Move> {
    let id = begin_in(lease.client(), lease.run(), shared_schema, new).await?;
    read_move(lease.client(), id).await
}

/// The same in somebody's transaction; its id.
///
/// # Errors
/// The server's error.
pub(super) async fn begin_in(client: &Client, run: &str, shared_schema: &Ident, new: &NewMove) -> Result<i64> {
    let store = &new.plan.store;
    let row = client
        .query_one(
            "insert into tenantctl.move (shared_schema, store_key, store_name, store_schema, kind, adopted, run_id,
                key_type, store_url, plan, manifest, manifest_hash, template, template_hash, blueprint, ddl_fingerprint)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) returning id",
            &[
                &shared_schema.raw(),
                &store.key.text(),
                &store.name,
                &store.schema.raw(),
                &new.kind.word(),
                &new.adopted,
                &run,
                &Json(store.key.key_type()),
                &new.plan.url,
                &Json(&new.plan),
                &Json(&new.manifest),
                &manifest_hash(&new.manifest),
                &Json(&new.template),
                &new.template.hash(),
                &Json(&new.blueprint),
                &new.ddl_fingerprint,
            ],
        )
        .await
        .server()?;
    let id: i64 = row.get(0);
    super::record_event(client, run, Some(id), "planned", &serde_json::json!({})).await?;
    Ok(id)
}

/// The manifest's hash, as recorded.
fn manifest_hash(manifest: &Manifest) -> String {
    hash_of(manifest)
}

impl Move {
    /// What differs between the recorded plan's sources and today's files.
    #[must_use]
    pub fn differs_from(&self, manifest: &Manifest, template: &RecordedTemplate) -> Vec<&'static str> {
        let mut differing = Vec::new();
        if self.manifest_hash != manifest_hash(manifest) {
            differing.push("the manifest ([[tables]], common, ignore, tenant_column)");
        }
        if self.template.text != template.text {
            differing.push("the template");
        }
        if self.kind == MoveKind::New && self.template.base_data != template.base_data {
            differing.push("the base data");
        }
        differing
    }
}

/// The database in which the last run of a move worked.
const LAST_DATABASE: &str = "select r.database_oid, r.system_identifier
    from tenantctl.move m join tenantctl.run r on r.id = m.run_id where m.id = $1";

/// Refuses a journal that came here by a dump: its snapshots and transaction ids belong to another database.
///
/// # Errors
/// A refusal, or the server's error.
pub async fn check_home(client: &Client, id: i64, facts: &Facts) -> Result<()> {
    let row = client.query_one(LAST_DATABASE, &[&id]).await.server()?;
    let (oid, system): (u32, Option<String>) = (row.get(0), row.get(1));
    let other_system = system.zip(facts.system_identifier.as_ref()).is_some_and(|(then, now)| then != *now);
    if oid != facts.database_oid || other_system {
        bail!(
            Refusal::new("the journal was written in another database and came here by a dump")
                .because("its snapshots mean nothing here, so no change since could be told")
                .hint("give the move up with `tenantctl abandon`, and begin anew")
        );
    }
    Ok(())
}

/// Takes a move over for this run: what is left of the last run is ended, and the epoch grows.
///
/// # Errors
/// A refusal where the last run's backends will not end, or the server's error.
pub async fn take_over(lease: &Lease, id: i64) -> Result<Move> {
    let run = lease.run().to_owned();
    let last: String =
        lease.client().query_one("select run_id from tenantctl.move where id = $1", &[&id]).await.server()?.get(0);
    lease.end_orphans_of(&last).await?;
    let sql = "update tenantctl.move set epoch = epoch + 1, run_id = $2 where id = $1";
    lease.client().execute(sql, &[&id, &run]).await.server()?;
    let taken = read_move(lease.client(), id).await?;
    match taken.run == run {
        true => Ok(taken),
        false => bail!("the journal did not take this run over"),
    }
}

impl Move {
    /// Writes the next stage, in the transaction of the step that reached it. `sets` adds assignments with values
    /// that are already SQL text by `ident`.
    ///
    /// # Errors
    /// A refusal where the lease was lost: no row has the old stage and epoch.
    pub async fn advance(&self, client: &Client, run: &str, next: Stage, sets: &[String]) -> Result<()> {
        if !self.stage.may_become(next) {
            bail!(Refusal::new(format!("store {} is {}; it cannot become {next}", self.store.key, self.stage)));
        }
        if !self.kind.is_switched_at_last() && next != Stage::Abandoned && next > Stage::Verified {
            let what = if self.kind == MoveKind::Ready { "a ready schema" } else { "a rehearsal" };
            bail!(Refusal::new(format!("{what} cannot become {next}")));
        }
        let mut assignments = vec!["stage = $3".to_owned(), "error = null".to_owned()];
        match (self.stage, next) {
            // The switch is as old as before; only the application is no longer known to work.
            (Stage::Validated, Stage::Switched) => assignments.push("validated_at = null".to_owned()),
            _ => assignments.push(format!("{next}_at = clock_timestamp()")),
        }
        if matches!(next, Stage::Created | Stage::Copied) {
            assignments.push("verified_at = null".to_owned());
        }
        assignments.extend_from_slice(sets);
        let sql =
            format!("update tenantctl.move set {} where id = $1 and epoch = $2 and stage = $4", assignments.join(", "));
        let changed =
            client.execute(&sql, &[&self.id, &self.epoch, &next.word(), &self.stage.word()]).await.server()?;
        if changed != 1 {
            bail!(
                Refusal::new(format!("another run has taken store {} over", self.store.key))
                    .hint("`tenantctl status` shows who works on it")
                    .exit(Exit::Held)
            );
        }
        let kind = if (self.stage, next) == (Stage::Validated, Stage::Switched) { "invalidated" } else { next.word() };
        super::record_event(client, run, Some(self.id), kind, &serde_json::json!({})).await
    }

    /// Keeps the stage and adds why the move stands still.
    ///
    /// # Errors
    /// The server's error.
    pub async fn record_error(&self, client: &Client, run: &str, error: &ErrorReport) -> Result<()> {
        client
            .execute(
                "update tenantctl.move set error = $3 where id = $1 and epoch = $2",
                &[&self.id, &self.epoch, &Json(error)],
            )
            .await
            .server()?;
        super::record_event(client, run, Some(self.id), "failed", &serde_json::to_value(error)?).await
    }
}

/// Keeps which versions the catalogs had of all that is in the schema when it was proven.
///
/// # Errors
/// The server's error.
pub async fn record_proven(client: &Client, run: &str, move_id: i64, versions: &str) -> Result<()> {
    super::record_event(client, run, Some(move_id), "proven", &BTreeMap::from([("versions", versions)])).await
}

/// Those versions, of the newest proof.
///
/// # Errors
/// The server's error.
pub async fn proven_versions(client: &Client, move_id: i64) -> Result<Option<String>> {
    let sql = "select detail ->> 'versions' from tenantctl.event
               where move_id = $1 and kind = 'proven' order by id desc limit 1";
    Ok(client.query_opt(sql, &[&move_id]).await.server()?.and_then(|row| row.get(0)))
}

/// Keeps what the report's queries gave: of the shared side after the copy, of both after the proof.
///
/// # Errors
/// The server's error.
pub async fn record_samples(client: &Client, id: i64, samples: &[Sample], read_back_at: Option<&str>) -> Result<()> {
    client
        .execute(
            "update tenantctl.move set samples = $2, verdict_snapshot = coalesce($3, verdict_snapshot) where id = $1",
            &[&id, &Json(samples), &read_back_at],
        )
        .await
        .server()?;
    Ok(())
}

/// Keeps what rows stand in tables that no copy accounts for.
///
/// # Errors
/// The server's error.
pub async fn record_base_digests(client: &Client, id: i64, digests: &BTreeMap<String, String>) -> Result<()> {
    client
        .execute("update tenantctl.move set base_digests = $2 where id = $1", &[&id, &Json(digests)])
        .await
        .server()?;
    Ok(())
}

/// Keeps the registry's old values; in the transaction that overwrites them.
///
/// # Errors
/// The server's error.
pub async fn record_registry_before(client: &Client, id: i64, before: &RegistryValues) -> Result<()> {
    client
        .execute("update tenantctl.move set registry_before = $2 where id = $1", &[&id, &Json(before)])
        .await
        .server()?;
    Ok(())
}

/// Keeps how the switch went.
///
/// # Errors
/// The server's error.
pub async fn record_switch(client: &Client, id: i64, evidence: &SwitchEvidence) -> Result<()> {
    client.execute("update tenantctl.move set switch = $2 where id = $1", &[&id, &Json(evidence)]).await.server()?;
    Ok(())
}
