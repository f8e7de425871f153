"""One browser's line: it gets the result of the newest frame; older ones are skipped.

Nothing is queued: there is one place for a frame that waits, and one result on its way. What
a browser does not read in time ends its line, so that memory stays bounded.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from aiohttp import WSMsgType, web

from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.live.protocol import Frame, pack_result, unpack_frame

#: Seconds that a browser may take to read a result.
PATIENCE_S = 5.0
#: Malformed messages after which a line is closed.
_MOST_FAULTS = 10


class Analysis(Protocol):
    """What an analyser says of a frame."""

    @property
    def mask(self) -> npt.NDArray[np.bool_]:
        """Pixels of wires ``[row, column]``."""

    @property
    def wires(self) -> list[dict[str, Any]]:
        """The wires as plain data, see `readingroom.live.protocol`."""

    @property
    def ms(self) -> float:
        """Time it took, ms."""


#: Takes one frame after the other of one sequence.
Analyser = Callable[[npt.NDArray[Any]], Analysis]


class Line:
    """The two ends of one WebSocket.

    Parameters
    ----------
    socket : aiohttp WebSocketResponse
    analyser : callable
        This line's own; it remembers earlier frames.
    pool : Executor
        Where analysers run.
    cut : callable
        Ends the connection without waiting for the browser.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        analyser: Analyser,
        pool: Executor,
        cut: Callable[[], None],
    ) -> None:
        self._socket = socket
        self._cut = cut
        self._analyser = analyser
        self._pool = pool
        self._waiting: Frame | None = None
        self._shape: tuple[int, int] | None = None
        self._arrived = asyncio.Event()
        self.skipped = 0

    async def serve(self) -> None:
        """Receive and answer until the browser leaves."""
        answering = asyncio.ensure_future(self._answer())
        try:
            await self._receive()
        except ConnectionResetError:
            pass
        finally:
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)

    async def _receive(self) -> None:
        faults = 0
        async for message in self._socket:
            if message.type is not WSMsgType.BINARY:
                fault = RefusedInput(
                    "FRAME_MALFORMED", "The message is text, not a frame.", "Send binary frames."
                )
            else:
                try:
                    self._take(unpack_frame(message.data))
                    continue
                except RefusedInput as refusal:
                    fault = refusal
            faults += 1
            await self._tell(fault)
            if faults >= _MOST_FAULTS:
                await self._socket.close(code=1008, message=b"too many malformed messages")
                return

    def _take(self, frame: Frame) -> None:
        """Put a frame in the place of the one that waits, if any.

        Raises
        ------
        RefusedInput
            ``FRAME_SIZE_CHANGED`` once where the frames' size changes; the next frame of the
            new size begins another sequence.
        """
        size = (int(frame.pixels.shape[0]), int(frame.pixels.shape[1]))
        before, self._shape = self._shape, size
        if before is not None and before != size:
            self._waiting = None
            raise RefusedInput(
                "FRAME_SIZE_CHANGED",
                f"The frames change from {before[1]} × {before[0]} to {size[1]} × {size[0]}.",
                "The next frame begins a new sequence.",
            )
        self.skipped += self._waiting is not None
        self._waiting = frame
        self._arrived.set()

    async def _answer(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            frame, self._waiting = self._waiting, None
            if frame is None:
                continue
            try:
                found = await loop.run_in_executor(self._pool, self._analyser, frame.pixels)
            except ReadingRoomError as fault:
                await self._tell(fault, frame.number)
                continue
            await self._send(frame, found)

    async def _send(self, frame: Frame, found: Analysis) -> None:
        rows, columns = frame.pixels.shape
        header = {
            "frame": frame.number,
            "columns": columns,
            "rows": rows,
            "ms": round(found.ms, 2),
            "skipped": self.skipped,
            "wires": found.wires,
        }
        await self._within(self._socket.send_bytes(pack_result(header, found.mask)))

    async def _tell(self, fault: ReadingRoomError, frame: int | None = None) -> None:
        text = json.dumps({"fault": fault.as_dict(), "frame": frame})
        await self._within(self._socket.send_str(text))

    async def _within(self, sending: Any) -> None:
        """Give a browser that does not read a moment, then let it go."""
        try:
            await asyncio.wait_for(sending, PATIENCE_S)
        except TimeoutError:
            self._cut()
            raise ConnectionResetError("the browser does not read") from None
