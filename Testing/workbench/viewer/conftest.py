"""One viewer for all tests: a Slicer application takes a second to start."""

from __future__ import annotations

import shutil

import pytest

from readingroom.review import ReviewSession
from Testing.fixtures.viewevents import ViewEvents

SIZE = {"w": 400, "h": 300, "p": 1}


def a_viewer(name: str):
    from trame.app import get_server

    from readingroom.workbench.viewer import Viewer

    viewer = Viewer(get_server(name, client_type="vue3"))
    for view in viewer.stage.views.values():
        view.adapter.update_size("test", dict(SIZE))
    viewer.state.ready()  # as once a browser is there: changes are acted upon
    return viewer


@pytest.fixture(scope="session")
def the_viewer():
    """The viewer; nothing is shown in it. EGL draws."""
    return a_viewer("viewer-tests")


@pytest.fixture
def a_session(the_case, tmp_path):
    place = shutil.copytree(the_case.folder, tmp_path / "reading")
    session = ReviewSession.open(place, study=the_case.study, autosave=False)
    yield session
    session.close()


@pytest.fixture
def viewer(the_viewer, a_session):
    """The viewer showing the session, as a new browser would have it."""
    the_viewer.set_layout("four_up")
    the_viewer.show(a_session)
    the_viewer.models.finish()
    yield the_viewer
    the_viewer.set_slab(0.0, "max")
    the_viewer.set_crosshair(True)
    for name, value in (("view_sphere", False), ("view_overwrite", False), ("view_brush_mm", 3.0)):
        the_viewer.set_option(name, value)
    the_viewer.on_pick = lambda position, tool: None
    the_viewer.on_refused = lambda error: None
    the_viewer.clear()


@pytest.fixture
def axial(viewer) -> ViewEvents:
    """A hand on a mouse in the axial view."""
    return ViewEvents(viewer, "axial")


@pytest.fixture
def finding_of(a_session):
    """Return the first finding of a class."""
    return lambda label: next(f for f in a_session.reading.findings if f.label == label)
