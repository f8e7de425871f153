"""What the command line prints: for people with colour, for machines as one JSON object."""

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from readingroom.errors import ReadingRoomError
    from readingroom.reader import Progress

_NUMBER = re.compile(r"[+-]?[\d.]+|–")
_WIDTH_WITHOUT_TERMINAL = 110
_STYLES = {"info": "cyan", "warning": "yellow", "refusal": "red"}


class Output:
    """Standard output and standard error of one command.

    Parameters
    ----------
    json : bool
        One JSON object on standard output and nothing else there.
    language : {'en', 'zh'}
        Language of texts for people.
    """

    def __init__(self, *, json: bool = False, language: str = "en") -> None:
        self.json = json
        self.language = language

    def say(self, en: str, zh: str | None = None) -> None:
        """Print a line for people."""
        if not self.json:
            self._console().print(self.text(en, zh), highlight=False, markup=False, soft_wrap=True)

    def text(self, en: str, zh: str | None = None) -> str:
        """Return the text in the language of this command."""
        return zh if zh and self.language == "zh" else en

    def data(self, **values: Any) -> None:
        """Print the result for machines."""
        if self.json:
            self._print_json({"ok": True, **values})

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a table for people; cells are text, numbers aligned by the caller's format."""
        if self.json:
            return
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
        for number, column in enumerate(columns):
            numeric = bool(rows) and all(_is_number(row[number]) for row in rows)
            table.add_column(column, justify="right" if numeric else "left", overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        self._console().print(table)

    def note(self, severity: str, en: str, zh: str = "") -> None:
        """Print a reading's note."""
        if self.json:
            return
        from rich.text import Text

        self._console().print(Text(f"  {self.text(en, zh)}", style=_STYLES[severity]))

    def error(self, error: ReadingRoomError) -> None:
        """Print an error: its three parts, once."""
        if self.json:
            self._print_json({"ok": False, "error": error.as_dict()})
            return
        from rich.text import Text

        message = Text.assemble((error.code, "bold red"), f"  {error.what_happened}\n")
        message.append(f"{self.text('What to do:', '处理办法：')} {error.what_to_do}")
        self._console(stderr=True).print(message, soft_wrap=True)

    @contextlib.contextmanager
    def progress(self, label: str) -> Iterator[Progress]:
        """Show a bar on a terminal's standard error; silent elsewhere."""
        from readingroom.reader import Progress

        if self.json or not sys.stderr.isatty():
            yield Progress()
            return
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Bar(*columns, console=self._console(stderr=True), transient=True) as bar:
            task = bar.add_task(label, total=1.0)
            yield Progress(
                lambda stage, f: bar.update(task, completed=f, description=f"{label}: {stage}")
            )

    def _console(self, *, stderr: bool = False) -> Console:
        from rich.console import Console

        stream = sys.stderr if stderr else sys.stdout
        return Console(file=stream, width=None if stream.isatty() else _WIDTH_WITHOUT_TERMINAL)

    def _print_json(self, data: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=1, default=str) + "\n")
        sys.stdout.flush()


def number(value: float | int | None, digits: int = 1) -> str:
    """Return a number for a table; a dash where there is none."""
    if value is None:
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.{digits}f}"


def _is_number(cell: str) -> bool:
    return _NUMBER.fullmatch(cell) is not None
