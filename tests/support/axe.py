"""axe-core in a page of a browser test."""

from typing import Any

import pytest

from tests.conftest import ROOT

_AXE = ROOT / "central/dosebook_central/web/assets/node_modules/axe-core/axe.min.js"
_RUN = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
    .filter(({impact}) => impact === "serious" || impact === "critical")
    .map(({id, nodes}) => `${id}: ${nodes.slice(0, 3).map(({html}) => html).join(" | ")}`)"""


def barriers(page: Any) -> list[str]:
    """What axe-core calls serious or critical on the page that is open now."""
    if not _AXE.is_file():
        pytest.skip("axe-core is not there: make test fetches it with the pages' scripts")
    # As the protocol's own evaluation: the policy of the page lets no foreign script in.
    page.evaluate(_AXE.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(_RUN)
    return found
