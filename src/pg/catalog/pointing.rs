//! What in a store schema still leads to shared tables.
//!
//! The catalogs know foreign keys, defaults, views and the like; the text of functions they do not, so it is read.
//! Types and functions of the shared schema may be used; its sequences may not, they number other stores' rows.

use std::collections::BTreeSet;

use super::tokens::{Token, mentions, mentions_bare, tokens};
use super::{ask, json_list};
use crate::error::ServerError;
use crate::ident::Ident;
use crate::pg::client::Client;
use crate::pg::failure::ServerResult;

/// Everything in the store schema that leads to one of these tables of the shared schema, or to a sequence of it; each
/// as a fragment: `foreign key x of orders refers to public.customers`.
///
/// # Errors
/// The server's.
pub async fn pointing_at(
    client: &Client,
    store_schema: &Ident,
    shared_schema: &Ident,
    tables: &[Ident],
) -> Result<Vec<String>, ServerError> {
    let list = json_list(tables);
    let mut ties = BTreeSet::new();
    let names = [store_schema.raw(), shared_schema.raw(), &list];
    for row in ask(client, include_str!("../sql/pointing_at.sql"), &names).await? {
        ties.insert(row.try_get("tie").server()?);
    }
    let mut shared: Vec<(String, bool)> = Vec::new();
    for row in ask(client, include_str!("../sql/shared_names.sql"), &names[1..]).await? {
        shared.push((row.try_get("name").server()?, row.try_get("is_sequence").server()?));
    }
    for row in ask(client, include_str!("../sql/texts_of.sql"), &[store_schema.raw()]).await? {
        let what: &str = row.try_get("what").server()?;
        let path: Option<&str> = row.try_get("path").server()?;
        let body = tokens(row.try_get::<_, Option<&str>>("body").server()?.unwrap_or_default());
        // A bare name reaches a shared table only where the function itself puts that schema first.
        let goes_shared = path.is_some_and(|path| reaches(path, shared_schema, store_schema));
        for (name, is_sequence) in &shared {
            let said = mentions(&body, shared_schema.raw(), name);
            if said || (goes_shared && !is_sequence && mentions_bare(&body, name)) {
                let verb = if said { "names" } else { "sets search_path so that it reaches" };
                ties.insert(format!("{what} {verb} {}.{name}", shared_schema.raw()));
            }
        }
    }
    Ok(ties.into_iter().collect())
}

/// Whether a search path comes to the shared schema before it comes to the store's.
fn reaches(path: &str, shared: &Ident, store: &Ident) -> bool {
    let first = tokens(path).into_iter().find_map(|token| match token {
        Token::Name(name) if name == shared.raw() || name == store.raw() => Some(name),
        _ => None,
    });
    first.is_some_and(|name| name == shared.raw())
}
