//! The module `wardseal._native`: bindings of `wardseal-sdk`, no logic. What applications see is in
//! Python beside it.

mod client;
mod files;
mod opened;
mod values;

use core::{future::Future, pin::pin, time::Duration};
use std::{error::Error as StdError, io, sync::OnceLock};

use pyo3::{exceptions::PyRuntimeError, prelude::*, types::PyDict};
use tokio::runtime::{Builder, Runtime};
use wardseal_sdk::Error;

/// How often a call that waits looks whether somebody pressed Ctrl+C.
const SIGNALS: Duration = Duration::from_millis(100);

/// The one runtime of the process, made at the first call.
fn runtime() -> PyResult<&'static Runtime> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let made = Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("wardseal")
        .enable_all()
        .build()
        .map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
    // Another thread may have been faster; then this one ends unused.
    Ok(RUNTIME.get_or_init(|| made))
}

/// Waits for an operation while other threads of Python run. Ctrl+C ends it.
pub(crate) fn wait<T: Send>(
    py: Python<'_>,
    operation: impl Future<Output = Result<T, Error>> + Send,
) -> PyResult<T> {
    let runtime = runtime()?;
    py.detach(|| {
        runtime.block_on(async {
            let mut operation = pin!(operation);
            loop {
                tokio::select! {
                    done = &mut operation => return done.map_err(raised),
                    () = tokio::time::sleep(SIGNALS) => Python::attach(|py| py.check_signals())?,
                }
            }
        })
    })
}

/// The exception for an error: what Python code of the application raised on the way, or a
/// `WardsealError`.
pub(crate) fn raised(error: Error) -> PyErr {
    Python::attach(|py| match python_cause(py, &error) {
        Some(raised) => raised,
        None => exception(py, &error).unwrap_or_else(|failed| failed),
    })
}

fn exception(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    let details = PyDict::new(py);
    let of = error.details();
    let texts = [
        ("detail", of.detail.as_deref()),
        ("refusal", of.refusal.as_deref()),
        ("id", of.id.as_deref()),
        ("reason", of.reason),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            details.set_item(name, text)?;
        }
    }
    let numbers = [
        ("status", of.status.map(u64::from)),
        ("retry_after", of.retry_after),
        ("group", of.group.map(u64::from)),
    ];
    for (name, number) in numbers {
        if let Some(number) = number {
            details.set_item(name, number)?;
        }
    }
    let class = py.import("wardseal._errors")?.getattr("WardsealError")?;
    let given = (
        error.code(),
        error.message(),
        error.retryable(),
        error.help(),
        details,
    );
    Ok(PyErr::from_value(class.call1(given)?))
}

/// The exception that a file object of the application raised.
fn python_cause(py: Python<'_>, error: &Error) -> Option<PyErr> {
    let mut cause: Option<&(dyn StdError + 'static)> = error.source();
    while let Some(error) = cause {
        if let Some(raised) = error.downcast_ref::<PyErr>() {
            return Some(raised.clone_ref(py));
        }
        // The source of such an error is that of what it holds, not what it holds.
        cause = match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(held) => Some(held),
            None => error.source(),
        };
    }
    None
}

#[pymodule(name = "_native")]
mod wardseal_native {
    #[pymodule_export]
    use crate::{client::Changes, client::Client, opened::Opened};
}
