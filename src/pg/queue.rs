//! Rows on their way from the readers of one table to its writers.
//!
//! A writer takes the next rows whenever it is free, so it does not matter which reader had how many. Knows nothing of
//! transactions; `step/parts` opens and ends them.

use anyhow::{Result, bail};
use bytes::{BufMut, Bytes, BytesMut};
use tokio::sync::{Mutex, mpsc};

use super::transfer::{Sink, StoreCopy};
use crate::digest::Digest;

/// Bytes of rows that are handed over at once.
const BATCH_BYTES: usize = 64 * 1024;

/// Whole rows, and what they are.
struct Batch {
    rows: Bytes,
    digest: Digest,
}

/// Where writers take rows from.
pub struct Queue(Mutex<mpsc::Receiver<Batch>>);

/// Where one reader puts its rows. Once all of a queue's producers are gone and the queue is empty, its writers end.
pub struct Producer {
    queue: mpsc::Sender<Batch>,
    rows: BytesMut,
    digest: Digest,
    row_count: u64,
}

/// A queue for so many writers, and its producers. A reader waits while there lies something for every writer.
#[must_use]
pub fn queue(readers: usize, writers: usize) -> (Vec<Producer>, Queue) {
    let (sender, receiver) = mpsc::channel(writers.max(1));
    let producer =
        || Producer { queue: sender.clone(), rows: BytesMut::new(), digest: Digest::default(), row_count: 0 };
    let producers = std::iter::repeat_with(producer).take(readers).collect();
    (producers, Queue(Mutex::new(receiver)))
}

impl Producer {
    async fn send(&mut self) -> Result<()> {
        let batch = Batch { rows: self.rows.split().freeze(), digest: std::mem::take(&mut self.digest) };
        match self.queue.send(batch).await {
            Ok(()) => Ok(()),
            Err(_) => bail!("nobody takes the rows any more"),
        }
    }
}

impl Sink for Producer {
    async fn row(&mut self, row: &[u8]) -> Result<()> {
        if self.rows.is_empty() {
            self.rows.reserve(BATCH_BYTES + row.len());
        }
        self.rows.put_slice(row);
        self.digest.add(row);
        self.row_count += 1;
        match self.rows.len() >= BATCH_BYTES {
            true => self.send().await,
            false => Ok(()),
        }
    }

    /// Hands over what is left. How many rows arrived, only the writers know.
    async fn finish(&mut self) -> Result<u64> {
        if !self.rows.is_empty() {
            self.send().await?;
        }
        Ok(self.row_count)
    }
}

impl Queue {
    /// Loads what falls to one writer until there is no more, and ends its COPY: the digest of what was taken, and how
    /// many rows the server says it took.
    ///
    /// # Errors
    /// The writer's.
    pub async fn load_into(&self, writer: &mut StoreCopy<'_>) -> Result<(Digest, u64)> {
        let mut taken = Digest::default();
        loop {
            let batch = self.0.lock().await.recv().await; // who waits holds the lock: the others wait behind it, in turn
            let Some(batch) = batch else { break };
            writer.row(&batch.rows).await?;
            taken.merge(&batch.digest);
        }
        Ok((taken, writer.finish().await?))
    }
}
