"""The figures of the dashboard in a terminal."""
