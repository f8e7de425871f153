"""Write a trained network as a card: weights, ONNX graph, checksums."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from readingroom.errors import ReadingRoomError
from readingroom.inference.cards import Card, file_sha256

#: Largest difference between torch and ONNX Runtime logits that an export may show.
_TOLERANCE = 1e-3


def save_card(
    network: nn.Module,
    card: Card,
    directory: Path,
    *,
    onnx: bool = True,
    half: bool = False,
    example_inputs: tuple[Tensor, ...] | None = None,
) -> Card:
    """Write `network` and `card` into `directory`.

    Parameters
    ----------
    network : nn.Module
        The trained network; it is not changed.
    card : Card
        Its description; ``files`` is filled in here.
    onnx : bool
        Whether to write an ONNX graph too, checked against torch (needs the extra
        ``train``).
    half : bool
        Whether to store the weights as float16, which halves the file. The ONNX graph
        holds the same rounded weights.
    example_inputs : tuple of Tensor, optional
        Inputs for the export of a network with several inputs; by default one image of
        four times the card's patch multiple per axis.

    Returns
    -------
    Card
        The card with its checksums, located in `directory`.

    Raises
    ------
    ReadingRoomError
        ``CARD_EXPORT``, if the ONNX graph does not compute what the network does.
    """
    directory.mkdir(parents=True, exist_ok=True)
    network = copy.deepcopy(network).cpu().float().eval()
    if half:
        network.half().float()
    _write_weights(network, directory / card.weights_name, half)
    names = [card.weights_name]
    (directory / card.onnx_name).unlink(missing_ok=True)
    if onnx:
        inputs = example_inputs or (_example(card),)
        _write_onnx(network, inputs, directory / card.onnx_name, card.input.multiple)
        names.append(card.onnx_name)
    files = {name: file_sha256(directory / name) for name in names}
    saved = card.model_copy(update={"files": files}).located_in(directory)
    (directory / f"{card.name}.json").write_text(saved.to_json(), encoding="utf-8")
    return saved


def _write_weights(network: nn.Module, path: Path, half: bool) -> None:
    from safetensors.torch import save_file

    weights = {
        name: (value.half() if half and value.is_floating_point() else value).contiguous()
        for name, value in network.state_dict().items()
    }
    save_file(weights, path)


def _example(card: Card) -> Tensor:
    extent = 4 * card.input.multiple
    generator = torch.Generator().manual_seed(0)
    return torch.randn((2, len(card.input.channels), *[extent] * 3), generator=generator)


def _write_onnx(network: nn.Module, inputs: tuple[Tensor, ...], path: Path, multiple: int) -> None:
    shapes = tuple(_free_axes(value) for value in inputs)
    torch.onnx.export(
        network,
        inputs,
        path,
        dynamo=True,
        dynamic_shapes=shapes,
        external_data=False,
        verbose=False,
    )
    _compare(network, inputs, path)
    _compare(network, tuple(_other_shape(value, multiple) for value in inputs), path)


def _free_axes(value: Tensor) -> dict[int, Any]:
    """Return the axes that may vary: the batch, and an image's spatial extents."""
    auto = torch.export.Dim.DYNAMIC
    return {axis: auto for axis in range(value.ndim) if axis == 0 or (axis > 1 and value.ndim > 3)}


def _other_shape(value: Tensor, multiple: int) -> Tensor:
    if value.ndim <= 3:
        return value[:1]
    return nn.functional.pad(value[:1], (0, multiple), mode="constant")


def _compare(network: nn.Module, inputs: tuple[Tensor, ...], path: Path) -> None:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [node.name for node in session.get_inputs()]
    feeds = {name: value.numpy() for name, value in zip(names, inputs, strict=True)}
    (found,) = session.run(None, feeds)
    with torch.inference_mode():
        wanted = network(*inputs).numpy()
    # Rounding grows with what is summed: the largest output is the yardstick for all.
    largest = max(1.0, float(np.abs(wanted).max()))
    if not np.allclose(found, wanted, atol=_TOLERANCE * largest, rtol=_TOLERANCE):
        raise ReadingRoomError(
            "CARD_EXPORT",
            "The ONNX graph does not compute what the network does.",
            "Publish the card without an ONNX graph.",
        )
