"""Deploy, inspect and maintain wedsync-realtime, a Postgres-native realtime package."""

__version__ = "0.1.0"
