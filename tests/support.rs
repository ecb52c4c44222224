//! Shared by the integration tests: servers, and ways to wait for them.

pub(crate) mod bot;
pub(crate) mod kubelet;
pub(crate) mod log;
pub(crate) mod person;
pub(crate) mod plane;
pub(crate) mod program;
pub(crate) mod tap;
pub(crate) mod trouble;
pub(crate) mod wait;
