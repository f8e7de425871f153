"""Fixtures for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real third-party data beside the repository, or skip."""
    if not _SHARED.is_dir():
        pytest.skip("the real data folder ../shared/data is not on this machine")
    return _SHARED
