"""A scene without any application around it."""

from __future__ import annotations

import shutil

import pytest

from readingroom.review import ReviewSession
from readingroom.review.mrml import present, present_volume
from Testing.fixtures.review_cases import Case, a_case


@pytest.fixture(scope="session")
def the_case(tmp_path_factory) -> Case:
    return a_case(tmp_path_factory.mktemp("case"))


@pytest.fixture
def a_scene():
    import slicer

    scene = slicer.vtkMRMLScene()
    yield scene
    scene.Clear(True)


@pytest.fixture
def a_session(the_case, tmp_path):
    place = shutil.copytree(the_case.folder, tmp_path / "reading")
    session = ReviewSession.open(place, study=the_case.study, autosave=False)
    yield session
    session.close()


@pytest.fixture
def shown(a_session, a_scene):
    """The session's reading in the scene."""
    volume = present_volume(a_session.volume, a_scene)
    return present(a_session.reading, a_scene, volume)
