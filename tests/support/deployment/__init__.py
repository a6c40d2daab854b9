"""Deploying: other sources and releases, many at once, killed ones."""
