//! Where accepted notices are on record until their turn has ended.

use std::sync::Arc;

use futures::future::BoxFuture;
use readback_core::{
    notice::{Notice, Received},
    store::{Fault, Store},
};

use crate::clock;

/// Records accepted notices. Every store is one.
pub trait Inbox: Send + Sync + 'static {
    /// Puts a notice on record, unless it was received before.
    fn receive<'a>(&'a self, notice: &'a Notice) -> BoxFuture<'a, Result<Received, Fault>>;

    /// Records that its turn has ended.
    fn handled<'a>(&'a self, notice: &'a Notice) -> BoxFuture<'a, Result<(), Fault>>;
}

impl<S: Store> Inbox for Arc<S> {
    fn receive<'a>(&'a self, notice: &'a Notice) -> BoxFuture<'a, Result<Received, Fault>> {
        Box::pin(S::receive(self, notice, clock::now()))
    }

    fn handled<'a>(&'a self, notice: &'a Notice) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(S::handled(self, notice, clock::now()))
    }
}
