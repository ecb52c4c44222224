//! Persistence of changes: the implementations of [`Store`](readback_core::change::Store).

pub mod sqlite;
