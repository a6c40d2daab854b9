"""What stands on the page."""

import re

from playwright.sync_api import (
    Locator,
    Page,
)


def figure(page: Page, tile: str) -> str:
    return page.locator(f"#tile-{tile} .figure").inner_text()


def options(page: Page) -> Locator:
    """Return what the search box offers."""
    return page.locator("#found").get_by_role("option")


def rows(page: Page, table: str) -> list[list[str]]:
    """Return the cells of a table's body."""
    return [
        [re.sub(r"\s+", " ", cell).strip() for cell in row.locator("th, td").all_inner_texts()]
        for row in page.locator(f"#{table} tbody tr").all()
    ]
