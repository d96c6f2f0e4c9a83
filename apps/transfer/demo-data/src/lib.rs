//! The demonstration of Wardseal Transfer: invented facilities, people and patients, made through the real client against
//! real servers. The same seed makes the same world; keys are drawn anew each time.

pub mod patients;
pub mod pdf;
pub mod processes;
pub mod seed;
pub mod staff;
pub mod world;
