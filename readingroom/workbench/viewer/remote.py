"""One Slicer view in the page: rendered by the queue, driven by the browser's events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trame_rca.view_adapter import RcaViewAdapter
from trame_slicer.rca_view.rca_view_factory import RcaWindow
from trame_slicer.views import ScheduledRenderStrategy

from readingroom.workbench.viewer.encode import Pixels
from readingroom.workbench.viewer.queue import RenderQueue

#: Pictures on their way to the browser before a view waits.
_MOST_PENDING = 4
_SMALLEST = 10


class Area:
    """An area of the page that shows the pictures of something drawn here.

    Parameters
    ----------
    name : str
        Of the area in the page.
    window
        Takes the area's size and what the mouse does: ``process_resize_event``,
        ``process_interaction_event``.
    most_pixels : int
        Larger areas are rendered with fewer pixels and enlarged by the browser.
    """

    def __init__(self, name: str, window: Any, queue: RenderQueue, most_pixels: int = 0) -> None:
        self.name = name
        self._queue = queue
        self.adapter = _Adapter(window, name, scheduler=_Scheduler(self, window))
        self.adapter.max_pixel_count = most_pixels

    @property
    def scale(self) -> float:
        """Pixels of the view per pixel of the page."""
        return float(self.adapter.scale_factor)

    def request(self, *, anew: bool = False) -> None:
        """Have the view rendered soon; sent even if it looks as before only if `anew`."""
        self._queue.request(self, anew=anew)

    def prefer(self) -> None:
        """Render this view before the others from now on."""
        self._queue.prefer(self.name)

    def draw(self) -> Pixels:
        """Render now; return pixels ``[row, column]`` or ``[row, column, rgb]``."""
        raise NotImplementedError

    def send(self, picture: bytes, meta: dict[str, Any]) -> None:
        """Send an encoded picture to the browser."""
        self.adapter.push(picture, meta)

    def is_congested(self) -> bool:
        """Say whether too many pictures are still on their way."""
        streamer = self.adapter.streamer
        server = getattr(streamer, "coreServer", None)
        return server is not None and server.network_monitor.pending > _MOST_PENDING


class RemoteView(Area):
    """A slice or 3D view of trame-slicer whose pictures go to the browser.

    Parameters
    ----------
    name : str
        Also the name of the area in the page.
    slicer_view : SliceView or ThreeDView
    queue : RenderQueue
    most_pixels : int
        Larger areas are rendered with fewer pixels and enlarged by the browser.

    Attributes
    ----------
    before_draw : list of callable
        Run before each rendering, for what is only worth doing then.
    quick : callable
        Returns the pixels without OpenGL, or None where only that can draw them.
    before_resize, after_resize : list of callable
        Run around a change of the area's size.
    """

    def __init__(
        self, name: str, slicer_view: Any, queue: RenderQueue, most_pixels: int = 0
    ) -> None:
        self.view = slicer_view
        self.before_draw: list[Callable[[], None]] = []
        self.quick: Callable[[], Pixels | None] = lambda: None
        self.before_resize: list[Callable[[], None]] = []
        self.after_resize: list[Callable[[], None]] = []
        self._window = _Window(self)
        super().__init__(name, self._window, queue, most_pixels)
        slicer_view.set_scheduled_render(_Strategy(self))

    def draw(self) -> Pixels:
        """Render now; return pixels ``[row, column]`` or ``[row, column, rgb]``."""
        for callback in self.before_draw:
            callback()
        pixels = self.quick()
        return self.draw_by_opengl() if pixels is None else pixels

    def take(self, event: dict[str, Any]) -> None:
        """Do what an event over another area asks for."""
        self._window.process_interaction_event(event)

    def draw_by_opengl(self) -> Pixels:
        """Render now, whatever is in the view; return pixels ``[row, column, rgb]``."""
        pixels: Pixels = self._window.img_cols_rows[0]
        return pixels


class _Window(RcaWindow):  # type: ignore[misc]
    """trame-slicer's window without its cursor, which would go to the browser at every move."""

    def __init__(self, owner: RemoteView) -> None:
        super().__init__(owner.view.render_window(), state={}, active_view_cursor="cursor")
        self._owner = owner

    def process_interaction_event(self, event: dict[str, Any]) -> None:
        self._owner.prefer()
        super(RcaWindow, self).process_interaction_event(event)

    def process_resize_event(self, width: int, height: int) -> None:
        for callback in self._owner.before_resize:
            callback()
        super().process_resize_event(width, height)
        for callback in self._owner.after_resize:
            callback()


class _Adapter(RcaViewAdapter):  # type: ignore[misc]
    def __init__(self, window: Any, name: str, *, scheduler: _Scheduler) -> None:
        super().__init__(window, name, scheduler=scheduler, do_schedule_render_on_interaction=False)

    def update_size(self, origin: Any, size: dict[str, Any]) -> None:
        # A hidden area says that it is 0 × 0: it keeps the size it will have again.
        if size.get("w", 0) >= _SMALLEST and size.get("h", 0) >= _SMALLEST:
            super().update_size(origin, size)


class _Scheduler:
    """What trame-rca asks to render; hands it to the queue."""

    target_fps = 30.0

    def __init__(self, owner: Area, window: Any) -> None:
        self._owner, self.rca = owner, window

    def set_push_callback(self, callback: Any) -> None:
        del callback  # the queue pushes through the adapter

    # A page that says its size may be a new one, which has no picture yet.

    def schedule_render(self) -> None:
        self._owner.request(anew=True)

    def reset(self) -> None:
        self._owner.request(anew=True)

    async def close(self) -> None:
        return None


class _Strategy(ScheduledRenderStrategy):  # type: ignore[misc]
    """What Slicer's views ask to render."""

    def __init__(self, owner: RemoteView) -> None:
        super().__init__()
        self._owner = owner

    def schedule_render(self) -> None:
        self._owner.request()
