//! Connections that read. They do not wait for the writer, nor for each other; each read sees everything that was committed
//! when it began.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rusqlite::Connection;
use tokio::{sync::Semaphore, task::spawn_blocking};

use super::{failed::Failed, open};
use readback_core::store::Fault;

/// How many there are.
const CONNECTIONS: usize = 4;

/// A few connections that only read.
#[derive(Debug)]
pub(super) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    free: Arc<Semaphore>,
}

impl Readers {
    /// Opens the connections to a file that is open for writing.
    pub(super) fn open(file: &Path) -> Result<Self, Fault> {
        let idle = (0..CONNECTIONS).map(|_| open::to_read(file)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { idle: Arc::new(Mutex::new(idle)), free: Arc::new(Semaphore::new(CONNECTIONS)) })
    }

    /// Runs `work` on a blocking thread, on one state of the file. The connection is lent to the work, so that a cancelled
    /// caller does not give it to another while the work still uses it.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failed> + Send + 'static,
    ) -> Result<T, Fault> {
        let place = self.free.clone().acquire_owned().await.map_err(|_| Fault::CutOff)?;
        let idle = self.idle.clone();
        let done = spawn_blocking(move || {
            // Dropped last: whoever gets the place finds a connection.
            let _place = place;
            let mut connection = locked(&idle).pop().ok_or(Fault::CutOff)?;
            let done = catch_unwind(AssertUnwindSafe(|| {
                let snapshot = connection.transaction()?;
                work(&snapshot)
            }));
            locked(&idle).push(connection);
            done.unwrap_or(Err(Failed(Fault::CutOff)))
        });
        done.await.map_err(|_| Fault::CutOff)?.map_err(|Failed(fault)| fault)
    }
}

fn locked(idle: &Mutex<Vec<Connection>>) -> MutexGuard<'_, Vec<Connection>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}
