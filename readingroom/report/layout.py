"""What the report of a reader consists of: columns, labels, words; one `Layout` each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: English and Chinese.
Label = tuple[str, str]


@dataclass(frozen=True)
class Column:
    """A column of a table of structures.

    Attributes
    ----------
    quantity : str
        Measurement name without the structure; empty counts the scored findings.
    attribute : str
        Of a finding, shown instead of a measurement.
    words : Mapping of str to Label
        What the attribute's values are called.
    decimals : int
        Digits after the point for values below 10; larger ones show one less.
    """

    quantity: str
    label: Label
    decimals: int = 1
    optional: bool = False
    attribute: str = ""
    words: Mapping[str, Label] = field(default_factory=dict)


@dataclass(frozen=True)
class Layout:
    """The report of one reader.

    Attributes
    ----------
    headline : str
        Measurement shown large.
    rows, beside : Mapping of str to Label
        Structures inside the headline's total, and structures outside it.
    single : Mapping of str to Label
        Further measurements shown one by one, where present.
    shown : tuple of str
        Labels of findings that key images and lists show, the most important first; empty
        shows all.
    short : Mapping of str to str
        Labels as written on images.
    crop_to : str
        Mask segment that key images are cropped to.
    window : tuple of float
        Centre and width of the display window, HU.
    headline_category : str
        Category whose meaning stands under the headline's number.
    headline_warning, banner : Label or None
        Stand under the headline's number and across the page where the numbers are not
        what a reader of the page would take them for.
    structure_label, findings_title : Label or None
        Heads of the column of structures and of the list of findings.
    meaning_lines : int
        Lines that the meaning of a category may take.
    wide_columns : tuple of Column
        Columns of the list of findings where it takes the width of the page; empty puts a
        short one beside the images.
    numbered : bool
        Findings are named by their id, followed by the columns of `detail`.
    smallest_crop_mm : float
        Side of the smallest key image.
    said : tuple of Column
        Attributes that describe a finding, where all of it is shown.
    lines : tuple of str
        Attributes of findings that hold the two ends of a line to draw, LPS mm.
    """

    title: Label
    headline: str
    headline_label: Label
    columns: tuple[Column, ...]
    rows: Mapping[str, Label]
    beside: Mapping[str, Label]
    beside_title: Label
    single: Mapping[str, Label]
    categories: Mapping[str, Label]
    finding_score: str
    finding_columns: tuple[Column, ...]
    shown: tuple[str, ...]
    short: Mapping[str, str]
    crop_to: str
    window: tuple[float, float]
    none_found: Label
    headline_category: str = ""
    headline_warning: Label | None = None
    banner: Label | None = None
    structure_label: Label | None = None
    findings_title: Label | None = None
    meaning_lines: int = 2
    wide_columns: tuple[Column, ...] = ()
    numbered: bool = False
    detail: tuple[Column, ...] = ()
    smallest_crop_mm: float = 120.0
    lines: tuple[str, ...] = ()
    said: tuple[Column, ...] = ()
