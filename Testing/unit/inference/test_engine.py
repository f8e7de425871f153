"""The engine: backends agree, sessions stay warm, memory runs out, bits repeat."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.inference.benchmark import benchmark
from readingroom.inference.cards import load_card
from readingroom.inference.engine import Engine
from readingroom.inference.hardware import choose_device, choose_precision
from readingroom.inference.memory import estimate_bytes, is_out_of_memory
from readingroom.inference.session import OutOfMemoryError


@pytest.fixture
def batch():
    return np.random.default_rng(2).normal(size=(3, 1, 12, 10, 8)).astype(np.float32)


def test_session_computes_what_the_network_does(saved_card, network, batch):
    with torch.inference_mode():
        wanted = network(torch.from_numpy(batch)).numpy()
    found = Engine(precision="fp32").session("small")(batch)
    assert found.dtype == np.float32 and np.array_equal(found, wanted)


def test_onnx_runtime_agrees_with_torch_at_any_extent(onnx_card, batch):
    torch_session = Engine(backend="torch", precision="fp32").session(onnx_card)
    onnx_session = Engine(backend="onnx", device="cpu").session(onnx_card)
    assert (torch_session.backend, onnx_session.backend) == ("torch", "onnx")
    for patch in (batch, batch[:1, :, :4], batch[:, :, :, :6, :2]):
        np.testing.assert_allclose(onnx_session(patch), torch_session(patch), atol=1e-4)


def test_auto_takes_the_backend_that_is_faster(onnx_card, monkeypatch):
    has_bf16 = "readingroom.inference.hardware.cpu_has_bf16"
    card = onnx_card.model_copy(update={"cpu_backend": "onnx"})
    monkeypatch.setattr(has_bf16, lambda: False)
    assert Engine(device="cpu").session(onnx_card).backend == "torch"
    assert Engine(device="cpu").session(card).backend == "onnx"
    monkeypatch.setattr(has_bf16, lambda: True)
    found = Engine(device="cpu").session(card)
    assert (found.backend, found.precision) == ("torch", "bf16")
    assert Engine(device="cpu", deterministic=True).session(card).backend == "onnx"


def test_benchmark_measures_every_way_to_run_a_card(onnx_card, saved_card):
    seconds = benchmark(onnx_card, (1, 1, 8, 8, 8), repeats=1)
    assert {"torch fp32", "onnx fp32"} <= set(seconds)
    assert all(value > 0 for value in seconds.values())
    assert "onnx fp32" not in benchmark(saved_card, (1, 1, 8, 8, 8), repeats=1)


def test_onnx_backend_without_a_graph_is_refused(saved_card):
    with pytest.raises(RefusedInput) as refused:
        Engine(backend="onnx", device="cpu").session("small")
    assert refused.value.code == "CARD_MISSING"


def test_sessions_stay_warm_until_the_engine_closes(saved_card, user_models):
    engine = Engine()
    session = engine.session("small")
    assert engine.session(load_card("small")) is session
    (user_models / "small.safetensors").unlink()
    assert engine.session(saved_card) is session
    engine.close()
    with pytest.raises(RefusedInput):
        engine.session("small")


@pytest.mark.parametrize(
    ("choice", "code"),
    [
        ({"device": "tpu"}, "DEVICE_UNKNOWN"),
        ({"device": "cuda:x"}, "DEVICE_UNKNOWN"),
        ({"device": "cuda:99"}, "DEVICE_MISSING"),
        ({"backend": "abacus"}, "BACKEND_UNKNOWN"),
    ],
)
def test_what_the_machine_has_not_is_refused(choice, code):
    with pytest.raises(RefusedInput) as refused:
        Engine(**choice)
    assert refused.value.code == code


def test_half_precision_on_a_cpu_is_refused():
    with pytest.raises(RefusedInput):
        choose_precision("fp16", choose_device("cpu"))


class Exhausted:
    """A backend with room for so many numbers; more raises what its device would raise."""

    name = "torch"
    precision = "fp32"

    def __init__(self, device, room, error):
        self.device, self.room, self.error = device, room, error

    def run(self, inputs):
        if inputs[0].size > self.room:
            raise self.error
        return np.repeat(inputs[0], 3, axis=1)


def engine_with_room(error, **room):
    engine = Engine(open_backend=lambda card, device: Exhausted(device, room[device], error))
    engine.device = next(iter(room))
    return engine


SHORTAGES = [
    MemoryError(),
    torch.OutOfMemoryError("CUDA out of memory"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you tried"),
]


@pytest.mark.parametrize("error", SHORTAGES, ids=lambda e: type(e).__name__)
def test_batch_is_split_when_memory_is_short(batch, small_card, error):
    session = engine_with_room(error, cpu=batch[0].size).session(small_card)
    assert np.array_equal(session(batch), np.repeat(batch, 3, axis=1))


def test_full_gpu_sends_the_network_to_the_cpu_with_a_note(batch, small_card):
    engine = engine_with_room(SHORTAGES[1], cuda=0, cpu=10**9)
    session = engine.session(small_card)
    assert np.array_equal(session(batch), np.repeat(batch, 3, axis=1))
    assert session.device == "cpu"
    assert [note.code for note in engine.notes] == ["INFERENCE_ON_CPU"]


def test_no_room_anywhere_is_one_clear_fault(batch, small_card):
    session = engine_with_room(SHORTAGES[0], cpu=0).session(small_card)
    with pytest.raises(OutOfMemoryError) as fault:
        session(batch)
    assert isinstance(fault.value, ReadingRoomError) and fault.value.exit_code == 1


def test_other_faults_are_not_mistaken_for_want_of_memory(batch, small_card):
    session = engine_with_room(RuntimeError("shapes differ"), cpu=0).session(small_card)
    with pytest.raises(RuntimeError, match="shapes differ"):
        session(batch)
    assert not is_out_of_memory(ValueError("out of memory"))


def test_estimate_grows_with_the_patch(small_card):
    small = estimate_bytes(small_card, (1, 1, 16, 16, 16))
    large = estimate_bytes(small_card, (1, 1, 64, 64, 64))
    assert 40 < large / small < 70
    # The widest tensors of this network are the two halves of the last concatenation.
    assert large > 3 * 4 * 64**3 * 8


def test_deterministic_runs_are_bit_equal_in_fresh_processes(saved_card):
    code = (
        "import hashlib, numpy as np\n"
        "from readingroom.inference.engine import Engine\n"
        "x = np.random.default_rng(0).normal(size=(1, 1, 24, 24, 24)).astype(np.float32)\n"
        "session = Engine(device='cpu', deterministic=True, threads=2).session('small')\n"
        "print(session.precision, hashlib.sha256(session(x).tobytes()).hexdigest())\n"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert runs[0].stdout == runs[1].stdout and runs[0].stdout.startswith("fp32 ")


def test_determinism_does_not_leak_into_the_process(saved_card, batch):
    threads = torch.get_num_threads()
    Engine(deterministic=True, threads=threads + 1).session("small")(batch)
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.get_num_threads() == threads
