//! The error of an operation on the connection.

use readback_core::store::Fault;

/// Why an operation on the connection failed. [`Sqlite`](super::Sqlite) returns the contained fault to its caller.
#[derive(Debug)]
pub(super) struct Failed(pub(super) Fault);

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, DiskFull, NotADatabase, ReadOnly, SystemIoFailure};
        Self(match error.sqlite_error_code() {
            Some(DiskFull | ReadOnly | SystemIoFailure) => Fault::NoWrites(error.into()),
            Some(DatabaseCorrupt | NotADatabase) => Fault::Damaged(error.into()),
            _ => Fault::Database(error.into()),
        })
    }
}
