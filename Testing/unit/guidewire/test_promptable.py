"""Prompted segmentation, on two tiny ONNX graphs with the inputs of SAM-Med2D's."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.readers.guidewire import promptable
from readingroom.readers.guidewire.promptable import Prompt

SIDE = 32


def tensor(name, shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def save(path, nodes, inputs, outputs, constants=()):
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, path)


def write_encoder(path):
    """Write a graph that averages 4 × 4 pixels of the three channels."""
    weight = np.full((1, 3, 4, 4), 1 / 48, np.float32)
    save(
        path,
        [helper.make_node("Conv", ["image", "w"], ["embedding"], strides=[4, 4])],
        [tensor("image", [1, 3, SIDE, SIDE])],
        [tensor("embedding", [1, 1, SIDE // 4, SIDE // 4])],
        [onnx.numpy_helper.from_array(weight, "w")],
    )


def write_decoder(path):
    """Write a graph whose mask is what is darker than 0 left of the first point's x."""
    columns = np.arange(SIDE, dtype=np.float32)[None, None, None]
    large = np.array([1, 1, 4, 4], np.float32)
    nodes = [
        helper.make_node("Neg", ["image_embeddings"], ["dark"]),
        helper.make_node("Resize", ["dark", "", "large"], ["wide"], mode="nearest"),
        helper.make_node("Slice", ["point_coords", "zero", "one", "axis"], ["first"]),
        helper.make_node("ReduceMax", ["first"], ["x"], keepdims=0),
        helper.make_node("Less", ["columns", "x"], ["left"]),
        helper.make_node("Cast", ["left"], ["left_f"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["wide", "left_f"], ["masks"]),
        helper.make_node("Identity", ["point_labels"], ["iou_predictions"]),
    ]
    constants = [
        onnx.numpy_helper.from_array(array, name)
        for name, array in {
            "large": large,
            "columns": columns,
            "zero": np.array([0]),
            "one": np.array([1]),
            "axis": np.array([2]),
        }.items()
    ]
    inputs = [
        tensor("image_embeddings", [1, 1, SIDE // 4, SIDE // 4]),
        tensor("point_coords", [1, "n", 2]),
        tensor("point_labels", [1, "n"]),
    ]
    outputs = [tensor("masks", [1, 1, SIDE, SIDE]), tensor("iou_predictions", [1, "n"])]
    save(path, nodes, inputs, outputs, constants)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(promptable, "search_folders", lambda: (tmp_path,))
    return tmp_path


@pytest.fixture
def segmenter(folder):
    write_encoder(folder / promptable.ENCODER)
    write_decoder(folder / promptable.DECODER)
    return promptable.load()


def a_frame():
    """Return a bright frame with a dark band across."""
    frame = np.ones((64, 64), np.float32)
    frame[24:40] = 0.0
    return frame


def test_without_the_files_it_says_how_to_get_them(folder):
    assert not promptable.available()
    with pytest.raises(RefusedInput) as refused:
        promptable.load()
    assert refused.value.code == "CARD_MISSING"


def test_what_is_no_graph_is_one_clear_fault(folder):
    (folder / promptable.ENCODER).write_bytes(b"no graph")
    (folder / promptable.DECODER).write_bytes(b"no graph")
    with pytest.raises(ReadingRoomError) as fault:
        promptable.load()
    assert fault.value.code == "CARD_INVALID"


def test_files_in_the_wrong_places_are_found_out(folder):
    write_encoder(folder / promptable.ENCODER)
    write_encoder(folder / promptable.DECODER)
    with pytest.raises(ReadingRoomError) as fault:
        promptable.load()
    assert fault.value.code == "CARD_INVALID"


def test_points_come_in_the_decoders_pixels(segmenter):
    assert promptable.available()
    segmenter.look_at(a_frame())
    mask = segmenter.segment(Prompt(inside=[(32, 30)]))
    # x = 32 of 64 is column 16 of 32: the dark band left of it.
    rows, columns = np.nonzero(mask)
    assert set(rows) == set(range(12, 20)) and set(columns) == set(range(16))


def test_box_is_two_points_and_two_labels():
    points, kinds = promptable._points(Prompt(inside=[(1, 2)], outside=[(3, 4)], box=(5, 6, 7, 8)))
    assert points.tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]]
    assert kinds.tolist() == [1, 0, 2, 3]


def test_second_prompt_needs_no_second_encoding(segmenter):
    segmenter.look_at(a_frame())
    first = segmenter.segment(Prompt(inside=[(20, 30)]))
    second = segmenter.segment(Prompt(box=(40, 20, 60, 40)))
    assert second.sum() > first.sum() > 0


@pytest.mark.parametrize("prompt", [Prompt(), Prompt(outside=[(3, 3)])])
def test_nothing_shown_is_refused(segmenter, prompt):
    segmenter.look_at(a_frame())
    with pytest.raises(RefusedInput) as refused:
        segmenter.segment(prompt)
    assert refused.value.code == "PROMPT_EMPTY"


def test_prompt_before_a_frame_is_refused(segmenter):
    with pytest.raises(RefusedInput):
        segmenter.segment(Prompt(inside=[(3, 3)]))
