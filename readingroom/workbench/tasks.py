"""Long work of a session: in the worker process or a thread, watched from the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from readingroom.worker import Answer, WorkerClient

_POLL_S = 0.08


class Teller(Protocol):
    """Whoever shows faults to the person."""

    def tell(self, fault: BaseException) -> None:
        """Show a fault."""


class Tasks:
    """The session's worker and the coroutines that wait for it.

    Parameters
    ----------
    teller : Teller
        Is told what goes wrong outside of anyone's waiting.
    client : WorkerClient, optional
    """

    def __init__(self, teller: Teller, client: WorkerClient | None = None) -> None:
        self._teller = teller
        self._client = client or WorkerClient()
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._progress: dict[str, Callable[[str, float], None]] = {}
        self._running: set[asyncio.Task[Any]] = set()
        self._poller: asyncio.Task[None] | None = None

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run `work` in the event loop; what it raises is told."""
        task = asyncio.get_running_loop().create_task(self._told(work))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _told(self, work: Coroutine[Any, Any, Any]) -> Any:
        try:
            return await work
        except Exception as fault:
            self._teller.tell(fault)

    async def job(
        self, job: str, progress: Callable[[str, float], None], **fields: Any
    ) -> dict[str, Any]:
        """Have the worker do a job and return its result.

        Raises
        ------
        ReadingRoomError
            What the worker answered; ``CANCELLED`` after `cancel`.
        """
        number = await asyncio.to_thread(self._client.submit, job, **fields)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number], self._progress[number] = future, progress
        if self._poller is None or self._poller.done():
            self._poller = asyncio.get_running_loop().create_task(self._poll())
        return await future

    async def cancel(self) -> None:
        """Stop the worker with everything it started; waiting jobs end as cancelled."""
        await asyncio.to_thread(self._client.cancel)

    def close(self) -> None:
        """End the worker."""
        for task in self._running:
            task.cancel()
        if self._client.busy:
            self._client.cancel()
        self._client.close()

    async def _poll(self) -> None:
        while self._waiting:
            for answer in self._client.poll(0.0):
                self._take(answer)
            await asyncio.sleep(_POLL_S)

    def _take(self, answer: Answer) -> None:
        if answer.event == "progress" and answer.id in self._progress:
            self._progress[answer.id](answer.stage, answer.fraction)
        future = self._waiting.get(answer.id)
        if future is None or not answer.final:
            return
        del self._waiting[answer.id], self._progress[answer.id]
        if answer.fault is not None:
            future.set_exception(answer.fault)
        else:
            future.set_result(answer.result)
