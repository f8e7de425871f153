"""A worker whose jobs do what their fields say, for tests of the protocol and the client."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from readingroom.errors import RefusedInput
from readingroom.reader import Progress
from readingroom.worker.jobs import Jobs
from readingroom.worker.server import Worker
from readingroom.worker.stdio import lines, take_stdout


class StubJobs(Jobs):
    """Behaves as ``options["behaviour"]`` says."""

    def run(self, job: str, fields: dict[str, Any], progress: Progress) -> dict[str, Any]:
        behaviour = fields.get("options", {}).get("behaviour", "finish")
        out = Path(fields.get("out", "nowhere"))
        progress("halfway", 0.5)
        getattr(self, behaviour)(out, progress)
        return {"folder": str(out), "seconds": 0.0, "pid": os.getpid()}

    def finish(self, out: Path, progress: Progress) -> None:
        """End well."""

    def print_something(self, out: Path, progress: Progress) -> None:
        """Print as a library would, from Python, from C and from a child process."""
        print("library chatter")
        os.write(1, b"chatter below Python\n")
        subprocess.run([sys.executable, "-c", "print('chatter of a child')"], check=True)

    def refuse(self, out: Path, progress: Progress) -> None:
        raise RefusedInput("NO_IMAGES", "There are no images.", "Choose another folder.")

    def stumble(self, out: Path, progress: Progress) -> None:
        raise KeyError("DOE^JANE")

    def fill_the_disk(self, out: Path, progress: Progress) -> None:
        raise OSError(28, "No space left on device")

    def take_long(self, out: Path, progress: Progress) -> None:
        for _ in range(3000):
            progress("working", 0.6)
            time.sleep(0.01)

    def take_long_with_a_child(self, out: Path, progress: Progress) -> None:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        out.with_name("child.pid").write_text(str(child.pid))
        self.leave_half_a_folder(out)
        progress("child started", 0.7)
        self.take_long(out, progress)

    def crash(self, out: Path, progress: Progress) -> None:
        self.leave_half_a_folder(out)
        os._exit(139)

    @staticmethod
    def leave_half_a_folder(out: Path) -> None:
        from readingroom.folder import temporary_sibling

        half = temporary_sibling(out)
        half.mkdir(parents=True)
        (half / "reading.json").write_text("{")


if __name__ == "__main__":
    if os.environ.get("STUB_STARTUP_NOISE"):
        print("a start-up script's greeting")
    Worker(take_stdout(), StubJobs()).serve(lines())
