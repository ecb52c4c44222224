//! Opens the file: takes the lock, sets the file mode, and checks the format.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};

use super::{
    health::OpenedFile,
    schema::{APPLICATION, FORMAT, bring_up_to_date},
    writer::OpenDatabase,
};
use readback_core::store::{Cause, Fault};

/// The busy timeout: an audit may read while a serving process writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How many prepared statements a connection keeps: more than there are.
const STATEMENTS: usize = 64;

/// The size that the write-ahead log is cut to after it was larger, in bytes.
const LOG_SIZE: i64 = 64 << 20;

/// Opens the only writing connection, and takes the lock that keeps it the only one.
pub(super) fn to_serve(file: &Path) -> Result<OpenDatabase, Fault> {
    let file = &real_path(file)?;
    let lock = lock(file)?;
    let refused = |source| Fault::File { file: file.clone(), source };
    create(file).map_err(refused)?;
    let opened = |source: rusqlite::Error| Fault::Open { file: file.clone(), source: source.into() };
    let mut connection = connect(file, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(opened)?;
    let format = is_ours(&connection, file)?;
    keep_private(file).map_err(refused)?;
    if (1..FORMAT).contains(&format) {
        let copy = beside(file, &format!(".format{format}"));
        keep_copy(&connection, &copy).map_err(|source| Fault::Open { file: copy, source })?;
    }
    configure(&connection).map_err(opened)?;
    bring_up_to_date(&mut connection).map_err(opened)?;
    let file = OpenedFile::of(file.clone()).map_err(refused)?;
    Ok(OpenDatabase { connection, _lock: lock, file })
}

/// Opens a read-only connection, whether or not a process serves from the file.
pub(super) fn to_read(file: &Path) -> Result<Connection, Fault> {
    let connection = connect(file, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(|source| Fault::Open { file: file.into(), source: source.into() })?;
    if is_ours(&connection, file)? == 0 {
        return Err(Fault::Foreign { file: file.into() });
    }
    Ok(connection)
}

/// Resolves the path, so that two spellings of one file use the same lock.
fn real_path(file: &Path) -> Result<PathBuf, Fault> {
    let fault = |file: &Path| {
        let file = file.to_owned();
        |source| Fault::File { file, source }
    };
    match fs::canonicalize(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        found => return found.map_err(fault(file)),
    }
    let name = file.file_name().ok_or_else(|| fault(file)(io::ErrorKind::InvalidFilename.into()))?;
    let folder = match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    Ok(fs::canonicalize(folder).map_err(fault(folder))?.join(name))
}

fn lock(file: &Path) -> Result<File, Fault> {
    let path = beside(file, ".lock");
    let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let locked = opened.and_then(|lock| match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    });
    match locked {
        Ok(Some(lock)) => Ok(lock),
        Ok(None) => Err(Fault::InUse { file: file.into(), lock: path }),
        Err(source) => Err(Fault::File { file: path, source }),
    }
}

/// Creates the file if it does not exist. SQLite treats an empty file as an empty database.
fn create(file: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(file).map(drop)
}

/// Sets the mode to 0600: patches of pod templates can contain secrets. SQLite creates the `-wal` and `-shm` files with
/// the mode of the main file, but existing ones may be older.
fn keep_private(file: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let path = beside(file, suffix);
        match fs::metadata(&path) {
            Ok(found) if found.permissions().mode() & 0o777 == 0o600 => {}
            Ok(_) => fs::set_permissions(&path, Permissions::from_mode(0o600))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Copies the whole file, with its write-ahead log, before it is changed to another format: an older readback can be started
/// on the copy. An existing copy is the work of an attempt that was interrupted, and is replaced.
fn keep_copy(connection: &Connection, copy: &Path) -> Result<(), Cause> {
    let partial = beside(copy, ".partial");
    for old in [&partial, &beside(&partial, "-journal")] {
        match fs::remove_file(old) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    // SQLite would create it readable for others.
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
    let name = partial.to_str().ok_or("the path is no UTF-8")?;
    connection.execute("VACUUM INTO ?1", [name])?;
    File::open(&partial)?.sync_all()?;
    fs::rename(&partial, copy)?;
    tracing::info!(copy = %copy.display(), "the database is brought to a newer format; a copy of the old one is kept");
    Ok(())
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut path = OsString::from(file);
    path.push(suffix);
    path.into()
}

fn connect(file: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(file, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// The schema version of the file: 0 if it is empty, otherwise one that this program reads.
fn is_ours(connection: &Connection, file: &Path) -> Result<i64, Fault> {
    let read = || {
        let format: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let application: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let is_empty = connection.query_row("SELECT NOT EXISTS (SELECT * FROM sqlite_schema)", [], |row| row.get(0))?;
        Ok((format, application, is_empty))
    };
    match read().map_err(|source: rusqlite::Error| Fault::Open { file: file.into(), source: source.into() })? {
        (0, 0, true) => Ok(0),
        (format, APPLICATION, _) if format > FORMAT => {
            Err(Fault::Newer { file: file.into(), found: format, known: FORMAT })
        }
        (format, APPLICATION, false) if format >= 1 => Ok(format),
        _ => Err(Fault::Foreign { file: file.into() }),
    }
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_SIZE, |_| Ok(()))
}
