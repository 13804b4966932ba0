//! The log: standard error. What cannot be written there is dropped, for no request may fail because of its log line.

use std::io::{self, Write};

/// Standard error that never fails. A full disk or a closed pipe must not become a panic of whoever logs.
#[derive(Debug, Default, Clone, Copy)]
pub struct Log;

impl Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let _ = io::stderr().write_all(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = io::stderr().flush();
        Ok(())
    }
}
