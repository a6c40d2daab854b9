"""The connection, the server behind it, and how long it is waited for."""
