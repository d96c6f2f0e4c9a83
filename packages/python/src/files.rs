//! File objects of Python as readers and writers.

use std::io::{self, Read, Write};

use pyo3::{exceptions::PyTypeError, prelude::*, types::PyBytes};

/// A file object that is read.
pub(crate) struct Input(pub(crate) Py<PyAny>);

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Python::attach(|py| {
            let given = self.0.call_method1(py, "read", (buffer.len(),))?;
            let given = given.bind(py).cast::<PyBytes>().map_err(|_| {
                PyTypeError::new_err("read() gives no bytes: open the file in binary mode")
            })?;
            let bytes = given.as_bytes();
            let to = buffer.get_mut(..bytes.len()).ok_or_else(|| {
                PyTypeError::new_err("read() gives more bytes than it was asked for")
            })?;
            to.copy_from_slice(bytes);
            Ok::<_, PyErr>(bytes.len())
        })
        .map_err(io::Error::other)
    }
}

/// A file object that is written.
pub(crate) struct Output(pub(crate) Py<PyAny>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Python::attach(|py| {
            let written = self
                .0
                .call_method1(py, "write", (PyBytes::new(py, bytes),))?;
            // What is not buffered may write less, and says so.
            let written: Option<usize> = written.extract(py)?;
            Ok::<_, PyErr>(written.unwrap_or(bytes.len()).min(bytes.len()))
        })
        .map_err(io::Error::other)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
