"""The sequence as a video with the devices drawn in: H.264 in MP4, for talks and teaching."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from readingroom.errors import RefusedInput
from readingroom.report.saving import complete_or_absent
from readingroom.terminology import concept

if TYPE_CHECKING:
    from readingroom.reading import Finding, Reading
    from readingroom.study import Volume

#: Smaller pictures are enlarged by whole numbers up to about this side, px.
_SIDE_PX = 512
_USUAL_RATE = 15
_INFERRED = (255, 210, 74)
_WORDS = {
    "en": "For research; not a medical device.",
    "zh": "For research; not a medical device. 仅供研究",
}
Picture = npt.NDArray[np.uint8]


def write(reading: Reading, volume: Volume, path: Path, *, language: str = "en") -> Path:
    """Write the annotated video; wires green, catheters blue, inferred parts yellow.

    The frames carry no name and no number of the patient.

    Raises
    ------
    RefusedInput
        ``NOT_A_CINE`` if what was read is a volume.
    """
    if not volume.projection:
        raise RefusedInput(
            "NOT_A_CINE",
            "What was read is a volume; a video is made of a sequence of frames.",
            "Choose other report formats.",
        )
    import av

    frames = _frames(reading, volume, language)
    first = next(frames)
    path.parent.mkdir(parents=True, exist_ok=True)
    with complete_or_absent(path) as partial, av.open(str(partial), "w", format="mp4") as out:
        stream: Any = out.add_stream("libx264", rate=_rate(reading))
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "18"}
        for picture in (first, *frames):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode())
    return path


def _frames(reading: Reading, volume: Volume, language: str) -> Iterator[Picture]:
    array = np.asarray(volume.array)
    low, high = (float(v) for v in np.percentile(array[:: max(len(array) // 8, 1)], (0.5, 99.5)))
    scale = max(1, round(_SIDE_PX / max(array.shape[1:])))
    shown: dict[int, list[Finding]] = {}
    for finding in reading.findings:
        if finding.state != "rejected" and finding.attributes.get("centerline_xy_px"):
            shown.setdefault(int(finding.attributes["frame"]), []).append(finding)
    for number, frame in enumerate(array):
        grey = np.clip((frame.astype(np.float32) - low) * (255.0 / max(high - low, 1e-6)), 0, 255)
        large = np.kron(grey.astype(np.uint8), np.ones((scale, scale), np.uint8))
        yield _drawn(_even(large), shown.get(number, []), scale, f"{number}  {_WORDS[language]}")


def _even(picture: Picture) -> Picture:
    """Return a picture whose sides are even, as the codec wants them."""
    rows, columns = picture.shape
    return np.pad(picture, ((0, rows % 2), (0, columns % 2)), mode="edge")


def _drawn(grey: Picture, findings: list[Finding], scale: int, words: str) -> Picture:
    image = Image.fromarray(grey).convert("RGB")
    pen = ImageDraw.Draw(image)
    for finding in findings:
        points = (np.asarray(finding.attributes["centerline_xy_px"]) + 0.5) * scale
        pen.line([tuple(p) for p in points], fill=concept(finding.label).rgb, width=max(1, scale))
        for start, stop in finding.attributes.get("inferred", []):
            part = points[max(start - 1, 0) : stop + 1]
            if len(part) > 1:
                pen.line([tuple(p) for p in part], fill=_INFERRED, width=max(1, scale))
        x, y = points[-1]
        pen.ellipse((x - 4, y - 4, x + 4, y + 4), outline=concept(finding.label).rgb)
    pen.text((6, 4), words.encode("ascii", "ignore").decode(), fill=(255, 255, 255))
    return np.asarray(image)


def _rate(reading: Reading) -> int:
    """Return frames a second out of the findings' times; 15 where they are not known."""
    times = {
        int(f.attributes["frame"]): float(f.attributes["time_ms"])
        for f in reading.findings
        if f.attributes.get("time_ms") is not None
    }
    frames = sorted(times)
    if len(frames) < 2 or times[frames[-1]] <= times[frames[0]]:
        return _USUAL_RATE
    rate = 1000.0 * (frames[-1] - frames[0]) / (times[frames[-1]] - times[frames[0]])
    return int(np.clip(round(rate), 1, 60))
