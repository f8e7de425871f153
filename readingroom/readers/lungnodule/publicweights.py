"""Public lung and lobe weights (lungmask) as cards of this room.

The published ``.pth`` files hold a state dict; a person downloads one, and
`import_lungmask` turns it into a card in the user's folder. Nothing is run from the file.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.inference.cards import Card, CardInput, CardTraining, user_folder

LUNGS_CARD, LOBES_CARD = "lungmask-r231", "lungmask-ltrclobes"

#: Published file name to card, with the first eight digits of its SHA-256 (part of its name).
PUBLISHED = {
    "unet_r231-d5d2fc3d.pth": (LUNGS_CARD, "d5d2fc3d"),
    "unet_r231covid-0de78a7e.pth": (LUNGS_CARD, "0de78a7e"),
    "unet_ltrclobes-3a07043d.pth": (LOBES_CARD, "3a07043d"),
}
_CLASSES = {
    LUNGS_CARD: ("BACKGROUND", "RIGHT_LUNG", "LEFT_LUNG"),
    LOBES_CARD: (
        "BACKGROUND",
        "LEFT_UPPER_LOBE",
        "LEFT_LOWER_LOBE",
        "RIGHT_UPPER_LOBE",
        "RIGHT_MIDDLE_LOBE",
        "RIGHT_LOWER_LOBE",
    ),
}
_PAPER = (
    "Hofmanninger et al., Eur Radiol Exp 4:50 (2020); weights published by the authors' "
    "project lungmask"
)


def import_lungmask(path: Path) -> Card:
    """Turn a published lungmask file into a card in the user's folder.

    Parameters
    ----------
    path : Path
        A ``.pth`` state dict of R231, R231CovidWeb or LTRCLobes; the number of its classes
        says which.

    Raises
    ------
    RefusedInput
        ``WEIGHTS_UNKNOWN``, if it is not such a file.
    ReadingRoomError
        ``CARD_CHECKSUM``, if it bears a published name and is another file.
    """
    if not path.is_file():
        raise _unknown("There is no file at that path.")
    _verify(path)
    weights = _weights(path)
    outputs, width = weights["last.weight"].shape[:2]
    names = {3: LUNGS_CARD, 6: LOBES_CARD}
    if outputs not in names:
        raise _unknown(f"The file tells {outputs} classes apart, not 3 or 6.")
    depth = sum(name.endswith("block.0.weight") for name in weights if name[:4] == "down")
    return _saved(names[outputs], weights, int(outputs), int(width), depth)


def _verify(path: Path) -> None:
    known = PUBLISHED.get(path.name)
    if known is None:
        return
    if not hashlib.sha256(path.read_bytes()).hexdigest().startswith(known[1]):
        raise ReadingRoomError(
            "CARD_CHECKSUM",
            f"The file '{path.name}' is not the one that was published.",
            "Download it again.",
        )


def _weights(path: Path) -> dict[str, Any]:
    """Return the tensors that are used; the files carry idle residual layers too."""
    import pickle

    import torch

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise _unknown("The file holds no plain weights.") from error
    if not isinstance(state, dict) or "last.weight" not in state:
        raise _unknown("The file holds weights of another network.")
    return {name: value for name, value in state.items() if "residual_" not in name}


def _saved(name: str, weights: dict[str, Any], outputs: int, width: int, depth: int) -> Card:
    from readingroom import networks
    from readingroom.inference.publish import save_card

    arguments = {"outputs": outputs, "width": width, "depth": depth}
    network = networks.build("lungmaskunet", **arguments)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise _unknown("The file holds weights of another network.") from error
    return save_card(network, _card(name, arguments), user_folder(), onnx=False)


def _card(name: str, arguments: dict[str, int]) -> Card:
    return Card(
        name=name,
        version="published",
        architecture="lungmaskunet",
        arguments=arguments,
        input=CardInput(
            window=(-1024.0, 600.0),
            normalisation="zero_one",
            multiple=2 ** (arguments["depth"] - 1),
        ),
        classes=_CLASSES[name],
        training=CardTraining(data=_PAPER),
        licence="as published by the authors (Apache-2.0 for the project's code)",
        intended_use="Lungs or lobes on axial chest CT, slice by slice at 256 × 256.",
        limits="Not trained or tested in this room; the authors report Dice 0.98 ± 0.03 (R231).",
    )


def _unknown(why: str) -> RefusedInput:
    return RefusedInput(
        "WEIGHTS_UNKNOWN", why, "Give a lungmask file: R231, R231CovidWeb or LTRCLobes (.pth)."
    )
