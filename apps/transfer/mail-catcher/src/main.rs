//! `wardseal-transfer`.
fn main() {}
