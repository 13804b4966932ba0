//! Everything here is a test.
