"""The embedded default: a PostgreSQL cluster of this checkout's own."""
