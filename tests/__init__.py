"""Tests of wedsync-realtime; a package, so that its modules can import `tests.support`."""
