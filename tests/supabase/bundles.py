"""Bundles, written and applied."""

from pathlib import Path

import psycopg

from tests.support.deployment.tree import Tree
from wedsync_realtime.packaging import bundle


def bundled(project: Path, tree: Tree) -> list[bundle.Bundle]:
    return bundle.write(project / bundle.DEFAULT_FOLDER, tree.root)


def apply(url: str, written: bundle.Bundle) -> None:
    """Apply a bundle in one transaction."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(written.file.read_bytes())


def query(url: str, text: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(text.encode()).fetchone()
        return row[0] if row else None
