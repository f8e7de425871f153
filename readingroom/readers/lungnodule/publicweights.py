"""Public weights (lungmask, TotalSegmentator, MONAI's bundle, nnU-Net) as cards of this room.

A person downloads what others published, and `import_published` turns it into a card in the
user's folder. Nothing is run from the files.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.inference import nnunet, published
from readingroom.inference.cards import Card, CardInput, CardTraining, user_folder

LUNGS_CARD, LOBES_CARD = "lungmask-r231", "lungmask-ltrclobes"
TOTAL_CARD = "totalsegmentator-lobes"
#: TotalSegmentator's names of the lobes in the order of `anatomy.LOBES`.
LOBE_LABELS = (
    "lung_upper_lobe_right",
    "lung_middle_lobe_right",
    "lung_lower_lobe_right",
    "lung_upper_lobe_left",
    "lung_lower_lobe_left",
)

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


_LUNGMASK = "Give a lungmask file: R231, R231CovidWeb or LTRCLobes (.pth)."
_WANTED = (
    "Give a lungmask file (.pth), or the folder or ZIP of MONAI's bundle "
    "lung_nodule_ct_detection or of an nnU-Net v2 result (TotalSegmentator)."
)


def import_published(path: Path) -> Card:
    """Turn what is at `path` into a card in the user's folder, whichever kind it is.

    Parameters
    ----------
    path : Path
        A lungmask ``.pth`` file, the folder (or ZIP) of MONAI's bundle, or an nnU-Net
        result folder (or ZIP) such as TotalSegmentator's.

    Raises
    ------
    RefusedInput
        ``WEIGHTS_UNKNOWN``, if it is none of these.
    ReadingRoomError
        ``CARD_CHECKSUM``, if a published checksum is not that of the file.
    """
    from readingroom.readers.lungnodule import monaibundle

    if path.suffix == ".pth":
        return import_lungmask(path)
    with published.as_folder(path, _WANTED) as folder:
        if nnunet.find_result(folder) is not None:
            return import_nnunet(folder)
        if monaibundle.find_bundle(folder) is not None:
            return monaibundle.import_bundle(folder)
    raise published.unknown("There is no published model of a known kind at that path.", _WANTED)


def import_nnunet(folder: Path) -> Card:
    """Turn an nnU-Net result folder into a card: lobes if it draws them, else by its name."""
    found = nnunet.find_result(folder)
    labels = {} if found is None else published.read_json(found / "dataset.json", _WANTED)
    draws_lobes = set(LOBE_LABELS) <= set(labels.get("labels") or {})
    return nnunet.import_result(folder, TOTAL_CARD if draws_lobes else None)


def total_missing() -> RefusedInput:
    """Return the refusal where TotalSegmentator's weights were not imported."""
    return RefusedInput(
        "CARD_MISSING",
        "TotalSegmentator's network of organs is not installed.",
        "Download its weights 'Dataset291_TotalSegmentator_part1_organs' and run "
        "'readingroom models import FOLDER', or choose another value of the option 'lungs'.",
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
    state = published.read_weights(path, _LUNGMASK)
    if "last.weight" not in state:
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
    return published.unknown(why, _LUNGMASK)
