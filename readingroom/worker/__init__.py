"""The worker: readings in a process of their own, spoken to in JSON lines.

``python -m readingroom.worker`` is the process; `WorkerClient` is how a host (desktop,
workbench, service, batch) drives it. Importing this package loads neither a network
nor an image library, so that a host can hold a client without them.
"""

from __future__ import annotations

from readingroom.worker.client import Answer, WorkerClient

__all__ = ["Answer", "WorkerClient"]
