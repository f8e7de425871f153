"""From candidates to detections: probabilities, sensitivity levels, several detectors."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from readingroom.errors import RefusedInput
from readingroom.inference.engine import Engine
from readingroom.inference.publish import save_card
from readingroom.networks import build
from readingroom.readers.lungnodule import anchors, cards, detect, detectvolume
from readingroom.readers.lungnodule.candidates import Candidate
from readingroom.readers.lungnodule.contrastvessel import goes_on
from readingroom.readers.lungnodule.detection import Detection, fused, suppressed
from readingroom.readers.lungnodule.patches import SIDE, PatchCutter, network_input

SPACING = (1.0, 1.0, 1.0)


class BrightIsNodule:
    """A backend that calls a bright centre a solid nodule, and all else none."""

    name, device, precision = "torch", "cpu", "fp32"

    def __init__(self, diameter_mm: float = 8.0) -> None:
        self.batches: list[int] = []
        self._size = np.log(diameter_mm / 8.0)

    def run(self, inputs):
        fine, _ = inputs
        self.batches.append(len(fine))
        middle = fine[:, 0, SIDE // 2, SIDE // 2, SIDE // 2]
        out = np.full((len(fine), 6), -9.0, np.float32)
        out[:, 0], out[:, 1], out[:, 5] = 0.0, 8.0 * middle, self._size
        return out


@pytest.fixture
def models(tmp_path, monkeypatch):
    """The reader's cards with small untrained networks, and nothing else."""
    monkeypatch.setenv("READINGROOM_RESOURCES", str(tmp_path / "none"))
    monkeypatch.setenv("READINGROOM_MODELS", str(tmp_path))

    def publish(*names: str) -> None:
        torch.manual_seed(1)
        small = {"inputs": 2, "outputs": 6, "widths": [2, 4, 4]}
        known = {
            cards.DETECT: (cards.detect_card, small | {"halved": True}),
            cards.ANCHOR: (cards.anchor_card, {"inputs": 1, "widths": [2, 2, 4, 4, 4]}),
            cards.SEGMENT: (
                cards.segment_card,
                {"inputs": 1, "outputs": 2, "widths": [2, 2, 2, 2]},
            ),
        }
        for name in names:
            make, arguments = known[name]
            card = make(arguments, 1, 1)
            save_card(build(card.architecture, **arguments), card, tmp_path, onnx=False)

    return publish


def a_scan_with_a_bright_ball():
    hu = np.full((40, 60, 60), -860, np.int16)
    k, j, i = np.ogrid[:40, :60, :60]
    hu[(k - 20) ** 2 + (j - 30) ** 2 + (i - 30) ** 2 <= 16] = 40
    lungs = np.zeros(hu.shape, np.uint8)
    lungs[4:36, 4:56, 4:56] = 1
    return hu, SimpleNamespace(lungs=SimpleNamespace(labels=lungs))


def a_detection(i: float, probability: float, source: str = "candidates", diameter: float = 6.0):
    return Detection((10.0, 10.0, i), diameter, probability, source)


def test_a_bright_ball_is_detected_where_it_lies(models):
    models(cards.DETECT)
    backend = BrightIsNodule()
    hu, anatomy = a_scan_with_a_bright_ball()
    found = detect.detect(Engine(open_backend=lambda *_: backend), hu, SPACING, anatomy)
    assert len(found) == 1
    assert found[0].position_kji == pytest.approx((20, 30, 30), abs=1.0)
    assert (found[0].type, found[0].source) == ("solid", "candidates")
    assert found[0].diameter_mm == pytest.approx(8.0)


def test_candidates_are_judged_in_batches(models):
    models(cards.DETECT)
    backend = BrightIsNodule()
    hu, _ = a_scan_with_a_bright_ball()
    many = [Candidate((20.0, 30.0, 30.0), 6.0, "solid", 0.5)] * 150
    found = detect.judged(Engine(open_backend=lambda *_: backend), hu, SPACING, many)
    assert backend.batches == [64, 64, 22] and len(found) == 1


def surroundings(*dense) -> np.ndarray:
    """A wide cube of lung with dense places in it."""
    cube = np.full((SIDE,) * 3, -850.0, np.float32)
    for place in dense:
        cube[place] = 400.0
    return cube


def ball(radius: float, centre: float = (SIDE - 1) / 2):
    k, j, i = np.ogrid[:SIDE, :SIDE, :SIDE]
    middle = (SIDE - 1) / 2
    return (k - centre) ** 2 + (j - middle) ** 2 + (i - middle) ** 2 <= radius**2


def tube(radius: float):
    _, j, i = np.ogrid[:SIDE, :SIDE, :SIDE]
    middle = (SIDE - 1) / 2
    return np.broadcast_to((j - middle) ** 2 + (i - middle) ** 2 <= radius**2, (SIDE,) * 3)


def test_a_vessel_filled_with_contrast_goes_on_and_a_calcified_nodule_ends():
    assert goes_on(surroundings(tube(4)), 17.0)
    assert not goes_on(surroundings(ball(4)), 17.0)
    assert not goes_on(surroundings(ball(5, centre=9.0)), 20.0)


def test_a_thin_vessel_or_a_rib_beside_it_does_not_make_a_nodule_a_vessel():
    rib = (slice(None), slice(None), slice(20, 24))
    assert not goes_on(surroundings(ball(5), tube(1.5)), 20.0)
    assert not goes_on(surroundings(ball(5), rib), 20.0)


def test_small_and_soft_ones_are_not_looked_at():
    assert not goes_on(surroundings(tube(2)), 8.0)
    assert not goes_on(np.where(tube(4), 100.0, -850.0), 17.0)


def test_a_vessel_filled_with_contrast_is_not_reported(models):
    models(cards.DETECT)
    hu = np.full((60, 60, 60), -860, np.int16)
    j, i = np.ogrid[:60, :60]
    hu[:, (j - 30) ** 2 + (i - 30) ** 2 <= 64] = 350
    middle = [Candidate((30.0, 30.0, 30.0), 16.0, "solid", 0.5)]
    engine = Engine(open_backend=lambda *_: BrightIsNodule(16.0))
    assert detect.judged(engine, hu, SPACING, middle) == []
    hu[:18] = hu[42:] = -860
    assert len(detect.judged(engine, hu, SPACING, middle)) == 1


def test_more_sensitive_levels_show_more(monkeypatch):
    every = [a_detection(20.0 * n, p) for n, p in enumerate((0.99, 0.5, 0.2, 0.05))]
    monkeypatch.setattr(detect, "all_detections", lambda *a, **k: every)
    counts = [
        len(detect.detect(None, None, SPACING, None, sensitivity=level))
        for level in ("specific", "balanced", "high")
    ]
    assert counts[0] <= counts[1] <= counts[2]
    assert counts[0] >= 1 and detect.THRESHOLDS["high"] < detect.THRESHOLDS["specific"]


@pytest.mark.parametrize("detector", ["candidates", "anchor", "segmentation"])
def test_a_detector_without_its_card_says_how_to_get_it(models, detector):
    hu, anatomy = a_scan_with_a_bright_ball()
    with pytest.raises(RefusedInput) as refused:
        detect.detect(Engine(), hu, SPACING, anatomy, detector=detector)
    assert refused.value.code == "CARD_MISSING"
    assert "readingroom train" in refused.value.what_to_do


def test_the_ensemble_is_what_has_a_card(models):
    models(cards.DETECT)
    assert detect.cards("ensemble") == (cards.DETECT,)
    models(cards.ANCHOR)
    assert detect.cards("ensemble") == (cards.DETECT, cards.ANCHOR)
    assert detect.cards("segmentation") == (cards.SEGMENT,)


@pytest.mark.parametrize("detector", ["anchor", "segmentation"])
def test_whole_lung_detectors_run_through_the_engine(models, detector):
    models(cards.ANCHOR, cards.SEGMENT)
    hu, anatomy = a_scan_with_a_bright_ball()
    engine = Engine(precision="fp32")
    found = detect.all_detections(engine, hu, SPACING, anatomy, detector=detector)
    assert all(d.source == detector and 0 <= d.probability <= 1 for d in found)
    nothing = SimpleNamespace(lungs=SimpleNamespace(labels=np.zeros_like(anatomy.lungs.labels)))
    assert detect.all_detections(engine, hu, SPACING, nothing, detector=detector) == []


def test_what_lies_inside_a_better_detection_goes():
    kept = suppressed([a_detection(10, 0.4), a_detection(11, 0.9), a_detection(30, 0.2)], SPACING)
    assert [(d.position_kji[2], d.probability) for d in kept] == [(11, 0.9), (30, 0.2)]


def test_a_second_mark_on_the_border_of_a_nodule_goes():
    """Elongated and lobulated ones reach farther than half their diameter."""
    nodule, border = (a_detection(i, p, diameter=20.0) for i, p in ((30, 0.9), (43, 0.3)))
    neighbour = a_detection(46, 0.2)
    kept = suppressed([nodule, border, neighbour], SPACING)
    assert [d.position_kji[2] for d in kept] == [30, 46]


def test_detectors_that_agree_are_surer_than_each_alone():
    alone, agreed = fused(
        [
            [a_detection(10, 0.6), a_detection(40, 0.6)],
            [a_detection(11, 0.5, "anchor")],
        ],
        SPACING,
    )[::-1]
    assert agreed.source == "anchor+candidates" and agreed.probability == pytest.approx(0.8)
    assert alone.source == "candidates" and alone.probability < 0.6


def test_one_detector_alone_keeps_its_probabilities():
    (kept,) = fused([[a_detection(10, 0.6)]], SPACING)
    assert kept.probability == pytest.approx(0.6)


def test_cubes_show_what_is_there_at_both_scales():
    k, j, i = np.ogrid[:50, :50, :50]
    ramp = np.asarray(k * 10.0 + j * 1.0 + i * 0.1, np.float32)
    fine, wide = PatchCutter(ramp, (1.0, 1.0, 1.0))([(25.0, 25.0, 25.0)])
    assert fine.shape == wide.shape == (1, SIDE, SIDE, SIDE)
    steps = np.diff(fine[0, :, 5, 5])
    assert steps == pytest.approx(np.full(SIDE - 1, 8.0), abs=1e-2)
    assert fine[0].mean() == pytest.approx(25 * 11.1, rel=0.01)
    assert wide[0, 10:14, 10:14, 10:14].mean() == pytest.approx(25 * 11.1, rel=0.02)


def test_beyond_the_scan_there_is_air():
    cut = PatchCutter(np.full((20, 20, 20), 50, np.int16), (1.0, 1.0, 1.0))
    fine, _ = cut([(0.0, 10.0, 10.0)])
    assert fine[0, 0].max() == -1000 and fine[0, -1].max() == 50
    away, _ = cut([(500.0, 10.0, 10.0)])
    assert (away == -1000).all()
    none, _ = cut([])
    assert none.shape == (0, SIDE, SIDE, SIDE)


def test_the_windows_show_lung_and_calcium():
    lung, calcium = network_input(np.array([-1000.0, -500.0, 600.0]).reshape(1, 1, 1, 3))[0]
    assert lung.ravel() == pytest.approx([-1.0, 0.0, 1.2])
    assert calcium.ravel() == pytest.approx([-1.0, -1.0, 1.125])


def test_boxes_come_back_from_what_the_network_shall_say():
    box = np.array([20.3, 30.1, 11.7, 8.0, 9.0, 7.0])
    labels, numbers = anchors.targets(box[None], (48, 48, 48))
    said = np.where(labels == 1, 5.0, -5.0)[:, None]
    proposals = np.concatenate([said, numbers], 1).reshape(-1, 12, 12, 12).astype(np.float32)
    boxes, logits = anchors.boxes_of(proposals, 0.0, start=(100, 0, 0))
    kept = anchors.non_maximum_suppression(boxes, logits)
    assert len(kept) == 1
    assert boxes[kept[0]] == pytest.approx(box + np.array([100, 0, 0, 0, 0, 0]), abs=1e-3)


def test_overlap_of_boxes():
    boxes = np.array([[0, 0, 0, 2, 2, 2], [1, 0, 0, 2, 2, 2], [9, 9, 9, 1, 1, 1]], float)
    assert anchors.iou(boxes, boxes[0]) == pytest.approx([1.0, 1 / 3, 0.0])
    kept = anchors.non_maximum_suppression(boxes, np.array([0.2, 0.9, 0.5]))
    assert kept.tolist() == [1, 2]


def test_the_way_to_the_network_s_grid_and_back_ends_where_it_began():
    hu, anatomy = a_scan_with_a_bright_ball()
    spacing = (2.0, 0.7, 0.7)
    image = detectvolume.lung_image(hu, anatomy.lungs.labels, spacing)
    bright = np.argwhere(image.values > 0.4).mean(0)
    assert image.to_scan(bright, spacing) == pytest.approx((20, 30, 30), abs=0.6)
    assert all(n % 16 == 0 for n in image.values.shape)
