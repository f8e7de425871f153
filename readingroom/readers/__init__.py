"""The readers by name, imported only when asked for."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from readingroom.errors import RefusedInput
from readingroom.options import ReaderOptions
from readingroom.reader import Progress, Reader
from readingroom.reading import Reading
from readingroom.study import Study

_READERS = {
    "cacs": "readingroom.readers.cacs.reader:CacsReader",
    "lungnodule": "readingroom.readers.lungnodule.reader:LungNoduleReader",
    "guidewire": "readingroom.readers.guidewire.reader:GuidewireReader",
}
_OPTIONS = {
    "cacs": "readingroom.readers.cacs.options:CacsOptions",
    "lungnodule": "readingroom.readers.lungnodule.options:LungNoduleOptions",
    "guidewire": "readingroom.readers.guidewire.options:GuidewireOptions",
}


def names() -> list[str]:
    """Return the names of the readers there are."""
    return list(_READERS)


def get(name: str) -> Reader[Any]:
    """Return the reader called `name`, ready to read.

    Raises
    ------
    RefusedInput
        If there is no such reader.
    """
    reader: Reader[Any] = _import(_READERS, name)()
    return reader


def options_type(name: str) -> type[ReaderOptions]:
    """Return the options model of the reader called `name` without importing the reader."""
    model: type[ReaderOptions] = _import(_OPTIONS, name)
    return model


def parse_options(name: str, values: dict[str, Any]) -> ReaderOptions:
    """Check `values` against the reader's options.

    Raises
    ------
    RefusedInput
        With the name of the first option that does not fit and why.
    """
    try:
        return options_type(name)(**values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RefusedInput(
            "OPTION_INVALID",
            f"The option '{where}' does not fit: {first['msg']}.",
            f"See 'readingroom read {name} --help' for its range.",
        ) from None


def read_study(
    name: str,
    study: str | Path | Study,
    options: dict[str, Any] | None = None,
    progress: Progress | None = None,
) -> Reading:
    """Load `study` if it is a path, and read it."""
    from readingroom import imaging

    reader = get(name)
    parsed = parse_options(name, options or {})
    if not isinstance(study, Study):
        study = imaging.load(study)
    return reader.read(study, parsed, progress or Progress())


def _import(table: dict[str, str], name: str) -> Any:
    if name not in table:
        raise RefusedInput(
            "READER_UNKNOWN",
            f"There is no reader called '{name}'.",
            f"Readers: {', '.join(table)}.",
        )
    module, _, attribute = table[name].partition(":")
    return getattr(importlib.import_module(module), attribute)
