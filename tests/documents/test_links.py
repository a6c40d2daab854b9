"""Every link of a page leads somewhere, and the first page stays short."""

import re

import pytest

from tests.support.documents import ROOT, page

PAGES = sorted(
    file.relative_to(ROOT).as_posix()
    for pattern in ("README.md", "docs/*.md", "*/README.md", "functions/*/README.md")
    for file in ROOT.glob(pattern)
    if not file.relative_to(ROOT).parts[0].startswith(".")
)
LINK = re.compile(r'(?:\]\(|\bsrc(?:set)?=")([^)\s"]+)')
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.DOTALL | re.MULTILINE)


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as they are made on the web."""
    headings = re.findall(r"^#+ (.*)$", CODE.sub(lambda code: code.group().strip("`"), text), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", PAGES)
def test_every_link_resolves(name: str) -> None:
    broken = []
    for link in LINK.findall(CODE.sub("", page(name))):
        target, _, anchor = link.partition("#")
        file = (ROOT / name).parent / target if target else ROOT / name
        if target.startswith(("https://", "http://")):
            continue
        if not file.exists() or (anchor and anchor not in anchors(file.read_text())):
            broken.append(link)
    assert not broken


def test_every_page_of_docs_is_linked_from_the_first() -> None:
    linked = set(LINK.findall(page("README.md")))
    assert {name for name in PAGES if name.startswith("docs/")} - {"docs/README.md"} <= linked


def test_first_page_is_short() -> None:
    assert page("README.md").count("\n") <= 200
