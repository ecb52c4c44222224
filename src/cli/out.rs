//! The one way to print.

use std::{
    fmt,
    io::{self, Write},
};

/// What commands write to: standard output, standard error, or a buffer in a test.
pub struct Out(Box<dyn Write + Send>);

impl Out {
    /// Standard output: results.
    pub fn stdout() -> Self {
        Self(Box::new(io::stdout()))
    }

    /// Standard error: what went wrong, and how far something is.
    pub fn stderr() -> Self {
        Self(Box::new(io::stderr()))
    }

    /// Any other place.
    pub fn to(writer: impl Write + Send + 'static) -> Self {
        Self(Box::new(writer))
    }

    /// Writes a line, and hands it on at once: whoever reads rows may wait for each.
    ///
    /// # Errors
    /// When nothing more can be written. See [`Out::is_closed`].
    pub fn line(&mut self, text: impl fmt::Display) -> io::Result<()> {
        writeln!(self.0, "{text}")?;
        self.0.flush()
    }

    /// Writes a text as it is, and hands it on at once.
    ///
    /// # Errors
    /// When nothing more can be written. See [`Out::is_closed`].
    pub fn text(&mut self, text: impl fmt::Display) -> io::Result<()> {
        write!(self.0, "{text}")?;
        self.0.flush()
    }

    /// Whether the reader has gone (`readback … | head`): reason to end quietly.
    pub fn is_closed(error: &io::Error) -> bool {
        error.kind() == io::ErrorKind::BrokenPipe
    }
}

impl fmt::Debug for Out {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Out")
    }
}
