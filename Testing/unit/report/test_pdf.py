"""The report is one page, says what matters in both languages, and never runs off the paper."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.reading import NoteRecord
from readingroom.report import pdf, text
from readingroom.report.keyimage import SIZE_PX, key_images
from readingroom.report.orientation import display_of
from Testing.fixtures.dicom_phantom import CORONAL, SAGITTAL
from Testing.fixtures.report_cases import LESIONS, a_reading, a_study, many_lesions

A4 = (595.3, 841.9)
MARGIN = 33.0


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return a_study(tmp_path_factory.mktemp("ct"))


@pytest.fixture
def page(study, tmp_path):
    """Write a report and return its only page."""

    def _page(reading, language="en", study=study):
        path = pdf.write(reading, study.volumes[0], tmp_path / "report.pdf", language)
        pages = PdfReader(path).pages
        assert len(pages) == 1
        return pages[0]

    return _page


def words(page) -> str:
    return re.sub(r"\s+", " ", page.extract_text())


def a_wordy_note(number: int) -> NoteRecord:
    return NoteRecord(
        code=f"NOTE_{number}",
        severity="warning" if number % 2 else "info",
        message="What limits this score is said at such length that no page could hold it. " * 5,
        message_zh="限制此积分的因素说得太长，一页纸无论如何也放不下。" * 12,
    )


def a_wordy_reading(study, lesions, **fields):
    """Return a reading in which everything is too long."""
    reading = a_reading(study, lesions, notes=[a_wordy_note(n) for n in range(30)], **fields)
    reading.study.patient["name"] = "Featherstonehaugh^Bartholomew Alexander Maximilian^^Prof"
    reading.study.patient["id"] = "HOSPITAL-0123456789-ABCDEFGHIJ-42"
    reading.study.series[0].description = "CALCIUM SCORE 3.0 Qr36 3 BestDiast 72 % MPR DEV"
    for category in reading.categories.values():
        category.meaning = "a meaning that goes on and on " * 6
    return reading


def test_the_numbers_that_matter_are_on_the_page(study, page):
    reading = a_reading(study)

    found = words(page(reading))

    assert "Agatston score, coronary total" in found
    assert f"{reading.measurements['agatston_score'].value:.0f}" in found
    assert "Right coronary (RCA) 167 125 40 1" in found
    assert "Left circumflex (LCX) 0 0 0 0" in found
    assert "Total 490 406 135 4" in found
    assert "Ascending aorta 125 94" in found
    assert "CAC-DRS: A3/N3" in found
    assert "Severe calcium" in found
    assert "The scan is not ECG-gated" in found


def test_who_made_it_and_what_it_is_good_for_is_said(study, page):
    found = words(page(a_reading(study)))

    assert "Machine proposal, not reviewed" in found
    assert "Not signed" in found
    assert "For research use. Not a medical device; a physician decides." in found
    assert "ReadingRoom 0.1.0, reader cacs 0.1.0, revision 1" in found
    assert "cacs-lesion (11111111)" in found
    assert "Phantom, Test" in found
    assert "120 kVp, not ECG-gated, 2.5 mm slices, every 2.5 mm, B35f" in found


def test_a_signed_reading_names_who_signed_and_when(study, page):
    reading = a_reading(
        study,
        status="signed",
        reviewer="Lee^Ann",
        audit=[{"what": "sign", "when": "2026-03-15T08:30:00+00:00"}],
    )

    found = words(page(reading))

    assert "Signed: Lee, Ann, 2026-03-15 08:30" in found
    assert "Not signed" not in found
    assert "not reviewed" not in found


def test_a_reviewed_reading_is_not_taken_for_a_signed_one(study, page):
    found = words(page(a_reading(study, status="reviewed", reviewer="Lee^Ann")))

    assert "Reviewed by Lee, Ann · Not signed" in found


def test_chinese_is_chinese_throughout(study, page):
    found = words(page(a_reading(study), "zh"))

    for expected in (
        "冠状动脉钙化",
        "重度钙化",
        "右冠状动脉 (RCA) 167 125 40 1",
        "升主动脉",
        "非心电门控扫描：运动使钙化模糊。",
        "仅供研究使用。并非医疗器械；由医师作出判断。",
        "未签署",
        "机器结果，未经复核",
    ):
        assert expected in found
    english = re.findall(r"[A-Za-z]{5,}", found)
    names = {
        "Agatston",
        "PHANTOM",
        "Phantom",
        "Chest",
        "SIEMENS",
        "ReadingRoom",
        "lesion",
        "anatomy",
    }
    assert set(english) <= names


def test_contrast_derived_values_are_headed_as_such(study, page):
    found = words(page(a_reading(study, contrast_derived=True)))

    assert "CONTRAST-DERIVED VALUES — NOT AN AGATSTON SCORE" in found
    assert "Contrast-derived calcium score" in found
    assert "Agatston score, coronary total" not in found
    assert "CAC-DRS" not in found
    assert "Total 490 406 135 4" in found


def test_a_zero_score_shows_what_was_looked_at(tmp_path, page):
    study = a_study(tmp_path / "ct", ())
    reading = a_reading(study, ())

    found = page(reading, study=study)

    assert "No calcified lesion was found." in words(found)
    assert "No calcium detected" in words(found)
    assert words(found).count("no lesion") == 4


def test_a_rejected_finding_is_neither_listed_nor_shown(study, page):
    reading = a_reading(study)
    reading.finding("lesion-004").state = "rejected"

    captions = [image.caption_en for image in key_images(reading, study.volumes[0])]

    assert not any("RCA" in caption for caption in captions)
    assert re.search(r"Right coronary \(RCA\) .* 0 ", words(page(reading)))


def test_what_does_not_fit_says_where_the_rest_is(tmp_path, page):
    lesions = many_lesions(60)
    study = a_study(tmp_path / "ct", lesions)

    found = words(page(a_wordy_reading(study, lesions), study=study))

    assert re.search(r"and \d+ more, see the CSV table", found)
    assert re.search(r"and \d+ more, see reading.json", found)
    assert "HOSPITAL-0123456789-ABCDEFGHIJ-42" in found.replace(" ", "")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("contrast_derived", [False, True])
def test_nothing_leaves_the_paper(tmp_path, page, language, contrast_derived):
    lesions = many_lesions(60)
    study = a_study(tmp_path / "ct", lesions)
    reading = a_wordy_reading(study, lesions, contrast_derived=contrast_derived)
    placed = []

    def visit(piece, _cm, tm, _font, size):
        if piece.strip():
            end = max(text.width(line, size) for line in piece.split("\n"))
            placed.append((tm[4], tm[5], tm[4] + end))

    page(reading, language, study).extract_text(visitor_text=visit)

    assert len(placed) > 50
    assert min(left for left, _, _ in placed) >= MARGIN
    assert max(right for _, _, right in placed) <= A4[0] - MARGIN + 1
    assert min(y for _, y, _ in placed) >= MARGIN
    assert max(y for _, y, _ in placed) <= A4[1] - MARGIN


def test_a_reader_without_a_layout_shows_its_measurements(study, page):
    reading = a_reading(study)
    reading.reader = "another"

    found = words(page(reading))

    assert "Agatston score 489.6" in found
    assert re.search(r"and \d+ more, see the CSV table", found)
    assert "Findings" in found


def test_a_volume_that_is_not_dicom_can_be_reported(study, page):
    volume = replace(study.volumes[0], instance_uids=(), files=())

    assert "490" in words(page(a_reading(study), study=replace(study, volumes=(volume,))))


def test_an_unknown_language_is_refused(study, tmp_path):
    with pytest.raises(RefusedInput) as caught:
        pdf.write(a_reading(study), study.volumes[0], tmp_path / "r.pdf", "xx")
    assert caught.value.code == "LANGUAGE_UNKNOWN"
    assert not list(tmp_path.iterdir())


def test_a_missing_font_is_one_clear_message(study, tmp_path, monkeypatch):
    monkeypatch.setenv("READINGROOM_RESOURCES", str(tmp_path / "nowhere"))
    text._font.cache_clear()
    with pytest.raises(ReadingRoomError) as caught:
        text.width("A", 10)
    assert caught.value.code == "FONT_MISSING"


class TestKeyImages:
    def picture(self, image) -> np.ndarray:
        return np.asarray(Image.open(io.BytesIO(image.png)))

    def test_slices_with_the_most_calcium_come_first(self, study):
        images = key_images(a_reading(study), study.volumes[0], n=2)

        assert [image.slice_index for image in images] == [13, 11]
        assert images[0].caption_en == "Slice 14/24, z 72.5 mm: LAD"

    def test_each_lesion_is_outlined_in_its_colour_around_bright_calcium(self, study):
        reading = a_reading(study)
        (image,) = key_images(reading, study.volumes[0], n=1)

        pixels = self.picture(image).astype(int)

        grey = pixels.max(axis=2) - pixels.min(axis=2) < 10
        coloured = np.argwhere(~grey[: SIZE_PX - 60])
        red, green, blue = pixels[tuple(coloured.T)].mean(axis=0)
        assert red > green > blue  # the orange of LAD
        top, left = coloured.min(axis=0)
        outline = pixels[top : top + 60, left : left + 80]
        assert (outline.min(axis=2) > 230).sum() > 50

    def test_outlines_lie_on_the_lesion_in_the_patient(self, study):
        reading = a_reading(study, [LESIONS[3]])
        (image,) = key_images(reading, study.volumes[0], n=1)
        pixels = self.picture(image)

        white = np.argwhere((pixels.min(axis=2) > 240)[40 : SIZE_PX - 60, 40 : SIZE_PX - 40]) + 40

        heart = reading.masks.mask("HEART").any(axis=0)
        rows, columns = (np.flatnonzero(heart.any(axis=a)) for a in (1, 0))
        middle = np.array([rows[0] + rows[-1] + 1, columns[0] + columns[-1] + 1]) / 2
        side = max(np.ptp(rows) + 1, np.ptp(columns) + 1) * 2.5 + 24
        scale = SIZE_PX / max(side, 120) * 2.5
        expected = (np.array([31.0, 23.0]) - middle) * scale + SIZE_PX / 2
        centre = white[np.linalg.norm(white - expected, axis=1) < 30].mean(axis=0)
        np.testing.assert_allclose(centre, expected, atol=3)

    @pytest.mark.parametrize(
        ("changes", "letters"),
        [
            ({}, ("R", "L", "A", "P")),
            ({"step": (0, 0, -2.5)}, ("R", "L", "A", "P")),
            ({"directions": ((-1, 0, 0), (0, -1, 0))}, ("R", "L", "A", "P")),
            ({"directions": ((0, 1, 0), (1, 0, 0))}, ("R", "L", "A", "P")),
            ({"directions": CORONAL, "step": (0, 2.5, 0)}, ("R", "L", "H", "F")),
            ({"directions": SAGITTAL, "step": (2.5, 0, 0)}, ("A", "P", "H", "F")),
        ],
    )
    def test_slices_are_shown_in_radiological_convention(self, tmp_path, changes, letters):
        volume = a_study(tmp_path / "ct", **changes).volumes[0]
        display = display_of(volume)

        shown = display.apply(np.arange(np.prod(volume.shape[1:])).reshape(volume.shape[1:]))

        assert display.letters == letters
        j, i = np.divmod(shown, volume.shape[2])
        lps = volume.lps_from_kji(np.stack([np.zeros_like(j), j, i], axis=-1))
        towards = {"L": (0, 1), "P": (1, 1), "F": (2, -1)}
        axis, sign = towards[letters[1]]
        assert (sign * np.diff(lps[..., axis], axis=1) > 0).all()
        axis, sign = towards[letters[3]]
        assert (sign * np.diff(lps[..., axis], axis=0) > 0).all()

    def test_without_masks_the_middle_of_the_images_is_shown(self, study):
        images = key_images(a_reading(study, masks=None), study.volumes[0])

        assert len(images) == 4
        assert all(image.caption_en.endswith("no lesion") for image in images)


class TestText:
    def test_long_latin_breaks_between_words(self):
        lines = text.wrap("one two three four five six", 10, 60)
        assert " ".join(lines) == "one two three four five six"
        assert all(text.width(line, 10) <= 60 for line in lines)

    def test_no_line_begins_with_a_closing_mark(self):
        lines = text.wrap("钙化，积分。" * 20, 10, 55)
        assert not any(line[0] in "，。" for line in lines)
        assert "".join(lines) == "钙化，积分。" * 20

    def test_a_word_wider_than_the_line_is_cut(self):
        lines = text.wrap("1.2.826.0.1.3680043.10.1.1.99999", 10, 50)
        assert "".join(lines) == "1.2.826.0.1.3680043.10.1.1.99999"
        assert all(text.width(line, 10) <= 50 for line in lines)

    def test_what_is_cut_off_ends_with_an_ellipsis(self):
        lines = text.wrap("one two three four five six", 10, 60, lines=2)
        assert len(lines) == 2
        assert lines[1].endswith("…")
        assert text.width(lines[1], 10) <= 60

    @pytest.mark.parametrize("bold", [False, True])
    def test_no_character_is_lost_for_want_of_a_glyph(self, bold):
        runs = text._runs("Ö≥µ³ κ 钙化\N{GRINNING FACE}\t", bold)
        assert "".join(part for _, part in runs) == "Ö≥µ³ κ 钙化\N{WHITE SQUARE} "
