//! Persistence of changes: the implementations of [`Store`](readback_core::store::Store).

pub mod sqlite;
