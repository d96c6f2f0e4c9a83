//! An opened object.

use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use pyo3::{prelude::*, types::PyBytes};
use wardseal_sdk::{Completed, ContentReader, Error, Opened as Inner};

use crate::{files::Output, raised, values::Header, wait};

/// An opened object.
#[pyclass(frozen, module = "wardseal._native")]
pub(crate) struct Opened {
    inner: Inner,
    /// Of who reads piece by piece.
    reader: Mutex<Option<ContentReader>>,
}

impl Opened {
    pub(crate) const fn new(inner: Inner) -> Self {
        Self {
            inner,
            reader: Mutex::new(None),
        }
    }

    /// Works with the reader while other threads of Python run.
    fn reading<R: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut ContentReader) -> Result<R, Error> + Send,
    ) -> PyResult<R> {
        py.detach(|| {
            let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
            let reader = match reader.as_mut() {
                Some(reader) => reader,
                None => reader.insert(self.inner.reader()?),
            };
            work(reader)
        })
        .map_err(raised)
    }
}

fn finished(completed: &Completed) -> (Header, u64) {
    (completed.header().into(), completed.size())
}

#[pymethods]
impl Opened {
    #[getter]
    fn name(&self) -> Option<&str> {
        self.inner.name()
    }

    #[getter]
    fn media_type(&self) -> Option<&str> {
        self.inner.media_type()
    }

    #[getter]
    fn size(&self) -> Option<u64> {
        self.inner.size()
    }

    #[getter]
    fn verified(&self) -> bool {
        self.inner.verified()
    }

    fn header(&self) -> Header {
        self.inner.header().into()
    }

    fn completed(&self) -> Option<(Header, u64)> {
        self.inner.completed().as_ref().map(finished)
    }

    fn bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let content = wait(py, self.inner.bytes())?;
        Ok(PyBytes::new(py, &content))
    }

    fn range<'py>(&self, py: Python<'py>, start: u64, end: u64) -> PyResult<Bound<'py, PyBytes>> {
        let content = wait(py, self.inner.range(start..end))?;
        Ok(PyBytes::new(py, &content))
    }

    fn piece<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let piece = self.reading(py, |reader| Ok(reader.piece()?.to_vec()))?;
        Ok(PyBytes::new(py, &piece))
    }

    fn rewind(&self) {
        *self.reader.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<(Header, u64)> {
        Ok(finished(&wait(py, self.inner.save(path))?))
    }

    fn write_to(&self, py: Python<'_>, file: Py<PyAny>) -> PyResult<(Header, u64)> {
        let (_, completed) = wait(py, self.inner.write_to(Output(file)))?;
        Ok(finished(&completed))
    }
}
