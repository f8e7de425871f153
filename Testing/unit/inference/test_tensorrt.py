"""TensorRT through ONNX Runtime: asked for where it is, refused where it is not."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from readingroom.errors import RefusedInput
from readingroom.inference.backends import onnx_backend
from readingroom.inference.engine import Engine

GPU = ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]


@pytest.fixture
def runtime(monkeypatch):
    """ONNX Runtime that says what it was built with, and remembers how it was asked."""
    asked = []

    def session(path, options, providers):
        asked.append([name for name, _ in providers])
        return SimpleNamespace(get_inputs=lambda: [])

    def built_with(*providers: str) -> list[list[str]]:
        monkeypatch.setattr(
            onnx_backend.onnxruntime, "get_available_providers", lambda: list(providers)
        )
        monkeypatch.setattr(onnx_backend.onnxruntime, "InferenceSession", session)
        return asked

    return built_with


def test_tensorrt_is_asked_first_and_cuda_runs_the_rest(runtime, onnx_card):
    asked = runtime(*GPU)
    backend = onnx_backend.OnnxBackend(onnx_card, "cuda:1", None, False, tensorrt=True)
    assert asked == [["TensorrtExecutionProvider", "CUDAExecutionProvider"]]
    assert (backend.name, backend.precision, backend.device) == ("tensorrt", "fp16", "cuda:1")


def test_onnx_on_cuda_does_not_compile(runtime, onnx_card):
    asked = runtime(*GPU)
    backend = onnx_backend.OnnxBackend(onnx_card, "cuda", None, False)
    assert asked == [["CUDAExecutionProvider"]]
    assert (backend.name, backend.precision) == ("onnx", "fp32")


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_where_tensorrt_is_not_it_is_refused(runtime, onnx_card, device):
    runtime(*GPU[1:])
    with pytest.raises(RefusedInput, match="TensorRT") as refused:
        onnx_backend.OnnxBackend(onnx_card, device, None, False, tensorrt=True)
    assert refused.value.code == "BACKEND_MISSING"


def test_the_engine_refuses_it_on_a_cpu(runtime, onnx_card):
    runtime(*GPU[2:])
    with pytest.raises(RefusedInput) as refused:
        Engine(device="cpu", backend="tensorrt").session(onnx_card)
    assert refused.value.code == "BACKEND_MISSING"


def test_a_session_that_gave_way_to_the_cpu_goes_on_with_onnx(runtime, onnx_card):
    asked = runtime(*GPU[2:])
    engine = Engine(device="cpu", backend="tensorrt")
    engine.device = "cuda"
    assert engine._open_real(onnx_card, "cpu").name == "onnx"
    assert asked == [["CPUExecutionProvider"]]
