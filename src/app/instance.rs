//! The identity of an installation: eight digits in a file beside its database.

use std::{
    ffi::OsString,
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use uuid::Uuid;

use readback_webex::hooks::Instance;

/// The identity that a serving process has noted for this database, if there is one.
///
/// # Errors
/// The file is there, and cannot be read.
pub(crate) fn known(database: &Path) -> io::Result<Option<Instance>> {
    match fs::read_to_string(file(database)) {
        // What is not an identity was cut off while it was written.
        Ok(text) => Ok(Instance::parse(text.trim_end())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The same, noted now if there is none. Only the process that holds the database's lock may call it.
///
/// # Errors
/// The file cannot be read or written.
pub(super) fn kept(database: &Path) -> io::Result<Instance> {
    if let Some(instance) = known(database)? {
        return Ok(instance);
    }
    let (number, ..) = Uuid::new_v4().as_fields();
    let instance = Instance::of(number);
    let mut opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file(database))?;
    writeln!(opened, "{instance}")?;
    Ok(instance)
}

fn file(database: &Path) -> PathBuf {
    let mut path = OsString::from(database);
    path.push(".instance");
    path.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installation_keeps_its_identity_and_two_have_different_ones() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one.db"), folder.path().join("other.db"));
        assert_eq!(known(&one).unwrap(), None);
        let instance = kept(&one).unwrap();
        assert_eq!(kept(&one).unwrap(), instance);
        assert_eq!(known(&one).unwrap(), Some(instance.clone()));
        assert_ne!(kept(&other).unwrap(), instance);
        fs::write(file(&one), "1a2b").unwrap();
        let anew = kept(&one).unwrap();
        assert_eq!(known(&one).unwrap(), Some(anew));
        assert!(known(&folder.path().join("no/folder.db")).unwrap().is_none());
    }
}
