"""The shared training loop: learning, exact resume, budget, cancel, log, refusal."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

from readingroom.errors import Cancelled, ReadingRoomError, RefusedInput
from readingroom.inference.cards import Card
from readingroom.inference.publish import save_card
from readingroom.reader import Progress
from readingroom.training import checkpoint
from readingroom.training.loop import learning_rate, train
from readingroom.training.recipe import Settings


@dataclass
class BallRecipe:
    """Finds a bright ball in noise; dropout makes torch's random state matter."""

    name: str = "ball"
    seed: int = 7
    steps: int = 12
    batch_size: int = 2
    learning_rate: float = 0.02
    weight_decay: float = 0.01
    validate_every: int = 4

    def build_network(self):
        return nn.Sequential(
            nn.Conv3d(1, 4, 3, padding=1),
            nn.InstanceNorm3d(4, affine=True),
            nn.ReLU(),
            nn.Dropout3d(0.2),
            nn.Conv3d(4, 2, 1),
        )

    def sample(self, rng):
        centre = rng.uniform(3, 9, 3)
        grid = np.stack(np.meshgrid(*[np.arange(12)] * 3, indexing="ij"), axis=-1)
        label = (np.linalg.norm(grid - centre, axis=-1) < 3).astype(np.uint8)
        image = label + rng.normal(0, 0.3, label.shape)
        return image[None].astype(np.float32), label

    def loss(self, output, batch):
        return nn.functional.cross_entropy(output, batch[1].long())

    def validate(self, network):
        image, label = self.sample(np.random.default_rng(999))
        found = network(torch.from_numpy(image)[None]).argmax(1)[0].numpy()
        torch.rand(5)  # a validation that draws numbers must not change the training
        return {"accuracy": float((found == label).mean())}


def weights_of(result):
    return torch.cat([p.flatten() for p in result.network.state_dict().values()])


def quick(recipe, directory, **more):
    return train(recipe, directory, **{"precision": "fp32", "workers": 0} | more)


def rows_of(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    directory = tmp_path_factory.mktemp("straight")
    return quick(BallRecipe(), directory), directory


def test_training_lowers_the_loss_and_logs_every_step(tmp_path):
    result = quick(BallRecipe(steps=60), tmp_path)
    losses = [float(row["loss"]) for row in rows_of(tmp_path / "log.csv")]
    assert result.finished and len(losses) == 60
    assert np.mean(losses[-10:]) < 0.6 * np.mean(losses[:10])
    assert result.metrics["accuracy"] > 0.9
    assert not result.network.training


def test_stopping_after_every_single_step_changes_nothing(straight, tmp_path):
    results = [quick(BallRecipe(), tmp_path, budget_s=0.0) for _ in range(12)]
    assert [result.step for result in results] == list(range(1, 13))
    assert [result.finished for result in results] == 11 * [False] + [True]
    assert torch.equal(weights_of(results[-1]), weights_of(straight[0]))


def test_resume_keeps_one_log_without_gap_or_repetition(straight, tmp_path):
    while not quick(BallRecipe(), tmp_path, budget_s=0.0).finished:
        pass
    for name, key in (("log.csv", "loss"), ("validation.csv", "value")):
        resumed, whole = rows_of(tmp_path / name), rows_of(straight[1] / name)
        assert [(r["step"], r[key]) for r in resumed] == [(r["step"], r[key]) for r in whole]


def test_log_ahead_of_the_checkpoint_is_cut_back(tmp_path):
    quick(BallRecipe(), tmp_path, budget_s=0.0)
    with (tmp_path / "log.csv").open("a") as stream:
        stream.write("2,9,9,9,9\n3,9,9,9,9\n4,9")
    quick(BallRecipe(), tmp_path)
    assert [row["step"] for row in rows_of(tmp_path / "log.csv")] == [str(s) for s in range(1, 13)]


@pytest.mark.parametrize("workers", [1, 2])
def test_worker_processes_give_the_same_weights_as_a_thread(straight, tmp_path, workers):
    result = quick(BallRecipe(), tmp_path, workers=workers)
    assert torch.equal(weights_of(result), weights_of(straight[0]))


def test_cancel_keeps_what_was_done(straight, tmp_path):
    def stop_at_half(stage, fraction):
        if fraction >= 0.5:
            progress.cancel()

    progress = Progress(stop_at_half)
    with pytest.raises(Cancelled):
        quick(BallRecipe(), tmp_path, progress=progress)
    result = quick(BallRecipe(), tmp_path)
    assert torch.equal(weights_of(result), weights_of(straight[0]))


def test_checkpoint_of_other_settings_is_refused_by_name(tmp_path):
    quick(BallRecipe(), tmp_path, budget_s=0.0)
    with pytest.raises(RefusedInput, match="learning_rate") as refused:
        quick(BallRecipe(learning_rate=0.5), tmp_path)
    assert refused.value.code == "CHECKPOINT_MISMATCH"
    assert quick(BallRecipe(learning_rate=0.5), tmp_path, resume=False).finished


def test_truncated_checkpoint_is_one_clear_fault(tmp_path):
    quick(BallRecipe(), tmp_path, budget_s=0.0)
    path = tmp_path / checkpoint.FILE_NAME
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ReadingRoomError) as fault:
        quick(BallRecipe(), tmp_path)
    assert fault.value.code == "CHECKPOINT_UNREADABLE"


def test_failed_save_leaves_the_earlier_checkpoint(tmp_path):
    checkpoint.save(tmp_path, {"settings": {}, "step": 3})
    with pytest.raises(AttributeError):
        checkpoint.save(tmp_path, {"settings": lambda: None})
    assert checkpoint.load(tmp_path, {})["step"] == 3
    assert [p.name for p in tmp_path.iterdir()] == [checkpoint.FILE_NAME]


class DivergingRecipe(BallRecipe):
    def loss(self, output, batch):
        return super().loss(output, batch) * math.inf


def test_loss_that_is_no_number_stops_the_training(tmp_path):
    with pytest.raises(ReadingRoomError) as fault:
        quick(DivergingRecipe(), tmp_path)
    assert fault.value.code == "TRAINING_DIVERGED"


class BrokenSampler(BallRecipe):
    def sample(self, rng):
        raise ValueError("no such label map")


@pytest.mark.parametrize("workers", [0, 1])
def test_error_in_a_worker_reaches_the_caller(tmp_path, workers):
    with pytest.raises(ValueError, match="no such label map"):
        quick(BrokenSampler(), tmp_path, workers=workers)


class TwoInputRecipe(BallRecipe):
    inputs = 2

    def build_network(self):
        return nn.Bilinear(3, 2, 4)

    def sample(self, rng):
        return (
            rng.normal(size=3).astype(np.float32),
            rng.normal(size=2).astype(np.float32),
            np.int64(rng.integers(4)),
        )

    def loss(self, output, batch):
        assert output.shape == (2, 4) and output.dtype == torch.float32
        return nn.functional.cross_entropy(output, batch[2])

    def validate(self, network):
        return {}


def test_networks_with_several_inputs_and_bf16(tmp_path):
    assert quick(TwoInputRecipe(), tmp_path, precision="bf16").finished


def test_learning_rate_rises_then_falls_to_zero():
    settings = Settings.of(BallRecipe(steps=100))
    rates = [learning_rate(step, settings) for step in range(100)]
    peak = int(np.argmax(rates))
    assert peak == 5 and rates[peak] == pytest.approx(0.02)
    assert all(np.diff(rates[: peak + 1]) > 0) and all(np.diff(rates[peak:]) < 0)
    assert 0 < rates[-1] < 1e-5


def published(network, folder):
    card = Card(
        name="ball",
        version="1",
        architecture="unet3d",
        classes=("background", "ball"),
        licence="Apache-2.0",
    )
    return save_card(network, card, folder, onnx=False)


def test_fine_tuning_begins_with_the_weights_of_a_card(tmp_path):
    first = train(BallRecipe(), tmp_path / "first", workers=0)
    card = published(first.network, tmp_path / "cards")
    still = BallRecipe(seed=8, steps=1, learning_rate=0.0)
    second = train(still, tmp_path / "second", start_from=card, workers=0)
    assert torch.equal(weights_of(second), weights_of(first))


def test_a_checkpoint_comes_before_the_weights_to_begin_with(tmp_path):
    first = train(BallRecipe(), tmp_path / "first", workers=0)
    card = published(train(BallRecipe(seed=8), tmp_path / "other", workers=0).network, tmp_path)
    again = train(BallRecipe(), tmp_path / "first", start_from=card, workers=0)
    assert torch.equal(weights_of(again), weights_of(first))


def test_fine_tuning_from_another_network_is_refused(tmp_path):
    card = published(nn.Linear(2, 2), tmp_path)
    with pytest.raises(RefusedInput, match="WEIGHTS_DIFFER"):
        train(BallRecipe(), tmp_path / "run", start_from=card, workers=0)
