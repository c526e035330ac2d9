//! Loads a script into a fresh database: for the demo.

use anyhow::{Context, Result};
use tokio_postgres::NoTls;

use super::failure::ServerResult;

/// Runs scripts one after the other, each as one simple query.
///
/// # Errors
/// The connection's or the server's error.
pub async fn run_scripts(url: &str, scripts: &[&str]) -> Result<()> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.server()?;
    let task = tokio::spawn(async move {
        let _ended = connection.await; // the statement in flight reports it
    });
    for script in scripts {
        client.batch_execute(script).await.server().context("loading the sample application")?;
    }
    drop(client);
    task.await?;
    Ok(())
}
