//! A backup in one file: a tar of the plain folder, in compressed frames one after the other, so that tables are
//! compressed side by side and `tar --zstd` still sees one stream.
//!
//! The last frame is one that readers skip. It holds the SHA-256 of all bytes before it: what is cut off or flipped
//! anywhere is known, also where it would change no file.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use sha2::{Digest as _, Sha256};

use super::BUFFER_BYTES;
use super::sum::{Summed, hex};

/// A skippable frame (RFC 8878, 3.1.2) of ours.
const SEAL_MAGIC: [u8; 4] = 0x184D_2A5Eu32.to_le_bytes();
const SEAL_WORDS: &[u8] = b"tenantctl sha256 ";
/// Magic, length, words, 64 digits, the end of the line.
const SEAL_BYTES: u64 = 4 + 4 + 17 + 64 + 1;

/// Writes such a file.
pub(super) struct TarWriter {
    file: File,
    sum: Sha256,
    level: i32,
    /// When its files were written, in seconds since 1970.
    at: u64,
}

impl TarWriter {
    pub(super) fn create(path: &Path, level: i32, at: u64) -> Result<Self> {
        Ok(Self { file: File::create_new(path)?, sum: Sha256::new(), level, at })
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.update(bytes);
        self.file.write_all(bytes)
    }

    fn frame(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut encoder = zstd::bulk::Compressor::new(self.level)?;
        encoder.include_checksum(true)?;
        let frame = encoder.compress(bytes)?;
        self.put(&frame)
    }

    fn header(&self, name: &str, bytes: u64) -> io::Result<Vec<u8>> {
        let mut header = tar::Header::new_gnu();
        header.set_path(name)?;
        header.set_size(bytes);
        header.set_mode(0o600);
        header.set_mtime(self.at);
        header.set_cksum();
        Ok(header.as_bytes().to_vec())
    }

    /// A small file.
    pub(super) fn text(&mut self, name: &str, text: &[u8]) -> io::Result<()> {
        let mut entry = self.header(name, text.len() as u64)?;
        entry.extend_from_slice(text);
        entry.resize(entry.len().next_multiple_of(512), 0);
        self.frame(&entry)
    }

    /// A file that is compressed already, as one frame or several; `bytes` are those of its plain text.
    pub(super) fn compressed(&mut self, name: &str, bytes: u64, frames: &Path) -> io::Result<()> {
        let header = self.header(name, bytes)?;
        self.frame(&header)?;
        let mut from = File::open(frames)?;
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let read = from.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            self.put(&buffer[..read])?;
        }
        let padding = usize::try_from(bytes.next_multiple_of(512) - bytes).unwrap_or_default();
        if padding > 0 {
            self.frame(&vec![0; padding])?;
        }
        Ok(())
    }

    /// The end of the tar and the seal.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        self.frame(&[0; 1024])?;
        let sum = hex(&self.sum.clone().finalize());
        let mut seal = SEAL_MAGIC.to_vec();
        seal.extend(u32::try_from(SEAL_BYTES - 8).unwrap_or_default().to_le_bytes());
        seal.extend(SEAL_WORDS);
        seal.extend(sum.as_bytes());
        seal.push(b'\n');
        self.file.write_all(&seal)?;
        self.file.sync_all()?;
        Ok(self.file.metadata()?.len())
    }
}

/// Reads such a file entry by entry; a file of rows as plain text.
///
/// # Errors
/// What is wrong with the file as a whole, for people; or what `visit` says.
pub(super) fn each(path: &Path, visit: &mut dyn FnMut(&str, &mut dyn Read) -> Result<()>) -> Result<()> {
    let mut file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    let length = file.metadata()?.len();
    let sealed = read_seal(&mut file, length)?;
    file.seek(SeekFrom::Start(0))?;
    let mut taken = BufReader::with_capacity(BUFFER_BYTES, Summed::new(file.take(length - SEAL_BYTES)));
    let visited = visit_all(&mut taken, visit);
    // All of it is read, whatever was found: the sum tells a damaged file from one that was written wrongly.
    io::copy(&mut taken, &mut io::sink())?;
    let is_sealed = taken.into_inner().sum() == sealed;
    match (visited, is_sealed) {
        (visited, true) => visited,
        (Ok(()), false) => bail!("its bytes have not the SHA-256 that its last frame says"),
        (Err(error), false) => Err(error.context("its bytes have not the SHA-256 that its last frame says")),
    }
}

fn visit_all(from: &mut impl io::BufRead, visit: &mut dyn FnMut(&str, &mut dyn Read) -> Result<()>) -> Result<()> {
    let decoder = zstd::stream::read::Decoder::with_buffer(from)?;
    let mut archive = tar::Archive::new(decoder);
    for entry in archive.entries()? {
        let mut entry = entry.context("reading the tar")?;
        let name = entry.path()?.to_string_lossy().into_owned();
        visit(&name, &mut entry)?;
    }
    // Behind the tar's end nothing may be left.
    let left = io::copy(&mut archive.into_inner(), &mut io::sink()).context("reading the end of the tar")?;
    match left {
        0..=512 => Ok(()),
        _ => bail!("something stands behind the end of the tar"),
    }
}

fn read_seal(file: &mut File, length: u64) -> Result<String> {
    let Some(from) = length.checked_sub(SEAL_BYTES) else { bail!("it is too short for a backup: cut off") };
    file.seek(SeekFrom::Start(from))?;
    let mut seal = Vec::new();
    file.read_to_end(&mut seal)?;
    let is_ours = seal.starts_with(&SEAL_MAGIC)
        && seal[4..8] == u32::try_from(SEAL_BYTES - 8)?.to_le_bytes()
        && seal[8..].starts_with(SEAL_WORDS)
        && seal.ends_with(b"\n");
    match is_ours {
        true => Ok(String::from_utf8_lossy(&seal[8 + SEAL_WORDS.len()..seal.len() - 1]).into_owned()),
        false => {
            bail!("its last frame, which has the sum of all others, is not there or damaged: cut off, or never whole")
        }
    }
}

/// The first entry, which must have this name; the sum of the whole is not asked.
pub(super) fn first(path: &Path, name: &str) -> Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    read_seal(&mut file, length)?;
    file.seek(SeekFrom::Start(0))?;
    let mut archive = tar::Archive::new(zstd::stream::read::Decoder::new(file)?);
    let mut entries = archive.entries()?;
    let mut entry = entries.next().context("it has no entry")??;
    if entry.path()?.to_string_lossy() != name {
        bail!("its first entry is not {name}");
    }
    let mut text = Vec::new();
    (&mut entry).take(super::TEXT_BYTES).read_to_end(&mut text)?;
    Ok(text)
}
