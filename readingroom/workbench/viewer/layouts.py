"""Arrangements of the views: a CSS grid, so that no view is rebuilt when it changes."""

from __future__ import annotations

from dataclasses import dataclass

SLICES = ("axial", "coronal", "sagittal")
VIEWS = (*SLICES, "three_d")
#: Views of the prior scan, and the views of the current one that they follow.
PRIORS = {"prior_axial": "axial", "prior_coronal": "coronal"}


@dataclass(frozen=True)
class Layout:
    """One arrangement.

    Attributes
    ----------
    areas : str
        CSS ``grid-template-areas``.
    columns, rows : str
        CSS track sizes.
    icon : str
        Icon of its button; empty for arrangements that a double click gives.
    """

    areas: str
    columns: str = "minmax(0,1fr)"
    rows: str = "minmax(0,1fr)"
    icon: str = ""

    @property
    def views(self) -> list[str]:
        """Names of the views that are shown."""
        areas = self.areas.replace("'", " ").split()
        return [name for name in (*VIEWS, *PRIORS) if name in areas]

    @property
    def compares(self) -> bool:
        """Whether the prior scan is part of it."""
        return any(name in PRIORS for name in self.views)

    @property
    def style(self) -> str:
        """CSS of the grid."""
        return (
            f"grid-template-areas:{self.areas};grid-template-columns:{self.columns};"
            f"grid-template-rows:{self.rows};"
        )


_HALVES = "minmax(0,1fr) minmax(0,1fr)"

LAYOUTS: dict[str, Layout] = {
    "four_up": Layout(
        "'axial three_d' 'coronal sagittal'", _HALVES, _HALVES, "mdi-view-grid-outline"
    ),
    "mpr": Layout(
        "'axial coronal' 'axial sagittal'",
        "minmax(0,2fr) minmax(0,1fr)",
        _HALVES,
        "mdi-view-split-vertical",
    ),
    "axial": Layout("'axial'", icon="mdi-square-outline"),
    "one_plus_three": Layout(
        "'axial three_d' 'axial coronal' 'axial sagittal'",
        "minmax(0,2fr) minmax(0,1fr)",
        "minmax(0,1fr) minmax(0,1fr) minmax(0,1fr)",
        "mdi-view-quilt-outline",
    ),
    "three_d": Layout("'three_d'", icon="mdi-cube-outline"),
    "prior": Layout(
        "'axial prior_axial' 'coronal prior_coronal'",
        _HALVES,
        "minmax(0,3fr) minmax(0,2fr)",
        "mdi-compare",
    ),
    "prior_axial": Layout("'axial prior_axial'", _HALVES),
    "prior_coronal": Layout("'coronal prior_coronal'", _HALVES),
    "coronal": Layout("'coronal'"),
    "sagittal": Layout("'sagittal'"),
}
