"""System tests start whole processes and real servers: minutes, not milliseconds."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.system)


@pytest.fixture(scope="session")
def corpus_objects(corpus: Path) -> list[Path]:
    """Every DICOM file of the corpus: dose reports, images, and what holds no dose."""
    return sorted(corpus.rglob("*.dcm"))
