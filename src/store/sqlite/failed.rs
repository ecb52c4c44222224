//! The error of an operation on a connection.

use std::{error::Error, sync::Arc};

use readback_core::store::{Cause, Fault};

/// Why an operation on a connection failed. [`Sqlite`](super::Sqlite) returns the contained fault to its caller.
#[derive(Debug)]
pub(super) struct Failed(pub(super) Fault);

impl Failed {
    /// The error of a transaction, for one of several whose work was in it.
    pub(super) fn of(error: &Arc<rusqlite::Error>) -> Self {
        Self::caused(error.sqlite_error_code(), Arc::clone(error))
    }

    fn caused(code: Option<rusqlite::ErrorCode>, error: impl Error + Send + Sync + 'static) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, DiskFull, NotADatabase, ReadOnly, SystemIoFailure};
        let cause = Cause::from(error);
        Self(match code {
            Some(DiskFull | ReadOnly | SystemIoFailure) => Fault::NoWrites(cause),
            Some(DatabaseCorrupt | NotADatabase) => Fault::Damaged(cause),
            _ => Fault::Database(cause),
        })
    }
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::caused(error.sqlite_error_code(), error)
    }
}
