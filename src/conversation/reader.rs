//! Limits concurrent use of the model: reading a message occupies a core for a few milliseconds, and cores are limited.

use std::{fmt, sync::Arc, time::Duration};

use anyhow::Context;
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use readback_core::{command::ParsedMessage, resolve::Directory};
use readback_nlu::{model::Model, reader};

/// How long a message waits for a free core.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads messages. Clones share the model and the limit.
#[derive(Clone)]
pub struct MessageReader {
    model: Arc<Model>,
    cores: Arc<Semaphore>,
}

impl fmt::Debug for MessageReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("free", &self.cores.available_permits()).finish_non_exhaustive()
    }
}

impl MessageReader {
    /// A reader that reads at most `at_once` messages concurrently.
    pub fn new(model: Arc<Model>, at_once: usize) -> Self {
        Self { model, cores: Arc::new(Semaphore::new(at_once.max(1))) }
    }

    /// Reads a message against the live names.
    ///
    /// # Errors
    /// If no core was free in time, or the engine failed.
    pub async fn read(&self, text: String, directory: Arc<Directory>) -> anyhow::Result<ParsedMessage> {
        let waiting = self.cores.clone().acquire_owned();
        let authorization = timeout(PATIENCE, waiting).await.context("no core was free to read the message")??;
        let model = self.model.clone();
        let work = spawn_blocking(move || {
            // The permit is held until the work ends: a caller that gives up does not free a core that is still busy.
            let _held = authorization;
            reader::read(&model, directory.gazetteer(), &text)
        });
        work.await.context("reading the message")?
    }
}
