"""Published networks load by the names of their weights: MONAI's bundle, nnU-Net's results."""

from __future__ import annotations

import hashlib
import json
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from readingroom import networks
from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.inference.cards import load_card
from readingroom.inference.engine import Engine
from readingroom.readers.lungnodule import cards, monaidetect
from readingroom.readers.lungnodule.anatomy import find_anatomy
from readingroom.readers.lungnodule.detect import detect, detectors_of
from readingroom.readers.lungnodule.lungnetwork import lobes_by_totalsegmentator
from readingroom.readers.lungnodule.publicweights import (
    LOBE_LABELS,
    TOTAL_CARD,
    import_published,
)

WIDTHS, BLOCKS, PYRAMID = [4, 8], [1, 2], 8


@pytest.fixture(autouse=True)
def own_models(tmp_path, monkeypatch):
    monkeypatch.setenv("READINGROOM_MODELS", str(tmp_path / "models"))


@pytest.fixture
def engine():
    return Engine(device="cpu", precision="fp32")


# --- MONAI's bundle


def the_detector():
    """A small detector of the bundle's layout, whose first anchor likes what is bright."""
    torch.manual_seed(0)
    return networks.build("retinanet3d", widths=WIDTHS, blocks=BLOCKS, pyramid=PYRAMID)


def a_bundle(folder, *, model=None, checksum=None):
    """Write the bundle's files, its expressions as the model zoo has them."""
    (folder / "configs").mkdir(parents=True)
    (folder / "models").mkdir()
    config = {
        "anchor_generator": {
            "feature_map_scales": [1, 2, 4],
            "base_anchor_shapes": [[6, 8, 4], [8, 6, 5], [10, 10, 6]],
        },
        "backbone": "$monai.networks.nets.resnet.resnet50(spatial_dims=3,n_input_channels=1,"
        "conv1_t_stride=[2,2,1],conv1_t_size=[7,7,7])",
        "preprocessing": {"transforms": [{"pixdim": [0.703125, 0.703125, 1.25]}]},
    }
    (folder / "configs" / "inference.json").write_text(json.dumps(config))
    (folder / "configs" / "metadata.json").write_text(json.dumps({"version": "0.5.9"}))
    torch.save((model or the_detector()).state_dict(), folder / "models" / "model.pt")
    if checksum is not None:
        told = f'  - path: "models/model.pt"\n    url: "x"\n    hash_val: "{checksum}"\n'
        text = f'large_files:\n{told}    hash_type: "md5"\n'
        (folder / "large_files.yml").write_text(text)
    return folder


def test_the_bundle_becomes_a_card_with_the_layout_read_off_its_weights(tmp_path):
    card = import_published(a_bundle(tmp_path / "bundle"))
    assert (card.name, card.version) == (cards.MONAI, "0.5.9")
    kept = load_card(cards.MONAI)
    assert kept.arguments["widths"] == WIDTHS
    assert kept.arguments["blocks"] == BLOCKS
    assert (kept.arguments["kernel"], kept.arguments["stride"]) == ([7, 7, 7], [2, 2, 1])
    assert kept.input.spacing_mm == (1.25, 0.703125, 0.703125)


def test_the_card_computes_what_the_file_holds(tmp_path, engine):
    network = the_detector().eval()
    card = import_published(a_bundle(tmp_path / "bundle", model=network))
    image = torch.rand(1, 1, 32, 32, 16)
    with torch.no_grad():
        wanted = network(image).numpy()
    np.testing.assert_allclose(engine.session(card)(image.numpy()), wanted, atol=1e-6)


def test_a_traced_model_is_taken_for_its_weights(tmp_path):
    bundle = a_bundle(tmp_path / "bundle")
    (bundle / "models" / "model.pt").unlink()
    traced = torch.jit.trace(the_detector().eval(), torch.rand(1, 1, 32, 32, 16))
    traced.save(bundle / "models" / "model.ts")
    assert import_published(bundle).sha256


def test_the_bundles_own_checksum_is_verified(tmp_path):
    good = a_bundle(tmp_path / "one")
    digest = hashlib.md5((good / "models" / "model.pt").read_bytes()).hexdigest()
    card = import_published(a_bundle(tmp_path / "two", checksum=digest))
    assert "equal to the bundle's checksum" in card.training.data

    with pytest.raises(ReadingRoomError) as error:
        import_published(a_bundle(tmp_path / "three", checksum="0" * 32))
    assert error.value.code == "CARD_CHECKSUM"


def test_anchors_lie_as_the_published_generator_has_them(tmp_path):
    card = import_published(a_bundle(tmp_path / "bundle"))
    fine, middle, coarse = monaidetect.levels(card, (48, 32, 24))
    assert [len(at) for at, _ in (fine, middle, coarse)] == [3456, 432, 54]
    # Half of 5 voxels is rounded to 2; z runs fastest, the anchors of a place faster still.
    np.testing.assert_array_equal(fine[1][:4], [[6, 8, 4], [8, 6, 4], [10, 10, 6], [6, 8, 4]])
    np.testing.assert_array_equal(
        fine[0][[0, 2, 3, 36]], [[0, 0, 0], [0, 0, 0], [0, 0, 2], [0, 4, 0]]
    )
    np.testing.assert_array_equal(middle[1][1], [16, 12, 10])


class OneBox:
    """A session that sees one nodule: at a place of the network's image, of a size."""

    def __init__(self, card, place, size):
        self.card, self.place, self.size = card, np.array(place, float), np.array(size, float)

    def __call__(self, image):
        at, sizes = (
            np.concatenate(part)
            for part in zip(*monaidetect.levels(self.card, image.shape[2:]), strict=True)
        )
        rows = np.full((1, len(at), 7), -9.0, np.float32)
        near = int(np.linalg.norm(at - self.place, axis=1).argmin())
        shift = (self.place - at[near]) / sizes[near]
        rows[0, near] = [3.0, *shift, *np.log(self.size / sizes[near])]
        return rows


def test_a_box_is_found_where_the_nodule_lies(tmp_path):
    card = import_published(a_bundle(tmp_path / "bundle"))
    spacing = (1.25, 0.703125, 0.703125)
    lungs = np.zeros((60, 80, 80), np.uint8)
    lungs[10:50, 16:64, 16:64] = 1
    anatomy = SimpleNamespace(lungs=SimpleNamespace(labels=lungs))
    hu = np.full(lungs.shape, -850, np.int16)
    # The box begins 8 slices and 15 voxels before the lungs: (2, 1, 1).
    session = OneBox(card, place=(77 - 30, 77 - 25, 20 - 2), size=(10, 10, 6))
    engine = SimpleNamespace(session=lambda _: session)

    (found,) = monaidetect.monai_detections(engine, hu, spacing, anatomy)
    # Right and front are where this room's columns and rows begin.
    assert found.position_kji == pytest.approx((20.0, 26.0, 31.0), abs=1e-6)
    assert found.probability == pytest.approx(1 / (1 + np.exp(-3.0)), abs=1e-4)
    assert found.diameter_mm == pytest.approx((100 * 0.703125**2 * 6 * 1.25) ** (1 / 3))


def test_boxes_beyond_the_image_are_cut_or_dropped():
    boxes = np.array([[2.0, 10, 10, 8, 8, 8], [-5.0, 10, 10, 8, 8, 8]])
    kept, scores = monaidetect.clipped(boxes, np.array([0.9, 0.8]), (20, 20, 20))
    np.testing.assert_allclose(kept, [[3, 10, 10, 6, 8, 8]])
    assert scores.tolist() == [0.9]


def test_without_the_bundle_its_detector_is_refused_and_says_where_to_get_it(engine):
    hu, anatomy = np.zeros((4, 4, 4)), SimpleNamespace()
    with pytest.raises(RefusedInput) as refused:
        detect(engine, hu, (1.0, 1.0, 1.0), anatomy, detector="monai")
    assert refused.value.code == "CARD_MISSING"
    assert "lung_nodule_ct_detection" in refused.value.what_to_do


def test_an_ensemble_takes_the_bundle_in_where_it_is_there(tmp_path):
    assert "monai" not in detectors_of("ensemble")
    import_published(a_bundle(tmp_path / "bundle"))
    assert "monai" in detectors_of("ensemble")


# --- nnU-Net's results

LABELS = {"background": 0, "spleen": 1, **{name: n for n, name in enumerate(LOBE_LABELS, 2)}}
KERNELS, STRIDES = [[3, 3, 3], [3, 3, 3]], [[1, 1, 1], [2, 2, 2]]


def the_network(residual=False):
    """A small network that calls what is darker than -500 HU the right lower lobe."""
    torch.manual_seed(0)
    arguments = {"counts": [1, 1], "decoder_counts": [1], "features": [2, 4]}
    return networks.build(
        "plainconvunet", inputs=1, outputs=len(LABELS), kernels=KERNELS, strides=STRIDES,
        residual=residual, ct=[-1000, 300, -500, 400], **arguments,
    )  # fmt: skip


def old_plans():
    return {
        "dataset_name": "Dataset291_TotalSegmentator_part1_organs",
        "image_reader_writer": "NibabelIOWithReorient",
        "transpose_forward": [0, 1, 2],
        "foreground_intensity_properties_per_channel": {
            "0": {"mean": -500, "std": 400, "percentile_00_5": -1000, "percentile_99_5": 300}
        },
        "configurations": {
            "3d_fullres": {
                "UNet_class_name": "PlainConvUNet",
                "UNet_base_num_features": 2,
                "unet_max_num_features": 320,
                "n_conv_per_stage_encoder": [1, 1],
                "n_conv_per_stage_decoder": [1],
                "conv_kernel_sizes": KERNELS,
                "pool_op_kernel_sizes": STRIDES,
                "normalization_schemes": ["CTNormalization"],
                "spacing": [3.0, 3.0, 3.0],
                "patch_size": [16, 16, 16],
            }
        },
    }


def new_plans(network_class="ResidualEncoderUNet"):
    plans = old_plans()
    configuration = plans["configurations"]["3d_fullres"]
    for name in [n for n in configuration if "UNet" in n or "conv" in n or "pool" in n]:
        del configuration[name]
    counts = "n_blocks_per_stage" if "Residual" in network_class else "n_conv_per_stage"
    configuration["architecture"] = {
        "network_class_name": f"dynamic_network_architectures.architectures.unet.{network_class}",
        "arch_kwargs": {
            "n_stages": 2, "features_per_stage": [2, 4], "kernel_sizes": KERNELS,
            "strides": STRIDES, counts: [1, 1], "n_conv_per_stage_decoder": [1],
        },
    }  # fmt: skip
    return plans


def a_result(folder, plans=None, network=None, labels=LABELS):
    """Write a result folder; the weights named twice and thrice, as nnU-Net saves them."""
    folder = folder / "nnUNetTrainer__nnUNetPlans__3d_fullres"
    (folder / "fold_0").mkdir(parents=True)
    (folder / "plans.json").write_text(json.dumps(plans or old_plans()))
    (folder / "dataset.json").write_text(json.dumps({"labels": labels}))
    state = dict((network or the_network()).state_dict())
    twice = {f"decoder.{k}": v for k, v in state.items() if k.startswith("encoder.")}
    thrice = {k.replace(".conv.", ".all_modules.0."): v for k, v in state.items() if ".conv." in k}
    log = {"mean_fg_dice": [np.float64(0.5)], "epoch": np.int64(3)}
    content = {"network_weights": state | twice | thrice, "logging": log, "trainer_name": "x"}
    torch.save(content, folder / "fold_0" / "checkpoint_final.pth")
    return folder.parent


def test_a_result_that_draws_lobes_becomes_the_lobes_card(tmp_path):
    card = import_published(a_result(tmp_path / "weights"))
    assert card.name == TOTAL_CARD
    assert card.input.orientation == "SAR"
    assert card.classes[2] == "lung_upper_lobe_right"
    assert load_card(TOTAL_CARD).arguments["ct"] == [-1000.0, 300.0, -500.0, 400.0]


def test_another_result_is_named_after_its_data_set(tmp_path):
    card = import_published(a_result(tmp_path / "w", labels={f"c{n}": n for n in range(7)}))
    assert card.name == "nnunet-dataset291-totalsegmentator-part1-organs"


@pytest.mark.parametrize("residual", [False, True])
def test_the_network_of_the_plans_computes_what_the_file_holds(tmp_path, engine, residual):
    network = the_network(residual).eval()
    plans = new_plans("ResidualEncoderUNet" if residual else "PlainConvUNet")
    card = import_published(a_result(tmp_path / "weights", plans, network))
    image = 500 * torch.randn(1, 1, 8, 8, 8)
    with torch.no_grad():
        wanted = network(image).numpy()
    np.testing.assert_allclose(engine.session(card)(image.numpy()), wanted, atol=1e-5)


def test_a_zip_of_a_result_will_do(tmp_path):
    folder = a_result(tmp_path / "weights")
    with zipfile.ZipFile(tmp_path / "w.zip", "w") as archive:
        for path in folder.rglob("*.*"):
            archive.write(path, path.relative_to(folder))
    assert import_published(tmp_path / "w.zip").name == TOTAL_CARD


class DarkAndFrontal:
    """A backend that calls dark voxels the right lower lobe where rows begin, else the upper."""

    name, precision, device = "torch", "fp32", "cpu"

    def __init__(self, card, device):
        self.classes = card.classes

    def run(self, inputs):
        (image,) = inputs
        out = np.zeros((len(image), len(self.classes), *image.shape[2:]), np.float32)
        dark = image[:, 0] < -500
        out[:, self.classes.index("lung_lower_lobe_right")] = 2.0 * dark
        front = image[:, 0] < -900
        out[:, self.classes.index("lung_upper_lobe_right")] = 3.0 * front
        return out


def test_lobes_come_back_on_the_scans_own_grid_and_the_right_way_round(tmp_path):
    import_published(a_result(tmp_path / "weights"))
    hu = np.full((24, 40, 48), 40, np.int16)
    hu[6:18, 6:20, 6:20] = -700
    hu[6:18, 20:30, 6:20] = -950
    engine = Engine(device="cpu", open_backend=DarkAndFrontal)
    found = lobes_by_totalsegmentator(engine, hu, (1.5, 1.5, 1.5))
    wanted = np.where(hu < -900, 1, np.where(hu < -500, 3, 0))
    # The network's voxels are twice as wide: their borders are what may differ.
    assert (found == wanted).mean() > 0.95
    assert set(np.unique(found)) == {0, 1, 3}


def test_lungs_by_totalsegmentator_are_refused_where_it_is_not_installed(engine):
    from Testing.fixtures.lung_phantom import a_chest

    with pytest.raises(RefusedInput) as refused:
        find_anatomy(a_chest(), (2.0, 2.0, 2.0), engine=engine, method="totalsegmentator")
    assert refused.value.code == "CARD_MISSING"
    assert "Dataset291" in refused.value.what_to_do


@pytest.mark.parametrize(
    ("plans", "labels", "why"),
    [
        (new_plans("Primus"), LABELS, "Primus"),
        (old_plans() | {"transpose_forward": [2, 0, 1]}, LABELS, "order"),
        (old_plans(), {**LABELS, "spleen": [1, 2]}, "regions"),
        ({"configurations": {"2d": {}}}, LABELS, "three-dimensional"),
    ],
)
def test_results_of_other_kinds_are_refused(tmp_path, plans, labels, why):
    with pytest.raises(RefusedInput, match=why) as refused:
        import_published(a_result(tmp_path / "weights", plans, labels=labels))
    assert refused.value.code == "WEIGHTS_UNKNOWN"


def test_weights_that_do_not_fit_their_plans_are_refused(tmp_path):
    with pytest.raises(RefusedInput) as refused:
        import_published(a_result(tmp_path / "weights", network=the_network(residual=True)))
    assert refused.value.code == "WEIGHTS_UNKNOWN"


class Harmful:
    def __reduce__(self):
        return (print, ("run",))


def test_nothing_in_a_file_is_run(tmp_path, capsys):
    folder = a_result(tmp_path / "weights")
    (path,) = folder.rglob("checkpoint_final.pth")
    torch.save({"network_weights": Harmful()}, path)
    with pytest.raises(RefusedInput) as refused:
        import_published(folder)
    assert refused.value.code == "WEIGHTS_UNKNOWN"
    assert capsys.readouterr().out == ""


def test_a_folder_of_something_else_is_refused(tmp_path):
    with pytest.raises(RefusedInput) as refused:
        import_published(tmp_path)
    assert refused.value.code == "WEIGHTS_UNKNOWN"
