//! Read-only access to the file.

use std::path::Path;

use rusqlite::Connection;

use super::{
    failed::Failed,
    open, rows,
    search::{self, Cursor},
};
use readback_core::{
    change::{Change, ChangeId, Filter},
    store::{Fault, Found},
};

/// Read-only access to the changes in a file, even while a process serves from it. Calls block.
#[derive(Debug)]
pub struct Archive(pub(super) Connection);

impl Archive {
    /// Opens a file created by a serving process.
    pub fn open(file: impl AsRef<Path>) -> Result<Self, Fault> {
        open::to_read(file.as_ref()).map(Self)
    }

    /// The stored change.
    pub fn get(&self, id: ChangeId) -> Result<Option<Change>, Fault> {
        let row = rows::read(&self.0, id).map_err(|Failed(fault)| fault)?;
        Ok(row.map(|row| row.change))
    }

    /// The newest `most` changes that match the filter, newest first.
    pub fn newest(&self, filter: &Filter, most: usize) -> Result<Found, Fault> {
        search::newest(&self.0, filter, most).map_err(|Failed(fault)| fault)
    }

    /// The next changes that match the filter, newest first: at most `most`, with those that cannot be read. And where to go
    /// on, unless those were the last. Between two pages the file is not held.
    pub fn page(&self, filter: &Filter, most: usize, after: Option<&Cursor>) -> Result<(Found, Option<Cursor>), Fault> {
        search::page(&self.0, filter, most, after).map_err(|Failed(fault)| fault)
    }
}
