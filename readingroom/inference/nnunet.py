"""nnU-Net v2 result folders (TotalSegmentator's weights among them) as cards of this room.

A result folder holds ``plans.json``, ``dataset.json`` and ``fold_N/checkpoint_final.pth``.
The network is built from the plans by this package's own code and the weights are loaded by
their names; nnU-Net itself is not needed and nothing in the files is run.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from readingroom.errors import RefusedInput
from readingroom.inference import published
from readingroom.inference.cards import Card, CardInput, CardTraining, user_folder

_WANTED = (
    "Give an nnU-Net v2 result folder (or its ZIP): plans.json, dataset.json and "
    "fold_0/checkpoint_final.pth, of a three-dimensional CT configuration."
)
_CLASSES = {"PlainConvUNet": False, "ResidualEncoderUNet": True, "ResEncUNet": True}
#: Readers of nnU-Net that turn images to RAS; the others leave them as DICOM has them (LPS).
_RAS_READERS = ("NibabelIOWithReorient",)


def find_result(folder: Path) -> Path | None:
    """Return the result folder at or below `folder`; None if there is none, or several."""
    found = [path.parent for path in sorted(folder.rglob("plans.json"))]
    return found[0] if len(found) == 1 else None


def import_result(path: Path, name: str | None = None, fold: int | str = 0) -> Card:
    """Turn a result folder into a card in the user's folder.

    Parameters
    ----------
    path : Path
        The folder, one above it, or a ZIP of it.
    name : str, optional
        Of the card; made from the data set's name by default.
    fold : int or str
        Which of the trained folds; ``"all"`` is one too.

    Raises
    ------
    RefusedInput
        ``WEIGHTS_UNKNOWN``, if it is not such a folder, or of a kind not read here.
    """
    with published.as_folder(path, _WANTED) as folder:
        found = find_result(folder)
        if found is None:
            raise _unknown("There is no plans.json, or more than one.")
        return _imported(found, name, fold)


def _imported(folder: Path, name: str | None, fold: int | str) -> Card:
    from readingroom import networks
    from readingroom.inference.publish import save_card

    plans = published.read_json(folder / "plans.json", _WANTED)
    dataset = published.read_json(folder / "dataset.json", _WANTED)
    content = published.read_weights(folder / f"fold_{fold}" / "checkpoint_final.pth", _WANTED)
    weights = own_weights(content.get("network_weights"))
    configuration = _configuration(plans, folder.name)
    try:
        arguments = network_arguments(plans, configuration, dataset)
        network = networks.build("plainconvunet", **arguments)
        network.load_state_dict(weights)
    except (KeyError, IndexError, TypeError) as error:
        raise _unknown(f"Its plans are not of a known form ({error}).") from error
    except RuntimeError as error:
        raise _unknown("Its weights are not those of the network in its plans.") from error
    card = _card(name or _name_of(plans), arguments, configuration, plans, dataset)
    return save_card(network, card, user_folder(), onnx=False)


def own_weights(state: Any) -> dict[str, Any]:
    """Return the tensors without those that nnU-Net names two or three times."""
    if not isinstance(state, dict) or not state:
        raise _unknown("The checkpoint holds no network weights.")
    plain = {key.removeprefix("_orig_mod.").removeprefix("module."): v for key, v in state.items()}
    return {
        key: value
        for key, value in plain.items()
        if ".all_modules." not in key and not key.startswith("decoder.encoder.")
    }


def _configuration(plans: dict[str, Any], folder: str) -> dict[str, Any]:
    """Return the configuration that the folder's name (``trainer__plans__name``) tells."""
    known = plans.get("configurations") or {}
    name = folder.rsplit("__", 1)[-1]
    chosen = known.get(name) or known.get("3d_fullres")
    if not isinstance(chosen, dict):
        raise _unknown("Its plans have no three-dimensional configuration.")
    parent = known.get(chosen.get("inherits_from", ""))
    return {**parent, **chosen} if isinstance(parent, dict) else chosen


def network_arguments(
    plans: dict[str, Any], configuration: dict[str, Any], dataset: dict[str, Any]
) -> dict[str, Any]:
    """Return the arguments of `networks.plainconvunet.PlainConvUNet` for plans.

    Raises
    ------
    KeyError
        If the plans lack something.
    RefusedInput
        ``WEIGHTS_UNKNOWN``, for another network, other images than CT, or regions.
    """
    if tuple(plans.get("transpose_forward", (0, 1, 2))) != (0, 1, 2):
        raise _unknown("Its axes are in another order.")
    if list(configuration["normalization_schemes"]) != ["CTNormalization"]:
        raise _unknown("It does not read CT alone.")
    layout = _layout(configuration)
    if len(layout["kernels"][0]) != 3:
        raise _unknown("It is not three-dimensional.")
    ct = plans["foreground_intensity_properties_per_channel"]["0"]
    limits = [ct["percentile_00_5"], ct["percentile_99_5"], ct["mean"], max(ct["std"], 1e-8)]
    return {
        "inputs": 1,
        "outputs": len(_labels(dataset)),
        **layout,
        "ct": [round(float(v), 6) for v in limits],
        "patch": [int(n) for n in configuration["patch_size"]],
    }


def _layout(configuration: dict[str, Any]) -> dict[str, Any]:
    """Return the network's layout, from the plans of today or of nnU-Net before 2.4."""
    given = configuration.get("architecture")
    if given is None:
        return _old_layout(configuration)
    name = str(given["network_class_name"]).rsplit(".", 1)[-1]
    if name not in _CLASSES:
        raise _unknown(f"Its network is a '{name}', which is not read here.")
    kept = given["arch_kwargs"]
    residual = _CLASSES[name]
    return {
        "features": _per_stage(kept["features_per_stage"], kept["n_stages"]),
        "counts": _per_stage(
            kept["n_blocks_per_stage" if residual else "n_conv_per_stage"], kept["n_stages"]
        ),
        "decoder_counts": _per_stage(kept["n_conv_per_stage_decoder"], kept["n_stages"] - 1),
        "kernels": kept["kernel_sizes"],
        "strides": kept["strides"],
        "residual": residual,
    }


def _old_layout(configuration: dict[str, Any]) -> dict[str, Any]:
    name = str(configuration["UNet_class_name"])
    if name not in _CLASSES:
        raise _unknown(f"Its network is a '{name}', which is not read here.")
    kernels = configuration["conv_kernel_sizes"]
    base, most = configuration["UNet_base_num_features"], configuration["unet_max_num_features"]
    return {
        "features": [min(base * 2**n, most) for n in range(len(kernels))],
        "counts": list(configuration["n_conv_per_stage_encoder"]),
        "decoder_counts": list(configuration["n_conv_per_stage_decoder"]),
        "kernels": kernels,
        "strides": configuration["pool_op_kernel_sizes"],
        "residual": _CLASSES[name],
    }


def _per_stage(value: Any, stages: int) -> list[int]:
    return [int(value)] * stages if isinstance(value, int) else [int(v) for v in value]


def _labels(dataset: dict[str, Any]) -> tuple[str, ...]:
    """Return the classes in the order of their numbers."""
    labels = dataset["labels"]
    if any(not isinstance(value, int) for value in labels.values()):
        raise _unknown("Its classes are regions that overlap.")
    ordered = sorted(labels, key=lambda name: int(labels[name]))
    if [labels[name] for name in ordered] != list(range(len(ordered))):
        raise _unknown("Its classes have gaps in their numbers.")
    return tuple(ordered)


def _name_of(plans: dict[str, Any]) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", str(plans.get("dataset_name", "")).lower()).strip("-")
    return f"nnunet-{plain or 'model'}"


def _card(
    name: str,
    arguments: dict[str, Any],
    configuration: dict[str, Any],
    plans: dict[str, Any],
    dataset: dict[str, Any],
) -> Card:
    reader = plans.get("image_reader_writer") or dataset.get("overwrite_image_reader_writer")
    k, j, i = (float(v) for v in configuration["spacing"])
    return Card(
        name=name,
        version="published",
        architecture="plainconvunet",
        arguments=arguments,
        input=CardInput(
            channels=("CT number, HU",),
            spacing_mm=(k, j, i),
            orientation="SAR" if reader in _RAS_READERS else "SPL",
            multiple=_multiple(arguments["strides"]),
        ),
        classes=_labels(dataset),
        training=CardTraining(data=f"As published ({plans.get('dataset_name', 'nnU-Net')})."),
        licence=str(dataset.get("licence") or "as published; look it up before use"),
        intended_use="What its publisher says.",
        limits="Not trained or tested in this room. Mirrored copies are not averaged.",
    )


def _multiple(strides: Any) -> int:
    """Return what every extent must be a multiple of: the largest product of strides."""
    products = [1, 1, 1]
    for stride in strides:
        products = [a * int(b) for a, b in zip(products, stride, strict=True)]
    return max(products)


def _unknown(why: str) -> RefusedInput:
    return published.unknown(why, _WANTED)
