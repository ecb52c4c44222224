//! Batches: several changes requested in one message. They share one card and one approval, but each is executed and
//! reported individually.

use super::{
    fault::{At, Fault},
    orders::Orders,
    request::Request,
};
use readback_core::{
    change::Change,
    store::{Recorded, Store},
};

impl Orders {
    /// Records the waiting changes of a batch, then posts their card.
    pub(super) async fn ask_together(&self, request: &Request<'_>, changes: &[Change]) -> Result<(), Fault> {
        let mut recorded = Vec::new();
        for change in changes {
            match self.cx.store.record(change.clone()).await.before(request.place, "recording the question")? {
                Recorded::New => recorded.push(change.clone()),
                Recorded::AlreadyThere(old) => recorded.push(*old),
            }
        }
        if recorded.iter().any(|change| change.card().is_some()) {
            return Ok(());
        }
        for change in &recorded {
            self.approvals.supersede(change, request.place).await?;
        }
        self.reporter.post_batch(&recorded, request.place).await
    }
}
