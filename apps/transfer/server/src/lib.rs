//! The server of Wardseal Transfer.
