//! The catalog of live objects for interpreting sentences.

use crate::interpret::{self};
use anyhow::Context;
use readback_core::resolve::Directory;
use std::{fs, path::Path};

/// The live objects used when no catalog file is given: enough for a first try.
const SAMPLE: &str = include_str!("sample-catalog.json");

pub(super) fn directory(file: Option<&Path>) -> anyhow::Result<Directory> {
    let text = match file {
        Some(file) => fs::read_to_string(file).with_context(|| format!("reading `{}`", file.display()))?,
        None => SAMPLE.to_owned(),
    };
    interpret::catalog(&text)
}
