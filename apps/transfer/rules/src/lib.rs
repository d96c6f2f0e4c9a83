//! The rules of Wardseal Transfer, compiled into the server and into the page, so that both refuse the same moves.
//!
//! Everything is data with a few functions over it: [`state`] and [`moves`] say what a case and a request may become and who
//! may say so, [`compete`] what a choice does to the other requests, [`reasons`] why something was refused, [`deadline`]
//! until when an answer is due, [`care`] what may be asked for, [`form`] what is asked about the patient, and [`fhir`] reads
//! an R4 bundle into answers of that form. [`catalogue()`] gives all of it as one JSON document, with labels in
//! English, French and German.
//!
//! The server knows states, sides, groups of reasons, times, urgency and family of care. It never sees answers of the
//! form: [`form`] and [`fhir`] run where the keys are.
//!
//! Nothing here reads a clock: times are parameters, in milliseconds since 1970-01-01T00:00Z.

mod codes;

pub mod calendar;
pub mod care;
pub mod catalogue;
pub mod compete;
pub mod deadline;
pub mod fhir;
pub mod form;
pub mod label;
pub mod moves;
pub mod reasons;
pub mod state;

pub use care::{CareFamily, Urgency};
pub use catalogue::catalogue;
pub use label::Labels;
pub use moves::{Move, Need, Refusal, Side};
pub use reasons::{Reason, ReasonGroup};
pub use state::{CaseState, RequestState};
