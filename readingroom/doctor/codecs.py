"""Really decode a tiny image in each transfer syntax that CT archives use."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
    generate_uid,
)

Image = npt.NDArray[np.generic]

#: `_ramp` in the syntaxes that the packages here cannot encode at this size, ready-made
#: (JPEG lossless: process 14, first-order prediction).
_JPEG_LOSSLESS = base64.b64decode(
    "/9j/wwALEAAIAAgBAREA/8QAFgABAQEAAAAAAAAAAAAAAAAABgcP/9oACAEBAAEAAN+1EqVKlSpUtkSpUqVK"
    "lS2RKlSpUqVLZEqVKlSpUtkSpUqVKlS2RKlSpUqVLZEqVKlSpUtkSpUqVKlS/wD/2Q=="
)
_JPEG_2000 = base64.b64decode(
    "/0//UQApAAAAAAAIAAAACAAAAAAAAAAAAAAACAAAAAgAAAAAAAAAAAABjwEB/1IADAAAAAEAAgQEAAH/XAAKQICI"
    "iJCIiJD/ZAAqAAFDcmVhdGVkIGJ5IEdEQ00vT3BlbkpQRUcgdmVyc2lvbiAyLjMuMP+QAAoAAAAAADoAAf+TwD8w"
    "YAbLvaOLD8AH2gkAPwBADP9hxws3/p/AA+oFgA+0FCIaCF2PA36TrK//2QA="
)
#: JPEG baseline is lossy; a smooth ramp comes back within this.
_LOSSY = 4


def try_codecs() -> dict[str, bool]:
    """Return, by the name of the transfer syntax, whether its image came back right."""
    makers: dict[UID, Callable[[], Dataset]] = {
        ExplicitVRLittleEndian: lambda: _plain(ExplicitVRLittleEndian),
        DeflatedExplicitVRLittleEndian: lambda: _plain(DeflatedExplicitVRLittleEndian),
        RLELossless: lambda: _encoded(RLELossless),
        JPEGLossless: lambda: _ready_made(JPEGLossless, _JPEG_LOSSLESS),
        JPEGLosslessSV1: lambda: _ready_made(JPEGLosslessSV1, _JPEG_LOSSLESS),
        JPEGLSLossless: lambda: _encoded(JPEGLSLossless),
        JPEG2000Lossless: lambda: _ready_made(JPEG2000Lossless, _JPEG_2000),
        JPEGBaseline8Bit: _baseline,
    }
    return {uid.name: _comes_back(make) for uid, make in makers.items()}


def _comes_back(make: Callable[[], Dataset]) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the image is too small for pydicom's plausibility
            dataset = make()
            decoded = _written_and_read(dataset).pixel_array
    except (RuntimeError, ValueError, NotImplementedError, AttributeError, ImportError):
        return False
    wanted = _ramp(dataset.BitsAllocated).astype(float)
    tolerance = _LOSSY if dataset.file_meta.TransferSyntaxUID == JPEGBaseline8Bit else 0
    return decoded.shape == wanted.shape and bool(np.all(np.abs(decoded - wanted) <= tolerance))


def _ramp(bits: int) -> Image:
    """Return an 8 × 8 ramp; signed 16-bit with negative values, or unsigned 8-bit."""
    if bits == 16:
        return (np.add.outer(np.arange(8) * 100, np.arange(8) * 37) - 300).astype("<i2")
    return np.add.outer(np.arange(8) * 10, np.arange(8) * 5).astype("u1")


def _dataset(syntax: UID, bits: int = 16) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.SOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = generate_uid()
    dataset.Rows = dataset.Columns = 8
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelRepresentation = int(bits == 16)
    return dataset


def _plain(syntax: UID) -> Dataset:
    dataset = _dataset(syntax)
    dataset.PixelData = _ramp(16).tobytes()
    return dataset


def _encoded(syntax: UID) -> Dataset:
    dataset = _plain(ExplicitVRLittleEndian)
    dataset.compress(syntax)
    return dataset


def _ready_made(syntax: UID, frame: bytes) -> Dataset:
    dataset = _dataset(syntax)
    dataset.PixelData = encapsulate([frame])
    return dataset


def _baseline() -> Dataset:
    from PIL import Image as Pillow

    frame = io.BytesIO()
    Pillow.fromarray(_ramp(8)).save(frame, "JPEG", quality=95)
    dataset = _dataset(JPEGBaseline8Bit, bits=8)
    dataset.PixelData = encapsulate([frame.getvalue()])
    return dataset


def _written_and_read(dataset: Dataset) -> Dataset:
    file = io.BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    file.seek(0)
    return dcmread(file)
