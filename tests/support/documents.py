"""The pages that people read: README.md and docs/."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def page(name: str) -> str:
    """Return the text of a page. name: relative to the root, such as docs/clients.md."""
    return (ROOT / name).read_text()


def code(name: str, language: str) -> list[str]:
    """Return the code of a language on a page, block by block."""
    return re.findall(rf"^```{language}\n(.*?)^```", page(name), re.DOTALL | re.MULTILINE)
