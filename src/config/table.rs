//! `[[tables]]` as a manifest.

use std::sync::Arc;

use super::expand::{expand, refers};
use super::origin::{Place, SourceFile};
use super::section::Shared;
use super::text::TableText;
use crate::conninfo::Environment;
use crate::error::Refusal;
use crate::ident::Ident;
use crate::manifest::{Entry, Manifest, OwnerPath};

/// Whether a text refers to something that may be missing now.
pub(super) fn refer(tables: &[TableText]) -> bool {
    tables.iter().any(|table| {
        let texts = [&table.group, &table.tenant_column, &table.parent, &table.on, &table.rows];
        refers(table.name.as_ref()) || texts.into_iter().flatten().any(|text| refers(text))
    })
}

pub(super) fn manifest(
    shared: Shared,
    tables: &[TableText],
    file: &Arc<SourceFile>,
    env: &Environment,
) -> Result<Manifest, Refusal> {
    let entries = tables.iter().map(|table| {
        let place = Place { file: Arc::clone(file), span: table.name.span() };
        entry(table, &shared, |text| expand(text, env, file.folder())).map_err(|inner| Refusal {
            because: inner.because,
            hint: inner.hint,
            ..place.refuse(&inner.message)
        })
    });
    let manifest = Manifest {
        tables: entries.collect::<Result<_, _>>()?,
        shared_schema: shared.schema,
        tenant_column: shared.tenant_column,
        common: shared.common,
        ignore: shared.ignore,
    };
    manifest.check()?;
    Ok(manifest)
}

fn entry(
    table: &TableText,
    shared: &Shared,
    expanded: impl Fn(&str) -> Result<String, Refusal>,
) -> Result<Entry, Refusal> {
    let name = Ident::parse(&expanded(table.name.as_ref())?)?;
    let refuse = |what: &str| Refusal::new(format!("table `{}` {what}", name.raw()));
    let column = |text: &str| Ident::parse(text.trim());
    let owner = match (&table.tenant_column, &table.parent, &table.rows) {
        (None, None, None) => OwnerPath::Column(shared.tenant_column.clone()),
        (Some(text), None, None) => OwnerPath::Column(column(&expanded(text)?)?),
        (None, Some(parent), None) => {
            let on = match &table.on {
                Some(text) => pairs(&expanded(text)?).ok_or_else(|| {
                    refuse("has an `on` that cannot be read")
                        .hint("write `column here = column of the parent`, several separated by commas")
                })?,
                None => Vec::new(),
            };
            OwnerPath::Parent { table: Ident::parse(&expanded(parent)?)?, on }
        }
        (None, None, Some(rows)) if rows.trim().is_empty() => return Err(refuse("has an empty `rows` condition")),
        (None, None, Some(rows)) => OwnerPath::Condition(expanded(rows)?),
        _ => {
            return Err(refuse("has more than one owner path").hint("keep one of tenant_column, parent and rows"));
        }
    };
    if table.on.is_some() && table.parent.is_none() {
        return Err(refuse("has `on` without `parent`").hint("name the parent, or leave `on` out"));
    }
    let group = table.group.as_deref().map(&expanded).transpose()?;
    let omit = table.omit.iter().map(|text| column(text)).collect::<Result<_, _>>()?;
    Ok(Entry { name, group, owner, omit })
}

/// `order_id = id, x = y`.
fn pairs(text: &str) -> Option<Vec<(Ident, Ident)>> {
    let pair = |text: &str| {
        let (here, parent) = text.split_once('=')?;
        Some((Ident::parse(here.trim()).ok()?, Ident::parse(parent.trim()).ok()?))
    };
    text.split(',').map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_columns() {
        let read = |text| {
            pairs(text).map(|pairs| {
                pairs.iter().map(|(a, b)| format!("{}={}", a.raw(), b.raw())).collect::<Vec<_>>().join(" ")
            })
        };
        assert_eq!(read("order_id = id").as_deref(), Some("order_id=id"));
        assert_eq!(read("a=b, c = d").as_deref(), Some("a=b c=d"));
        for text in ["", "a", "a=", "=b", "a=b,"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
