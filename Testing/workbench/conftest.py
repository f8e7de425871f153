"""Fixtures of the workbench's tests; nothing here draws or opens a browser."""

from __future__ import annotations

import pytest

from Testing.fixtures.review_cases import Case, a_case


@pytest.fixture(scope="session")
def the_case(tmp_path_factory) -> Case:
    """A study with its reading, made once; copy what is written into."""
    return a_case(tmp_path_factory.mktemp("case"))
