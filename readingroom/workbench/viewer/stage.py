"""The Slicer application behind one browser session, and its four views."""

from __future__ import annotations

from typing import Any

from readingroom.workbench.viewer import opengl
from readingroom.workbench.viewer.layouts import LAYOUTS, SLICES, VIEWS
from readingroom.workbench.viewer.queue import RenderQueue
from readingroom.workbench.viewer.remote import RemoteView

_ORIENTATION = {"axial": "Axial", "coronal": "Coronal", "sagittal": "Sagittal"}
#: Pixels of a view that a CPU renders at 20 pictures a second.
_MOST_PIXELS_WITHOUT_CARD = 700_000
_BACKGROUND_3D = ("#15191e", "#2a3038")


class Stage:
    """Owns the Slicer application, the scene and the views.

    Attributes
    ----------
    app : trame_slicer.core.SlicerApp
    views : dict of str to RemoteView
        ``axial``, ``coronal``, ``sagittal``, ``threed``.
    has_card : bool
        Whether a graphics card renders.

    Raises
    ------
    ReadingRoomError
        ``RENDERING_UNAVAILABLE``.
    """

    def __init__(self) -> None:
        opengl.prepare()
        from trame_slicer.core import SlicerApp

        _quiet()
        self.app = SlicerApp()
        self.queue = RenderQueue()
        factory = _factory(self.queue)
        self.app.view_manager.register_factory(factory)
        for definition in _definitions():
            self.app.view_manager.create_view(definition)
        self.views: dict[str, RemoteView] = {name: factory.get_factory_view(name) for name in VIEWS}
        self.three_d.set_orientation_marker(*_orientation_cube())
        self.has_card = self._has_card()
        if not self.has_card:
            # Mesa draws nothing translucent with it; surfaces hide their back instead.
            self.three_d.renderer().SetUseDepthPeeling(False)
            for view in self.views.values():
                view.adapter.max_pixel_count = _MOST_PIXELS_WITHOUT_CARD

    @property
    def scene(self) -> Any:
        """The vtkMRMLScene."""
        return self.app.scene

    @property
    def slices(self) -> dict[str, Any]:
        """Slice views of trame-slicer by name."""
        return {name: self.views[name].view for name in SLICES}

    @property
    def three_d(self) -> Any:
        """The 3D view of trame-slicer."""
        return self.views["three_d"].view

    def arrange(self, layout: str) -> None:
        """Render only the views of `layout`."""
        tags = [
            self.views[name].view.get_singleton_tag()
            for name in LAYOUTS[layout].views
            if name in self.views
        ]
        self.app.view_manager.set_current_view_ids(tags)

    def _has_card(self) -> bool:
        window = self.three_d.render_window()
        window.Render()
        return opengl.is_graphics_card(window.ReportCapabilities())


def _definitions() -> list[Any]:
    from trame_slicer.views import ViewLayoutDefinition, ViewProps, ViewType

    slices = [
        ViewLayoutDefinition(
            name, ViewType.SLICE_VIEW, ViewProps(label=name, orientation=orientation)
        )
        for name, orientation in _ORIENTATION.items()
    ]
    threed = ViewLayoutDefinition.threed_view(
        name="three_d", label="3D", background_color=_BACKGROUND_3D
    )
    return [*slices, threed]


def _factory(queue: RenderQueue) -> Any:
    from trame_slicer.views import IViewFactory, SliceView, ThreeDView, ViewType

    class Factory(IViewFactory):  # type: ignore[misc]
        def can_create_view(self, view: Any) -> bool:
            return view.singleton_tag in VIEWS

        def _create_view(self, view: Any, scene: Any, app_logic: Any) -> RemoteView:
            kind = SliceView if view.view_type == ViewType.SLICE_VIEW else ThreeDView
            made = kind(scene=scene, app_logic=app_logic, name=view.singleton_tag)
            # Eight samples a pixel triple the time of a slice on a CPU, for nothing.
            made.render_window().SetMultiSamples(0 if kind is SliceView else 4)
            made.set_view_properties(view.properties)
            return RemoteView(view.singleton_tag, made, queue)

        def _get_slicer_view(self, view: RemoteView) -> Any:
            return view.view

    return Factory()


def _orientation_cube() -> tuple[int, int]:
    from slicer import vtkMRMLAbstractViewNode as Node

    return Node.OrientationMarkerTypeCube, Node.OrientationMarkerSizeSmall


def _quiet() -> None:
    """Keep VTK's notes on deprecated events out of the log; errors stay."""
    from vtkmodules.vtkCommonCore import vtkLogger

    vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_ERROR)
