"""Acquisition facts: gating, contrast, times, kernels."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from readingroom import imaging
from readingroom.imaging.hints import contrast_hint
from readingroom.imaging.kernel import sharpness
from Testing.fixtures.dicom_phantom import some_anatomy, write_ct_slices


def facts_of(tmp_path, **attributes):
    def change(dataset, _k):
        for keyword, value in attributes.items():
            setattr(dataset, keyword, value)

    write_ct_slices(tmp_path, some_anatomy(2), change=change)
    return imaging.load(tmp_path).volumes[0].acquisition


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, None),
        ({"CardiacSynchronizationTechnique": "RETROSPECTIVE"}, True),
        ({"CardiacSynchronizationTechnique": "NONE", "ScanOptions": "ECG"}, False),
        ({"ScanOptions": ["HELICAL MODE", "CARDIAC_GATING"]}, True),
        ({"ScanOptions": "HELICAL MODE"}, None),
        ({"ScanOptions": "HELICAL MODE", "SpiralPitchFactor": 0.984}, False),
        ({"ScanOptions": "TRIGGER", "SpiralPitchFactor": 0.984}, True),
        ({"SpiralPitchFactor": 0.2}, None),
        ({"SpiralPitchFactor": 3.2}, None),
        ({"TriggerTime": "652"}, True),
        ({"HeartRate": "64"}, True),
        ({"HeartRate": "0"}, None),
        ({"SeriesDescription": "CaSc ECG-gated 3.0"}, True),
        ({"SeriesDescription": "Chest ungated low dose"}, False),
        ({"ProtocolName": "Lung non-gated", "HeartRate": "70"}, False),
        ({"SeriesDescription": "Cardiac 3.000"}, None),
        ({"SeriesDescription": "Prosthesis"}, None),
        ({"SeriesDescription": "4D lung resp gated"}, None),
        ({"ProtocolName": "Chest bolus trigger"}, None),
    ],
    ids=str,
)
def test_gating_follows_the_stated_rule(tmp_path, attributes, expected):
    assert facts_of(tmp_path, **attributes).gated is expected


def _coded_agent() -> Sequence:
    item = Dataset()
    item.CodeMeaning = "Iopamidol"
    return Sequence([item])


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, None),
        ({"ContrastBolusAgent": ""}, ""),
        ({"ContrastBolusAgent": "NONE"}, ""),
        ({"ContrastBolusAgent": "Omnipaque 350"}, "Omnipaque 350"),
        ({"ContrastBolusAgentSequence": _coded_agent()}, "Iopamidol"),
        ({"SeriesDescription": "CTA coronaries with contrast"}, None),
    ],
    ids=str,
)
def test_contrast_agent_comes_from_its_attributes_and_not_from_descriptions(
    tmp_path, attributes, expected
):
    assert facts_of(tmp_path, **attributes).contrast_agent == expected


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("ROUTINE CHEST NON-CON", False),
        ("CT CHEST W/O CONTRAST", False),
        ("胸部平扫", False),
        ("Arterial phase 1.0", True),
        ("腹部增强 动脉期", True),
        ("Thorax 5.0 B30f", None),
    ],
)
def test_descriptions_hint_at_contrast(description, expected):
    assert contrast_hint(description) is expected


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, "2024-01-31T10:11:12"),
        ({"AcquisitionDateTime": "20231224080910.123456+0100"}, "2023-12-24T08:09:10"),
        ({"AcquisitionDateTime": "20231224"}, "2024-01-31T10:11:12"),
        ({"AcquisitionTime": ""}, "2024-01-31"),
        ({"AcquisitionDate": "", "ContentDate": "20240203", "ContentTime": "0506"},
         "2024-02-03T05:06:00"),
    ],
    ids=str,
)  # fmt: skip
def test_time_of_acquisition(tmp_path, attributes, expected):
    assert facts_of(tmp_path, **attributes).acquired_at == expected


@pytest.mark.parametrize(
    ("kernel", "vendor", "expected"),
    [
        ("B35f", "SIEMENS", "soft"),
        ("Qr36d\\3", "Siemens Healthineers", "soft"),
        ("Br40f", "SIEMENS", "medium"),
        ("I31f\\3", "SIEMENS", "soft"),
        ("B46f", "SIEMENS", "medium"),
        ("Bl57d", "SIEMENS", "sharp"),
        ("B70s", "SIEMENS", "sharp"),
        ("STANDARD", "GE MEDICAL SYSTEMS", "medium"),
        ("SOFT", "GE MEDICAL SYSTEMS", "soft"),
        ("BONEPLUS", "GE MEDICAL SYSTEMS", "sharp"),
        ("B", "Philips", "soft"),
        ("YB", "Philips", "sharp"),
        ("XCB", "Philips Medical Systems", "medium"),
        ("FC12", "TOSHIBA", "soft"),
        ("FC03", "CANON_MEDICAL", "medium"),
        ("FC51", "TOSHIBA", "sharp"),
        ("LUNG", None, "sharp"),
        ("Br64", "", "sharp"),
        ("B", None, None),
        ("secret", "GE MEDICAL SYSTEMS", None),
        (None, "SIEMENS", None),
    ],
)
def test_kernels_by_vendor(kernel, vendor, expected):
    assert sharpness(kernel, vendor) == expected
