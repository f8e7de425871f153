"""Batches made in the background, in the order of their steps."""

from __future__ import annotations

import multiprocessing
import sys
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager

from readingroom.training.recipe import Example, Recipe, Settings, seeded_batch

_worker = threading.local()


@contextmanager
def prefetched(
    recipe: Recipe, settings: Settings, first_step: int, workers: int
) -> Iterator[Iterator[Example]]:
    """Give the batches of the steps from `first_step` on, made ahead in the background.

    Each batch depends on the seed and its step alone, so that the stream is the same for
    any number of workers and after a resume.

    Parameters
    ----------
    workers : int
        Processes that make batches; 0 makes them in a thread of this process.
    """
    pool = _pool(recipe, settings, workers)
    try:
        yield _stream(pool, settings, first_step, ahead=2 * max(workers, 1))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _stream(pool: Executor, settings: Settings, first: int, ahead: int) -> Iterator[Example]:
    waiting: deque[Future[Example]] = deque()
    following = first
    while waiting or following < settings.steps:
        while len(waiting) < ahead and following < settings.steps:
            waiting.append(pool.submit(_make, following))
            following += 1
        yield waiting.popleft().result()


def _pool(recipe: Recipe, settings: Settings, workers: int) -> Executor:
    if workers == 0:
        return ThreadPoolExecutor(1, initializer=_begin, initargs=(recipe, settings, False))
    # fork shares the recipe's label maps without copying; macOS and Windows need spawn.
    method = "fork" if sys.platform == "linux" else "spawn"
    context = multiprocessing.get_context(method)
    return ProcessPoolExecutor(
        workers, mp_context=context, initializer=_begin, initargs=(recipe, settings, True)
    )


def _begin(recipe: Recipe, settings: Settings, own_process: bool) -> None:
    _worker.recipe, _worker.settings = recipe, settings
    if own_process:
        import torch

        # One thread: the training needs the cores, and OpenMP does not survive a fork.
        torch.set_num_threads(1)


def _make(step: int) -> Example:
    return seeded_batch(_worker.recipe, _worker.settings, step)
