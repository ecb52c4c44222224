//! Where change requests are kept: the stores that fulfil [`Store`](readback_core::change::Store).

pub mod sqlite;
