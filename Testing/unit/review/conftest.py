"""Fixtures that read as prose: a case, a session on it, and what a person would do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from readingroom.review import ReviewSession
from Testing.fixtures import review_cases
from Testing.fixtures.review_cases import Case


@pytest.fixture
def a_case(tmp_path: Path) -> Case:
    return review_cases.a_case(tmp_path)


@pytest.fixture
def a_session(a_case: Case):
    session = ReviewSession.open(a_case.folder, reviewer="Dr. Who")
    yield session
    session.discard()


@pytest.fixture
def told(a_session: ReviewSession) -> list:
    """Return what subscribers were told, filled as the session goes on."""
    changes: list = []
    a_session.subscribe(changes.append)
    return changes


def score(session: ReviewSession, vessel: str = "") -> float:
    name = "agatston_score" + (f"_{vessel.lower()}" if vessel else "")
    return float(session.reading.measurements[name].value)


def of(session: ReviewSession, label: str) -> list[str]:
    """Return the ids of the findings of a class."""
    return [f.id for f in session.reading.findings if f.label == label]


def value_of(session: ReviewSession, name: str) -> int:
    return next(s.value for s in session.masks.segments if s.name == name)


def paint(session: ReviewSession, label: str | None, first, size, **how) -> None:
    """Paint a box of the lesion layer with a class, or erase it."""
    value = value_of(session, label) if label else 0
    session.replace_voxels(0, first, np.full(size, value, np.uint8), **how)


def content(session: ReviewSession) -> dict:
    """Return everything that undo must bring back."""
    reading = session.reading
    return {
        "findings": reading.findings,
        "measurements": reading.measurements,
        "categories": reading.categories,
        "landmarks": reading.landmarks,
        "segments": reading.masks.segments,
        "layers": [layer.tobytes() for layer in reading.masks.layers],
        "status": reading.status,
    }
