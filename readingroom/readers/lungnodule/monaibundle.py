"""MONAI's bundle ``lung_nodule_ct_detection`` as a card of this room.

The bundle's folder holds ``configs/inference.json``, ``configs/metadata.json`` and
``models/model.pt`` (a state dict) or ``models/model.ts``. From the configuration only
numbers are read; its expressions are not evaluated, and MONAI is not needed.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from readingroom.errors import RefusedInput
from readingroom.inference import published
from readingroom.inference.cards import Card, CardInput, CardTraining, user_folder
from readingroom.readers.lungnodule.cards import MONAI

_WANTED = (
    "Give the folder (or its ZIP) of MONAI's bundle lung_nodule_ct_detection with "
    "configs/inference.json and models/model.pt."
)
_PAPER = "LUNA16 (LIDC-IDRI), as published by the MONAI team in the bundle lung_nodule_ct_detection"
_LAYER = re.compile(r"feature_extractor\.body\.layer(\d+)\.(\d+)\.conv1\.weight")


def find_bundle(folder: Path) -> Path | None:
    """Return the bundle at or below `folder`; None if there is none."""
    found = sorted(folder.rglob("configs/inference.json"))
    return found[0].parent.parent if found else None


def import_bundle(path: Path) -> Card:
    """Turn the bundle into a card in the user's folder.

    Raises
    ------
    RefusedInput
        ``WEIGHTS_UNKNOWN``, if it is not this bundle.
    ReadingRoomError
        ``CARD_CHECKSUM``, if the bundle's own list of large files gives another checksum.
    """
    with published.as_folder(path, _WANTED) as folder:
        found = find_bundle(folder)
        if found is None:
            raise _unknown("There is no configs/inference.json.")
        return _imported(found)


def _imported(bundle: Path) -> Card:
    from readingroom import networks
    from readingroom.inference.publish import save_card

    config = published.read_json(bundle / "configs" / "inference.json", _WANTED)
    weights, verified = _weights(bundle)
    arguments = network_arguments(config, weights)
    network = networks.build("retinanet3d", **arguments)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise _unknown("Its weights are those of another network.") from error
    return save_card(network, _card(bundle, config, arguments, verified), user_folder(), onnx=False)


def _weights(bundle: Path) -> tuple[dict[str, Any], bool]:
    """Return the tensors by name and whether the bundle's checksum was there to compare."""
    models = bundle / "models"
    path = next((models / n for n in ("model.pt", "model.ts") if (models / n).is_file()), None)
    if path is None:
        raise _unknown("There is no models/model.pt.")
    verified = _verify(bundle, path)
    state = _traced(path) if path.suffix == ".ts" else published.read_weights(path, _WANTED)
    inner = state.get("model", state)
    plain = {key.removeprefix("module."): v for key, v in inner.items()}
    return {k.removeprefix("network."): v for k, v in plain.items()}, verified


def _traced(path: Path) -> dict[str, Any]:
    """Return the tensors of a TorchScript file; its code is loaded and never called."""
    import torch

    try:
        module = torch.jit.load(str(path), map_location="cpu")  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError) as error:
        raise _unknown(f"The file '{path.name}' is no TorchScript file.") from error
    return dict(module.state_dict())


def _verify(bundle: Path, path: Path) -> bool:
    listed = bundle / "large_files.yml"
    if not listed.is_file():
        return False
    # Four fields a file in a fixed form: no YAML reader is needed for them.
    pattern = rf'path:\s*"?models/{path.name}"?.*?hash_val:\s*"?(\w+)"?\s+hash_type:\s*"?(\w+)'
    found = re.search(pattern, listed.read_text(encoding="utf-8"), re.DOTALL)
    if found is None or found[2].lower() not in ("md5", "sha1", "sha256"):
        return False
    published.verify_digest(path, found[2].lower(), found[1])
    return True


def network_arguments(config: dict[str, Any], weights: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `networks.retinanet3d.RetinaNet3d`.

    Widths and depths are read off the weights; the strides, which leave no trace in them,
    from the configuration.

    Raises
    ------
    RefusedInput
        ``WEIGHTS_UNKNOWN``, if something is missing or is for several classes.
    """
    try:
        first = weights["feature_extractor.body.conv1.weight"]
        pyramid, _ = weights["feature_extractor.fpn.inner_blocks.0.weight"].shape[:2]
        scores = weights["classification_head.cls_logits.weight"].shape[0]
        numbers = weights["regression_head.bbox_reg.weight"].shape[0]
    except (KeyError, AttributeError) as error:
        raise _unknown("Its weights are those of another network.") from error
    found = [_LAYER.fullmatch(name) for name in weights]
    layers = [(int(m[1]), int(m[2])) for m in found if m]
    depths = range(1, max(layer for layer, _ in layers) + 1)
    if numbers != 6 * scores:
        raise _unknown("It tells several classes apart.")
    return {
        "inputs": int(first.shape[1]),
        "anchors": int(scores),
        "widths": [
            int(weights[f"feature_extractor.body.layer{n}.0.conv1.weight"].shape[0]) for n in depths
        ],
        "blocks": [1 + max(block for layer, block in layers if layer == n) for n in depths],
        "pyramid": int(pyramid),
        "kernel": [int(n) for n in first.shape[2:]],
        "stride": _stride(config),
        "bias": "feature_extractor.body.layer1.0.downsample.0.bias" in weights,
    }


def _stride(config: dict[str, Any]) -> list[int]:
    found = re.search(r"conv1_t_stride\s*=\s*\[([\d,\s]+)\]", str(config.get("backbone")))
    given = config.get("conv1_t_stride")
    numbers = [int(n) for n in (found[1].split(",") if found else given or [])]
    if len(numbers) != 3:
        raise _unknown("Its configuration does not give the first convolution's stride.")
    return numbers


def _card(bundle: Path, config: dict[str, Any], arguments: dict[str, Any], verified: bool) -> Card:
    version = published.read_json(bundle / "configs" / "metadata.json", _WANTED).get("version")
    anchors = config.get("anchor_generator") or {}
    told = "equal to the bundle's checksum" if verified else "without a checksum to compare"
    return Card(
        name=MONAI,
        version=str(version or "published"),
        architecture="retinanet3d",
        arguments=arguments,
        input=CardInput(
            channels=("CT number",),
            # Along (k, j, i) of this room; the bundle gives x, y, z.
            spacing_mm=_spacing(config),
            orientation="SAR",
            window=(-1024.0, 300.0),
            normalisation="zero_one",
            multiple=16,
        ),
        classes=_classes(anchors),
        training=CardTraining(data=f"{_PAPER}; weights {told}."),
        licence="Apache-2.0 (bundle); LUNA16 terms for what it was trained on",
        intended_use="Boxes about lung nodules in chest CT.",
        limits="Not trained or tested in this room; its publisher reports mAP 0.852 and mAR 0.998 "
        "on LUNA16 fold 0. LIDC-IDRI is among its training data. About half an hour a scan on "
        "two processor cores: use a GPU.",
    )


def _classes(anchors: dict[str, Any]) -> tuple[str, ...]:
    """Return the meaning of the outputs; the first holds the anchors, ``x*y*z`` in voxels."""
    shapes, scales = anchors.get("base_anchor_shapes"), anchors.get("feature_map_scales")
    try:
        told = " ".join("x".join(f"{float(n):g}" for n in shape) for shape in shapes or ())
        levels = " ".join(f"{float(n):g}" for n in scales or ())
    except (TypeError, ValueError) as error:
        raise _unknown("Its configuration gives no anchors.") from error
    if not told or not levels:
        raise _unknown("Its configuration gives no anchors.")
    return (f"logit; anchors {told}; scales {levels}", "dx", "dy", "dz", "log x", "log y", "log z")


def _spacing(config: dict[str, Any]) -> tuple[float, float, float]:
    steps = (config.get("preprocessing") or {}).get("transforms") or []
    given = [s["pixdim"] for s in steps if isinstance(s, dict) and "pixdim" in s]
    if len(given) != 1 or len(given[0]) != 3:
        raise _unknown("Its configuration gives no voxel size.")
    x, y, z = (float(n) for n in given[0])
    return z, y, x


def _unknown(why: str) -> RefusedInput:
    return published.unknown(why, _WANTED)
