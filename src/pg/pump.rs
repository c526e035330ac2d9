//! Reads a COPY in a task of its own and hands its rows on in pieces of many.
//!
//! A connection's task wakes whoever waits for its messages once for every 8 KiB that the server sends. Another task is
//! woken on the same thread, which costs next to nothing; the thread that waits for all of the work is woken by the
//! kernel. So the rows are taken and summed up here, and the one who waits is woken once a piece.

use anyhow::{Context, Result};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Transaction;
use super::failure::ServerResult;
use super::transfer::{Sink, read_all};
use crate::digest::Digest;
use crate::plan::Format;

/// Bytes after which a piece is handed on.
const PIECE_BYTES: usize = 256 * 1024;
/// Pieces that may wait for whoever takes them.
const PIECES_WAITING: usize = 2;

/// Rows on their way; dropped, nothing more is read.
#[derive(Debug)]
pub struct Pump {
    pieces: mpsc::Receiver<Piece>,
    reading: JoinHandle<Result<Digest>>,
}

/// Whole rows, one behind the other, as COPY sent them.
#[derive(Debug, Default)]
pub struct Piece {
    /// Their bytes.
    pub rows: Vec<u8>,
    /// How many they are.
    pub row_count: u64,
}

impl Pump {
    /// Begins to read in COPY's text form, a line each row.
    ///
    /// # Errors
    /// The server's error.
    pub async fn start(reader: &Transaction<'_>, copy_out: &str) -> Result<Self> {
        let stream = reader.copy_out(copy_out).await.server().context("reading")?;
        let (to, pieces) = mpsc::channel(PIECES_WAITING);
        let mut gathering = Gathering { piece: Piece::default(), to, row_count: 0 };
        let reading = tokio::spawn(async move {
            let digest = read_all(stream, Format::Text, &mut gathering, |_| ()).await?;
            gathering.finish().await?;
            Ok(digest)
        });
        Ok(Self { pieces, reading })
    }

    /// The next piece; none at the end of the rows, and where reading failed.
    pub async fn next(&mut self) -> Option<Piece> {
        self.pieces.recv().await
    }

    /// What all of them were. Only this says that all have come.
    ///
    /// # Errors
    /// The server's error.
    pub async fn finish(mut self) -> Result<Digest> {
        (&mut self.reading).await?
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

struct Gathering {
    piece: Piece,
    to: mpsc::Sender<Piece>,
    row_count: u64,
}

impl Gathering {
    async fn hand_on(&mut self, next: Piece) -> Result<()> {
        let sent = self.to.send(std::mem::replace(&mut self.piece, next)).await;
        sent.map_err(|_| anyhow::anyhow!("nobody takes the rows any more"))
    }
}

impl Sink for Gathering {
    async fn row(&mut self, row: &[u8]) -> Result<()> {
        self.row_count += 1;
        self.piece.row_count += 1;
        self.piece.rows.extend_from_slice(row);
        match self.piece.rows.len() >= PIECE_BYTES {
            // A few rows more than a piece has room for, so that it need not grow for the last one.
            true => self.hand_on(Piece { rows: Vec::with_capacity(PIECE_BYTES + 4096), row_count: 0 }).await,
            false => Ok(()),
        }
    }

    async fn finish(&mut self) -> Result<u64> {
        if !self.piece.rows.is_empty() {
            self.hand_on(Piece::default()).await?;
        }
        Ok(self.row_count)
    }
}
