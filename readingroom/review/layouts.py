"""Arrangements of the views that both doors offer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """One arrangement of the views."""

    name: str
    title: dict[str, str]


LAYOUTS = (
    Layout("four_up", {"en": "Four views", "zh": "四视图"}),
    Layout("one_plus_three", {"en": "One large, three small", "zh": "一大三小"}),
    Layout("mpr", {"en": "Three planes", "zh": "三平面"}),
    Layout("prior", {"en": "Current and prior scan", "zh": "本次与既往对照"}),
    Layout("axial", {"en": "Axial", "zh": "轴位"}),
    Layout("coronal", {"en": "Coronal", "zh": "冠状位"}),
    Layout("sagittal", {"en": "Sagittal", "zh": "矢状位"}),
    Layout("three_d", {"en": "3D", "zh": "三维"}),
)
