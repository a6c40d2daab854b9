"""The way back: migrations undone, the application's tables let go, the package gone."""
