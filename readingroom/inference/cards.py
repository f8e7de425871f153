"""Model cards: a network's weights with where they come from and what they reach.

A card is ``<name>.json`` beside ``<name>.safetensors`` and, optionally, ``<name>.onnx``.
Importing this loads no torch.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, StringConstraints, ValidationError

from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.resources import resource_path

SCHEMA = "readingroom-card/1"
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")

#: A file beside a card: a plain name, so that no card reaches out of its folder.
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CardInput(_Part):
    """What the network expects to be given.

    Attributes
    ----------
    channels : tuple of str
        Meaning of each input channel, in order.
    spacing_mm : tuple of 3 float or None
        Voxel spacing ``(k, j, i)``; None if any will do.
    orientation : str
        Patient direction in which ``k``, ``j`` and ``i`` grow: ``"SPL"`` is superior,
        posterior, left, as in an axial DICOM series from the feet upwards.
    window : tuple of 2 float or None
        Values (HU for CT) that are mapped to the ends of the normalised range; what lies
        outside is clipped.
    normalisation : {'minus_one_one', 'zero_one', 'none'}
        The range that `window` is mapped to.
    multiple : int
        Each spatial extent of a patch is a multiple of this.
    """

    channels: tuple[str, ...] = ("ct",)
    spacing_mm: tuple[float, float, float] | None = None
    orientation: str = Field(default="SPL", pattern="^[RLAPSI]{3}$")
    window: tuple[float, float] | None = None
    normalisation: Literal["minus_one_one", "zero_one", "none"] = "none"
    multiple: int = Field(default=1, ge=1)

    def normalise(self, values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Return `values` (any shape) clipped to the window and mapped to its range."""
        image = values.astype(np.float32)
        if self.window is None or self.normalisation == "none":
            return image
        low, high = self.window
        np.clip(image, low, high, out=image)
        image -= low
        image /= high - low
        if self.normalisation == "minus_one_one":
            image *= 2
            image -= 1
        return image


class CardTraining(_Part):
    """How the weights came about."""

    data: str = ""
    recipe: str = ""
    seed: int | None = None
    steps: int | None = None
    date: str = ""


class CardMetric(_Part):
    """One measured number: on what, and its 95 % confidence interval if there is one."""

    value: float
    dataset: str
    ci: tuple[float, float] | None = None


class Card(_Part):
    """A model: architecture, input, classes, training, metrics, licence, checksums.

    Attributes
    ----------
    architecture, arguments : str, dict
        For `readingroom.networks.build`.
    classes : tuple of str
        Meaning of each output channel, in order.
    cpu_backend : {'torch', 'onnx'}
        The backend that `readingroom.inference.benchmark` showed faster for fp32 on a CPU.
    limits : str
        What the model is not for, and where it is known to fail.
    files : dict of str to str
        File name to SHA-256 (hexadecimal).
    """

    schema_: str = Field(default=SCHEMA, alias="schema")
    name: str = Field(pattern=f"^{_NAME.pattern}$")
    version: str
    architecture: str
    arguments: dict[str, Any] = {}
    input: CardInput = CardInput()
    classes: tuple[str, ...]
    training: CardTraining = CardTraining()
    metrics: dict[str, CardMetric] = {}
    licence: str
    intended_use: str = ""
    limits: str = ""
    cpu_backend: Literal["torch", "onnx"] = "torch"
    files: dict[FileName, Sha256] = {}

    _folders: tuple[Path, ...] = PrivateAttr(default=())

    @property
    def weights_name(self) -> str:
        """File name of the weights."""
        return f"{self.name}.safetensors"

    @property
    def onnx_name(self) -> str:
        """File name of the ONNX graph, which a card need not have."""
        return f"{self.name}.onnx"

    @property
    def sha256(self) -> str:
        """Checksum of the weights, as a reading's provenance names it."""
        return self.files.get(self.weights_name, "")

    def located_in(self, *folders: Path) -> Card:
        """Return this card with the folders in which its files are looked for."""
        card = self.model_copy()
        card._folders = folders
        return card

    def has(self, file_name: str) -> bool:
        """Say whether the card lists `file_name` and the file is there."""
        return file_name in self.files and self._find(file_name) is not None

    def path(self, file_name: str) -> Path:
        """Return the path of one of the card's files, its checksum verified.

        Raises
        ------
        RefusedInput
            ``CARD_MISSING``, if the card does not list the file or it is not there.
        ReadingRoomError
            ``CARD_CHECKSUM``, if its content is not what the card says.
        """
        path = self._find(file_name)
        if file_name not in self.files or path is None:
            raise _missing(self.name, f"The file '{file_name}' of the model is not there.")
        if file_sha256(path) != self.files[file_name]:
            raise ReadingRoomError(
                "CARD_CHECKSUM",
                f"The file '{file_name}' is not the one that the model card describes.",
                f"Get the model again with 'readingroom models pull {self.name}'.",
            )
        return path

    def _find(self, file_name: str) -> Path | None:
        found = (folder / file_name for folder in self._folders)
        return next((path for path in found if path.is_file()), None)

    def to_json(self) -> str:
        """Return the text of the card's file."""
        return self.model_dump_json(by_alias=True, indent=1) + "\n"


def user_folder() -> Path:
    """Return the folder of the models that a person pulled or imported."""
    named = os.environ.get("READINGROOM_MODELS")
    return Path(named) if named else Path.home() / ".local" / "share" / "readingroom" / "models"


def search_folders() -> tuple[Path, ...]:
    """Return the folders in which models are looked for: bundled, then the user's."""
    return resource_path("Models"), user_folder()


def load_card(name: str) -> Card:
    """Return the card called `name`, the checksum of its weights verified.

    The weights may lie in another folder of `search_folders` than the card.

    Raises
    ------
    RefusedInput
        ``CARD_MISSING``, if there is no such card or its weights are not there.
    ReadingRoomError
        ``CARD_INVALID`` or ``CARD_CHECKSUM``, if card or weights are damaged.
    """
    folders = search_folders()
    if not _NAME.fullmatch(name):
        raise _missing(name, "That is not a model's name.")
    for folder in folders:
        if (folder / f"{name}.json").is_file():
            card = read_card(folder / f"{name}.json").located_in(*folders)
            card.path(card.weights_name)
            return card
    raise _missing(name, f"There is no model called '{name}'.")


def read_card(path: Path) -> Card:
    """Return the card in a JSON file, its own folder searched for its files.

    Raises
    ------
    ReadingRoomError
        ``CARD_INVALID``, if the file is not a card or not named after it.
    """
    try:
        card = Card.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise _invalid(path, f"{where}: {first['msg']}") from None
    if card.schema_ != SCHEMA or card.name != path.stem:
        raise _invalid(path, "schema or name do not fit")
    return card.located_in(path.parent)


def list_cards() -> list[Card]:
    """Return all cards by name, bundled ones first; weights are not verified."""
    cards: dict[str, Card] = {}
    folders = search_folders()
    for folder in folders:
        for path in sorted(folder.glob("*.json")):
            if path.name != "sources.json" and path.stem not in cards:
                cards[path.stem] = read_card(path).located_in(*folders)
    return list(cards.values())


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        digest = hashlib.sha256()
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _missing(name: str, what: str) -> RefusedInput:
    return RefusedInput(
        "CARD_MISSING",
        what,
        f"Get it with 'readingroom models pull {name}' or 'readingroom models import PATH', "
        f"or train it with 'readingroom train'.",
    )


def _invalid(path: Path, why: str) -> ReadingRoomError:
    return ReadingRoomError(
        "CARD_INVALID",
        f"The model card '{path.name}' cannot be used ({why}).",
        "Get the model again with 'readingroom models pull' or 'readingroom models import'.",
    )
