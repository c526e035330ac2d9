//! Reads a file while it is still being written, as far as its writer has come.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// How far a file is written; the writer's end of it. Dropped, the file has no end.
pub(super) struct Pace(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Clone, Copy, Default)]
struct State {
    bytes: u64,
    end: End,
}

#[derive(Clone, Copy, Default, Eq, PartialEq)]
enum End {
    #[default]
    Open,
    Whole,
    GivenUp,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_one();
    }
}

/// A file that was just made, and whoever reads it from its first byte on.
///
/// # Errors
/// The file system's.
pub(super) fn follow(path: &Path) -> io::Result<(Pace, Following)> {
    let shared = Arc::new(Shared::default());
    Ok((Pace(shared.clone()), Following { file: File::open(path)?, shared, read: 0 }))
}

impl Pace {
    /// So many bytes more are in the file.
    pub(super) fn wrote(&self, bytes: u64) {
        self.0.set(|state| state.bytes += bytes);
    }

    /// Nothing comes any more: the file ends where it ends.
    pub(super) fn whole(self) {
        self.0.set(|state| state.end = End::Whole);
    }
}

impl Drop for Pace {
    fn drop(&mut self) {
        self.0.set(|state| {
            if state.end == End::Open {
                state.end = End::GivenUp;
            }
        });
    }
}

/// Reads what is written. At the end it reads on, as any reader would: what is behind it is found too.
pub(super) struct Following {
    file: File,
    shared: Arc<Shared>,
    read: u64,
}

impl Read for Following {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.shared.state();
        while state.bytes <= self.read && state.end == End::Open {
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let state = *state;
        if state.end == End::GivenUp {
            return Err(io::Error::other("its writer gave up"));
        }
        let read = match state.end {
            End::Whole => self.file.read(buffer)?,
            _ => {
                let most = usize::try_from(state.bytes - self.read).unwrap_or(usize::MAX).min(buffer.len());
                self.file.read(&mut buffer[..most])?
            }
        };
        if read == 0 && self.read < state.bytes && !buffer.is_empty() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it is shorter than what was written"));
        }
        self.read += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::time::Duration;

    use super::*;

    #[test]
    fn it_reads_what_is_written_and_waits_for_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows");
        let mut file = File::create_new(&path).unwrap();
        let (pace, mut following) = follow(&path).unwrap();
        let reader = std::thread::spawn(move || {
            let mut all = Vec::new();
            following.read_to_end(&mut all).map(|_| all)
        });
        for part in [&b"one "[..], b"two ", b"three"] {
            file.write_all(part).unwrap();
            std::thread::sleep(Duration::from_millis(5));
            assert!(!reader.is_finished());
            pace.wrote(part.len() as u64);
        }
        file.write_all(b" and more").unwrap();
        pace.whole();
        assert_eq!(reader.join().unwrap().unwrap(), b"one two three and more");
    }

    #[test]
    fn a_file_without_an_end_and_one_that_is_cut_are_no_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows");
        File::create_new(&path).unwrap();
        let (pace, mut following) = follow(&path).unwrap();
        drop(pace);
        assert!(following.read(&mut [0; 9]).is_err());
        let (pace, mut following) = follow(&path).unwrap();
        pace.wrote(3);
        pace.whole();
        assert_eq!(following.read(&mut [0; 9]).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
