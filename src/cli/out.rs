//! The only way to print.

use std::{
    fmt,
    io::{self, Write},
};

/// The output of a command: standard output, standard error, or a buffer in a test.
pub struct Out(Box<dyn Write + Send>);

impl Out {
    /// Standard output: results.
    pub fn stdout() -> Self {
        Self(Box::new(io::stdout()))
    }

    /// Standard error: errors and progress.
    pub fn stderr() -> Self {
        Self(Box::new(io::stderr()))
    }

    /// Any other writer.
    pub fn to(writer: impl Write + Send + 'static) -> Self {
        Self(Box::new(writer))
    }

    /// Writes a line and flushes it, because a reader may wait for each row.
    ///
    /// # Errors
    /// When the writer fails. See [`Out::is_closed`].
    pub fn line(&mut self, text: impl fmt::Display) -> io::Result<()> {
        writeln!(self.0, "{text}")?;
        self.0.flush()
    }

    /// Writes a text unchanged and flushes it.
    ///
    /// # Errors
    /// When the writer fails. See [`Out::is_closed`].
    pub fn text(&mut self, text: impl fmt::Display) -> io::Result<()> {
        write!(self.0, "{text}")?;
        self.0.flush()
    }

    /// Whether the reader has closed the pipe (`readback … | head`): a reason to end quietly.
    pub fn is_closed(error: &io::Error) -> bool {
        error.kind() == io::ErrorKind::BrokenPipe
    }
}

impl fmt::Debug for Out {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Out")
    }
}
