//! The newest store that was made as a new one, as evidence that new stores can be made.

use anyhow::Result;

use crate::ident::Ident;
use crate::pg::client::Client;
use crate::pg::failure::ServerResult;

/// Its key, its stage and when it was reached, RFC 3339; none where no new store is in use.
///
/// # Errors
/// The server's error.
pub async fn newest_new_store(client: &Client, shared_schema: &Ident) -> Result<Option<(String, String, String)>> {
    let sql = "select store_key, stage,
                      to_char(coalesce(validated_at, switched_at) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')
               from tenantctl.move
               where kind = 'new' and stage in ('switched', 'validated') and shared_schema = $1
               order by stage = 'validated' desc, switched_at desc limit 1";
    let row = client.query_opt(sql, &[&shared_schema.raw()]).await.server()?;
    Ok(row.map(|row| (row.get(0), row.get(1), row.get(2))))
}
