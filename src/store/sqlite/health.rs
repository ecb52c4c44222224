//! Whether the file that is written to is still the one that its name means. SQLite goes on writing to a file that was
//! deleted, and everything would be lost with the process.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rusqlite::Connection;

use super::failed::Failed;
use readback_core::store::Fault;

/// How every SQLite file begins (<https://www.sqlite.org/fileformat2.html#magic_header_string>).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

pub(super) const SCHEMA: &str = "
    CREATE TABLE health (
        only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
        at INTEGER NOT NULL -- milliseconds since 1970
    ) STRICT;
";

/// The file that was opened.
#[derive(Debug)]
pub(super) struct OpenedFile {
    path: PathBuf,
    /// The file is opened once and not closed before the connections are: the process loses the locks that SQLite holds on a
    /// file when it closes any descriptor of it, and another process would then take the write-ahead log for left behind
    /// (<https://www.sqlite.org/howtocorrupt.html>, 2.2).
    file: File,
    device: u64,
    inode: u64,
}

impl OpenedFile {
    /// The file that has this name now.
    pub(super) fn of(path: PathBuf) -> io::Result<Self> {
        let file = File::open(&path)?;
        let found = file.metadata()?;
        Ok(Self { device: found.dev(), inode: found.ino(), path, file })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Fails if the name means another file now, or the file is no database any more.
    pub(super) fn check(&self) -> Result<(), Fault> {
        let lost = || Fault::Lost { file: self.path.clone() };
        let found = match fs::metadata(&self.path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(lost()),
            Err(source) => return Err(Fault::File { file: self.path.clone(), source }),
        };
        let mut head = [0; MAGIC.len()];
        let read = self.file.read_exact_at(&mut head, 0);
        if (found.dev(), found.ino()) != (self.device, self.inode) || read.is_err() || head != *MAGIC {
            return Err(lost());
        }
        Ok(())
    }
}

/// Fails if the file takes no writes.
pub(super) fn beat(connection: &Connection, now: Timestamp) -> Result<(), Failed> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO health (only, at) VALUES (1, ?1) ON CONFLICT (only) DO UPDATE SET at = excluded.at",
    )?;
    statement.execute([now.as_millisecond()])?;
    Ok(())
}
