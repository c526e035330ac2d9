//! What is wrong in the shared schema, for all stores at once, before anything moves. Reads only, at one snapshot.
//!
//! Each table is read once, joined to the rows that it refers to; never store by store. Only what is listed in the
//! manifest, or hangs from it, is looked at; what the template would say to a store's rows, `plan` asks.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context, Result};

use super::{Means, classes, plan};
use crate::config::Registry as RegistryConfig;
use crate::event::Event;
use crate::ident::{Ident, QualifiedTable, list};
use crate::pg::catalog::{self, HangingKey, UncheckedCheck};
use crate::pg::ground::Ground;
use crate::pg::inquiry::{Answer, Fault, Inquiry, keeps_to_the_store};
use crate::pg::ownership::{Ownership, Path};
use crate::pg::snapshot::Snapshot;
use crate::pg::whose::Stores;
use crate::pg::{Client, rows};
use crate::plan::{Finding, ScanCost, StoreCount};
use crate::report::{Audit, AuditedTable};
use crate::store::StoreKey;
use crate::table::{ForeignKey, Table};

/// What is audited.
pub struct AuditOf<'a> {
    /// The shared schema.
    pub ground: &'a Ground,
    /// The configuration of the registry.
    pub registry_config: Option<&'a RegistryConfig>,
    /// Stores whose rows are looked for.
    pub store_count: u64,
    /// Only rows of these stores, and rows that refer to theirs; none: all rows.
    pub only: Option<Vec<String>>,
}

/// What an audit came to.
#[derive(Debug)]
pub struct Audited {
    /// What was looked at; none where row security hides rows, so that nothing was.
    pub audit: Option<Audit>,
    /// What is wrong or worth knowing.
    pub findings: Vec<Finding>,
}

/// Looks at every shared table, and at what hangs from them.
///
/// # Errors
/// The server's error; a refusal for a condition that cannot be asked for all stores at once.
pub async fn audit(means: &Means<'_>, of: &AuditOf<'_>) -> Result<Audited> {
    let mut reader = means.sessions.reader().await?;
    let snapshot = Snapshot::export(&mut reader).await?;
    let stores = Stores::all(of.ground, of.registry_config);
    let auditor = Auditor { means, of, client: snapshot.transaction().client(), stores: &stores };
    let hidden = plan::row_security(auditor.client, of.ground).await?;
    if !hidden.is_empty() {
        return Ok(Audited { audit: None, findings: hidden });
    }
    let mut findings = Vec::new();
    let mut audit = Audit { store_count: of.store_count, snapshot: snapshot.text().to_owned(), tables: Vec::new() };
    let checks = catalog::unchecked_checks(auditor.client, of.ground.shared()).await?;
    for (owner, index) in of.ground.owners.iter().zip(1..) {
        means.sessions.check()?;
        let name = &owner.table.table;
        means.observer.notice(&Event::TableAudited { table: name, index, count: of.ground.owners.len() });
        let context = || format!("auditing table {}", name.raw());
        audit.tables.push(auditor.table(owner, &checks, &mut findings).await.with_context(context)?);
    }
    findings.extend(auditor.hanging().await?);
    findings.extend(auditor.without_index(&audit.tables).await?);
    Ok(Audited { audit: Some(audit), findings })
}

struct Auditor<'a> {
    means: &'a Means<'a>,
    of: &'a AuditOf<'a>,
    client: &'a Client,
    stores: &'a Stores<'a>,
}

impl Auditor<'_> {
    /// One shared table, with those of its partitions that have keys of their own.
    async fn table(
        &self,
        owner: &Ownership,
        checks: &[UncheckedCheck],
        findings: &mut Vec<Finding>,
    ) -> Result<AuditedTable> {
        let ground = self.of.ground;
        let begun = Instant::now();
        let size = catalog::relation_size(self.client, &owner.table).await?.unwrap_or_default();
        let (mut key_count, before) = (0, findings.len());
        for table in &ground.tables {
            let is_whole = table.name == owner.table;
            if ground.owner_of(&table.name).is_none_or(|of| of.table != owner.table) {
                continue;
            }
            let mut inquiry = Inquiry::of(ground, self.stores, table, owner)?;
            let mut asked = Vec::new();
            if is_whole {
                self.owners(owner, table, &mut inquiry, &mut asked);
            }
            for key in ground.keys.iter().filter(|key| key.table == table.name) {
                key_count += u64::from(self.key(owner, key, &mut inquiry, &mut asked, findings).await?);
            }
            let (faults, said): (Vec<Fault>, Vec<Finding>) = asked.into_iter().unzip();
            let answers = inquiry.ask(self.client, &faults, self.of.only.as_deref()).await?;
            findings.extend(said.into_iter().zip(answers).filter_map(|(said, answer)| self.told(said, table, answer)));
            let of_table = checks.iter().filter(|check| check.table == table.name.table);
            for check in of_table {
                findings.extend(self.check(owner, table, check).await?);
            }
        }
        Ok(AuditedTable {
            table: owner.table.table.raw().to_owned(),
            owner_path: owner.text(),
            row_estimate: ground.table(&owner.table.table).map_or(-1, |table| table.row_estimate),
            bytes: size.table_bytes.unsigned_abs(),
            key_count,
            fault_count: findings[before..].iter().filter_map(|finding| finding.count).sum(),
            seconds: begun.elapsed().as_secs_f64(),
        })
    }

    /// To whom the rows belong.
    fn owners(&self, owner: &Ownership, table: &Table, inquiry: &mut Inquiry<'_>, asked: &mut Vec<(Fault, Finding)>) {
        let (code, message) = match &owner.path {
            Path::Column(column) => {
                ("no_owner", format!("rows have no `{}`: they belong to no store and stay", column.raw()))
            }
            Path::Parent(..) => ("no_parent", format!("rows lead to no store by {}: they stay", owner.text())),
            Path::Condition(_) => ("no_condition", "rows that the condition of no store takes: they stay".to_owned()),
        };
        let hint = "give the rows their store in the application, or delete them";
        asked.push((inquiry.unowned(), Finding::note(code, message).hint(hint)));
        if let Some(fault) = inquiry.of_unknown_store() {
            let finding = Finding::note("unknown_store", "rows of stores that the registry lacks stay")
                .hint("put the stores into the registry, or delete their rows");
            asked.push((fault, finding));
        }
        if let Some(fault) = inquiry.of_several_stores() {
            let message = format!("rows belong to more than one store by {}", owner.text());
            let finding = Finding::stop("several_stores", message)
                .hint("let the owner path in [[tables]] lead each row to one store");
            asked.push((fault, finding));
        }
        let tenant = &self.of.ground.manifest.tenant_column;
        let is_path = matches!(&owner.path, Path::Column(column) if column == tenant);
        if !is_path && table.column(tenant).is_some() {
            let message =
                format!("rows whose `{}` names another store than their owner path ({})", tenant.raw(), owner.text());
            let finding = Finding::stop("owner_paths_disagree", message)
                .hint("correct the rows in the application, or the owner path in [[tables]]");
            asked.push((inquiry.disagrees(tenant), finding));
        }
    }

    /// To whom the rows refer by one foreign key; whether there is anything to ask.
    async fn key(
        &self,
        owner: &Ownership,
        key: &ForeignKey,
        inquiry: &mut Inquiry<'_>,
        asked: &mut Vec<(Fault, Finding)>,
        findings: &mut Vec<Finding>,
    ) -> Result<bool> {
        let parent = self.of.ground.owner_of(&key.parent);
        let (by, there) = (key.name.raw(), key.parent.table.raw());
        if let Some(parent) = parent.filter(|parent| !keeps_to_the_store(owner, key, parent)) {
            let message = format!("rows of a store refer by `{by}` to rows of another store in `{there}`");
            let finding = Finding::stop("refers_to_foreign_row", message)
                .hint("correct the rows in the application, or the owner path in [[tables]]");
            asked.push((inquiry.between_stores(key, parent)?, finding));
            let message = format!("rows of a store refer by `{by}` to rows of `{there}` that belong to no store");
            let finding = Finding::stop("refers_to_unowned_row", message)
                .hint(format!("give those rows of `{there}` their store, so that they are copied too"));
            asked.push((inquiry.to_nobody(key, parent)?, finding));
        }
        if !key.validated {
            if parent.is_none() && !rows::are_readable(self.client, &key.parent).await? {
                let message =
                    format!("rows were not held against `{by}` (not validated): this role may not read `{there}`");
                findings.push(Finding::note("not_looked_at", message).table(&key.table.table));
                return Ok(false);
            }
            let message = format!("rows refer by `{by}` (not validated) to rows of `{there}` that do not exist");
            let finding = Finding::stop("dangling_reference", message)
                .hint("correct the rows in the application; the store schema's key would refuse them");
            asked.push((inquiry.dangling(key)?, finding));
        }
        Ok(parent.is_some() || !key.validated)
    }

    /// A check that was never validated is asked alone: what it calls may fail on the very rows that break it.
    async fn check(&self, owner: &Ownership, table: &Table, check: &UncheckedCheck) -> Result<Option<Finding>> {
        let inquiry = Inquiry::of(self.of.ground, self.stores, table, owner)?;
        let fault = inquiry.breaks(&check.expression);
        let name = check.name.raw();
        match inquiry.try_ask(self.client, &[fault], self.of.only.as_deref()).await? {
            Ok(answers) => {
                let finding = Finding::stop("broken_check", format!("rows break the check `{name}` (not validated)"))
                    .hint("correct the rows in the application; the same check in the template would refuse them");
                Ok(answers.into_iter().next().and_then(|answer| self.told(finding, table, answer)))
            }
            Err(why) => {
                let message = format!("rows were not held against the check `{name}` (not validated): {why}");
                Ok(Some(Finding::note("not_looked_at", message).table(&table.name.table)))
            }
        }
    }

    /// Tables that nobody has decided about, and whose rows would be left behind or deleted with a store's.
    async fn hanging(&self) -> Result<Vec<Finding>> {
        let ground = self.of.ground;
        let registry = self.of.registry_config.map(|config| &config.table);
        let in_shared = |name: &Ident| QualifiedTable::new(ground.shared().clone(), name.clone());
        let listed = ground.manifest.common.iter().chain(&ground.manifest.ignore).map(in_shared);
        let settled: Vec<QualifiedTable> = listed.chain(registry.cloned()).collect();
        let keys = catalog::keys_hanging_from(self.client, ground.shared(), &ground.names(), &settled).await?;
        let mut findings = Vec::new();
        let told = |name: &QualifiedTable| keys.iter().any(|key| key.key.table == *name && !key.is_settled);
        let undecided = classes::undecided(ground, registry).into_iter();
        let named = |finding: &Finding| finding.table.as_ref().is_some_and(|name| told(&in_shared(&Ident::new(name))));
        findings.extend(undecided.filter(|finding| !named(finding)));
        let mut outside: BTreeMap<Ident, Vec<Table>> = BTreeMap::new();
        let mut paths: Vec<Ownership> = Vec::new();
        let mut left: Vec<&HangingKey> = keys.iter().collect();
        // Nearest first: how a table's rows lead to a store is known before what hangs from it is asked.
        while let Some(at) = left.iter().position(|key| self.path_of(&key.key, &paths).is_some()) {
            let hanging = left.remove(at);
            let Some(path) = self.path_of(&hanging.key, &paths) else { continue };
            let name = &hanging.key.table;
            let (by, there) = (hanging.key.name.raw(), hanging.key.parent.table.raw());
            if hanging.is_settled {
                if hanging.cascades {
                    let message = format!(
                        "it stays, and deleting rows of `{there}` deletes rows of it by `{by}` (ON DELETE CASCADE)"
                    );
                    findings.push(about(Finding::note("cascade_into_common", message), ground, name));
                }
                continue;
            }
            if !outside.contains_key(&name.schema) {
                let tables = catalog::tables_of(self.client, &name.schema).await?;
                outside.insert(name.schema.clone(), tables);
            }
            let table = outside.get(&name.schema).and_then(|tables| tables.iter().find(|table| table.name == *name));
            let mut message = format!("listed nowhere, and its rows hang from `{there}` by `{by}`");
            if hanging.cascades {
                message.push_str(": deleting those deletes these (ON DELETE CASCADE)");
            }
            let finding = match name.schema == *ground.shared() {
                true => Finding::stop("unclassified_table", message).hint(format!(
                    "list it under [[tables]], or in [shared] common or ignore: \"{}\"",
                    name.table.raw()
                )),
                false => Finding::note("referred_to_from_outside", message)
                    .hint("its rows are not moved; let the application do without the key before the switch"),
            };
            let finding = about(finding, ground, name);
            match table {
                Some(table) if rows::are_readable(self.client, name).await? => {
                    self.means.sessions.check()?;
                    let inquiry = Inquiry::of(ground, self.stores, table, &path)?;
                    let answers = inquiry.ask(self.client, &[inquiry.owned()], self.of.only.as_deref()).await?;
                    let answer = answers.into_iter().next().unwrap_or_default();
                    if answer.count == 0 && paths.iter().any(|path| path.table == *name) {
                        continue; // told by a nearer key
                    }
                    let counted = finding.rows(answer.count, answer.keys.clone()).stores(self.counts(&answer));
                    findings.push(counted);
                }
                _ => findings.push(finding),
            }
            if !paths.iter().any(|path| path.table == *name) {
                paths.push(path);
            }
        }
        Ok(findings)
    }

    /// The key as an owner path of the table that hangs by it.
    fn path_of(&self, key: &ForeignKey, known: &[Ownership]) -> Option<Ownership> {
        let parent =
            self.of.ground.owner_of(&key.parent).or_else(|| known.iter().find(|path| path.table == key.parent))?;
        let pairs = key.columns.iter().cloned().zip(key.parent_columns.iter().cloned()).collect();
        Some(Ownership { table: key.table.clone(), path: Path::Parent(Box::new(parent.clone()), pairs) })
    }

    /// Owner paths without an index, and what finding each store's rows will cost.
    async fn without_index(&self, looked_at: &[AuditedTable]) -> Result<Vec<Finding>> {
        let ground = self.of.ground;
        let mut findings = Vec::new();
        for owner in &ground.owners {
            let steps = ground.unindexed(owner);
            if steps.is_empty() {
                continue;
            }
            let mut cost = ScanCost { bytes: 0, store_count: self.of.store_count, pass_seconds: 0.0 };
            for step in &steps {
                let size = catalog::relation_size(self.client, &step.table).await?.unwrap_or_default();
                cost.bytes += size.table_bytes.unsigned_abs();
                let passed = looked_at.iter().filter(|table| table.table == step.table.table.raw());
                cost.pass_seconds += passed.map(|table| table.seconds).sum::<f64>();
            }
            let wanted: Vec<_> = steps.iter().filter_map(|step| Some((&step.table, step.lookup_columns()?))).collect();
            let finding = match wanted.is_empty() {
                true => Finding::note(
                    "no_index",
                    format!(
                        "its owner path ({}) is a condition: the catalogs do not tell whether an index finds the rows of a store",
                        owner.text()
                    ),
                ),
                false => {
                    let missing = wanted.iter().map(|(table, columns)| {
                        let columns: Vec<&str> = columns.iter().map(|column| column.raw()).collect();
                        format!("{} ({})", table.table.raw(), columns.join(", "))
                    });
                    let message = format!(
                        "no index on {}, on its owner path ({}): each store's rows are found by reading whole tables",
                        list(missing),
                        owner.text()
                    );
                    let made = wanted.iter().map(|(table, columns)| {
                        // A partitioned table takes no CONCURRENTLY.
                        let whole = ground.table(&table.table).is_some_and(|table| table.is_partitioned);
                        format!(
                            "create index {}on {table} ({})",
                            if whole { "" } else { "concurrently " },
                            list(columns)
                        )
                    });
                    Finding::note("no_index", message).hint(made.collect::<Vec<_>>().join("; "))
                }
            };
            findings.push(finding.table(&owner.table.table).cost(cost));
        }
        Ok(findings)
    }

    fn told(&self, finding: Finding, table: &Table, answer: Answer) -> Option<Finding> {
        let stores = self.counts(&answer);
        (answer.count > 0).then(|| finding.table(&table.name.table).rows(answer.count, answer.keys).stores(stores))
    }

    /// The stores of an answer, in the order of their keys.
    fn counts(&self, answer: &Answer) -> Vec<StoreCount> {
        let mut counts: BTreeMap<(Option<StoreKey>, String), StoreCount> = BTreeMap::new();
        let both =
            answer.stores.iter().map(|part| (part, true)).chain(answer.referred.iter().map(|part| (part, false)));
        for ((store, count), is_own) in both {
            let place = (StoreKey::parse(store, &self.of.ground.key_type).ok(), store.clone());
            let entry = counts.entry(place);
            let of_store = entry.or_insert_with(|| StoreCount { store: store.clone(), count: 0, referred_to: 0 });
            match is_own {
                true => of_store.count += count,
                false => of_store.referred_to += count,
            }
        }
        counts.into_values().collect()
    }
}

/// Names a table, with its schema where that is not the shared one.
fn about(finding: Finding, ground: &Ground, table: &QualifiedTable) -> Finding {
    let name = if table.schema == *ground.shared() { table.table.raw().to_owned() } else { table.raw() };
    Finding { table: Some(name), ..finding }
}
