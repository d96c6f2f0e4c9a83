//! Takes every mail and delivers none.
