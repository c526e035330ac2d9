//! Reads a backup in the order in which it is loaded, in a thread of its own: whoever loads it takes pieces.

use std::io::{BufRead, BufReader, Read};

use anyhow::{Context, Result};
use tokio::sync::mpsc;

use super::place::Place;
use super::{BUFFER_BYTES, CONTENTS, TEXT_BYTES, TEXTS, has_rows, is_compressed, tarfile};
use crate::report::BackupContents;

/// Pieces that may wait for whoever loads them.
const PIECES_WAITING: usize = 4;

/// What comes out of a backup.
#[derive(Debug)]
pub enum Piece {
    /// A file of definitions, whole.
    Text(String, String),
    /// Whole lines of a table's file.
    Rows(String, Vec<u8>),
    /// The table's file is at its end.
    RowsEnd(String),
    /// Reading failed; nothing comes after it.
    Failed(anyhow::Error),
}

/// Begins to read.
#[must_use]
pub fn pieces(place: &Place, contents: &BackupContents) -> mpsc::Receiver<Piece> {
    let (sender, receiver) = mpsc::channel(PIECES_WAITING);
    let (place, contents) = (place.clone(), contents.clone());
    tokio::task::spawn_blocking(move || {
        if let Err(error) = read(&place, &contents, &sender) {
            let _told = sender.blocking_send(Piece::Failed(error)); // who hears no more has given up
        }
    });
    receiver
}

fn read(place: &Place, contents: &BackupContents, to: &mpsc::Sender<Piece>) -> Result<()> {
    match place {
        Place::Folder(_) | Place::Bucket(_) => {
            let tables = contents.tables.iter().map(|table| table.file.as_str());
            for name in TEXTS[..1].iter().copied().chain(tables).chain(TEXTS[1..].iter().copied()) {
                let mut file = place.open(name).with_context(|| format!("reading {name}"))?;
                tell(name, &mut file, to).with_context(|| format!("reading {name}"))?;
            }
            Ok(())
        }
        Place::Tar(path) => tarfile::each(path, &mut |name, bytes| match TEXTS.contains(&name) || has_rows(name) {
            true => tell(name, bytes, to).with_context(|| format!("reading {name}")),
            false => Ok(()),
        }),
    }
}

fn tell(name: &str, from: &mut dyn Read, to: &mpsc::Sender<Piece>) -> Result<()> {
    if !has_rows(name) {
        let mut text = String::new();
        from.take(TEXT_BYTES).read_to_string(&mut text)?;
        return send(to, Piece::Text(name.to_owned(), text));
    }
    match is_compressed(name) {
        true => rows(name, BufReader::with_capacity(BUFFER_BYTES, zstd::stream::read::Decoder::new(from)?), to)?,
        false => rows(name, BufReader::with_capacity(BUFFER_BYTES, from), to)?,
    }
    send(to, Piece::RowsEnd(name.to_owned()))
}

fn rows(name: &str, mut from: impl BufRead, to: &mpsc::Sender<Piece>) -> Result<()> {
    let mut chunk = Vec::with_capacity(BUFFER_BYTES);
    while from.read_until(b'\n', &mut chunk)? > 0 {
        if chunk.len() >= BUFFER_BYTES {
            send(to, Piece::Rows(name.to_owned(), std::mem::take(&mut chunk)))?;
            chunk.reserve(BUFFER_BYTES);
        }
    }
    if chunk.is_empty() { Ok(()) } else { send(to, Piece::Rows(name.to_owned(), chunk)) }
}

fn send(to: &mpsc::Sender<Piece>, piece: Piece) -> Result<()> {
    to.blocking_send(piece).map_err(|_| anyhow::anyhow!("nobody takes the rows any more"))
}

/// The contents alone, for whoever looks for a backup; whether it is whole they do not say.
///
/// # Errors
/// The file system's, or that they are no contents.
pub fn contents_of(place: &Place) -> Result<BackupContents> {
    let mut text = Vec::new();
    match place {
        Place::Folder(_) | Place::Bucket(_) => {
            place.open(CONTENTS)?.take(TEXT_BYTES).read_to_end(&mut text)?;
        }
        Place::Tar(path) => text = tarfile::first(path, CONTENTS)?,
    }
    serde_json::from_slice(&text).context("reading contents.json")
}
