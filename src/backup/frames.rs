//! Compresses rows a frame at a time; frames one after the other are one stream for whoever reads them.
//!
//! Each frame is made from one piece of memory. A stream keeps a window of what went before in another place, so the
//! compressor must look in two, and takes a third longer for the same size.

use std::io::{self, Write};

/// Bytes of a frame before it is compressed: as many as the usual levels look back over.
const FRAME_BYTES: usize = 2 * 1024 * 1024;

/// What is compressed, on its way.
pub(super) struct Frames {
    compressor: zstd::bulk::Compressor<'static>,
    plain: Vec<u8>,
    packed: Vec<u8>,
    count: u64,
}

impl Frames {
    pub(super) fn begin(level: i32) -> io::Result<Self> {
        let mut compressor = zstd::bulk::Compressor::new(level)?;
        compressor.include_checksum(true)?;
        let packed = Vec::with_capacity(zstd::zstd_safe::compress_bound(FRAME_BYTES));
        Ok(Self { compressor, plain: Vec::with_capacity(FRAME_BYTES), packed, count: 0 })
    }

    pub(super) fn put(&mut self, mut bytes: &[u8], out: &mut impl Write) -> io::Result<()> {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(FRAME_BYTES - self.plain.len()));
            self.plain.extend_from_slice(now);
            bytes = later;
            if self.plain.len() == FRAME_BYTES {
                self.frame(out)?;
            }
        }
        Ok(())
    }

    fn frame(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.packed.clear();
        self.compressor.compress_to_buffer(&self.plain, &mut self.packed)?;
        out.write_all(&self.packed)?;
        self.plain.clear();
        self.count += 1;
        Ok(())
    }

    /// What is left; no rows are one empty frame, since no frame is no file for `zstd`.
    pub(super) fn finish(mut self, out: &mut impl Write) -> io::Result<()> {
        match self.plain.is_empty() && self.count > 0 {
            true => Ok(()),
            false => self.frame(out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_comes_out_of_any_reader() {
        let text: Vec<u8> = (0..FRAME_BYTES as u64 * 2 + 3).map(|at| (at * at % 251).to_le_bytes()[0]).collect();
        for bytes in [0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, text.len()] {
            for piece in [7919, FRAME_BYTES, text.len()] {
                let (mut frames, mut packed) = (Frames::begin(1).unwrap(), Vec::new());
                text[..bytes].chunks(piece).for_each(|piece| frames.put(piece, &mut packed).unwrap());
                frames.finish(&mut packed).unwrap();
                assert!(!packed.is_empty(), "no frame is no file for `zstd`");
                assert_eq!(zstd::stream::decode_all(&packed[..]).unwrap(), text[..bytes], "{bytes} by {piece}");
            }
        }
    }
}
