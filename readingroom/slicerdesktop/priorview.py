"""The prior scan beside the current one in 3D Slicer: two slice views, linked.

3D Slicer shows the prior scan brought onto the current one (under its transform node), so that
both views have one coordinate system and 3D Slicer's own slice link moves both. The browser
workbench shows it as it was acquired.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from readingroom.review.mrml.prior import PresentedPrior, present_prior
from readingroom.review.prior import TRANSFORM, folder_of, open_prior

#: The views of the current and of the prior scan.
CURRENT, PRIOR = "Red", "Yellow"


class PriorView:
    """Shows and hides the prior scan of the reading that is under review.

    Parameters
    ----------
    session : ReviewSession
    volume : vtkMRMLScalarVolumeNode
        The current scan's node.
    """

    def __init__(self, session: Any, volume: Any) -> None:
        self._session, self._volume = session, volume
        self._shown: PresentedPrior | None = None
        self._before: dict[str, Any] = {}
        self.how = ""

    @property
    def there(self) -> bool:
        """Whether the reading was compared with an earlier one that is still there."""
        return folder_of(self._session.reading, None) is not None

    def show(self, folder: Path | None = None) -> PresentedPrior:
        """Open the prior scan and arrange both views; return its nodes.

        Parameters
        ----------
        folder : Path, optional
            Of the prior reading, where the current one does not say.

        Raises
        ------
        RefusedInput
            ``NOT_A_READING`` and as `readingroom.review.prior.open_prior`.
        """
        self.hide()
        place = folder_of(self._session.reading, folder) or Path(folder or "")
        prior = open_prior(self._session.reading, self._session.volume, place)
        self.how = prior.link.how
        registered = prior.link.how == "registered"
        stored = self._session.reading.transforms.get(TRANSFORM) if registered else None
        labels = {one.label for one in self._session.reader.finding_classes}
        self._shown = present_prior(prior, stored, labels, self._volume.GetScene())
        self._arrange()
        return self._shown

    def hide(self) -> None:
        """Remove the prior scan, and arrange the views as they were."""
        if self._shown is not None:
            self._restore()
            self._shown.remove()
            self._shown = None

    def _arrange(self) -> None:
        import slicer

        layouts = slicer.app.layoutManager()
        composites = {name: _composite(layouts, name) for name in (CURRENT, PRIOR)}
        self._before = {
            "layout": layouts.layout,
            "orientation": _slice(layouts, PRIOR).GetOrientation(),
            "backgrounds": {n: c.GetBackgroundVolumeID() for n, c in composites.items()},
            "links": {n: c.GetLinkedControl() for n, c in composites.items()},
        }
        layouts.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutSideBySideView)
        assert self._shown is not None
        shown = {CURRENT: self._volume, PRIOR: self._shown.volume}
        for name, composite in composites.items():
            composite.SetBackgroundVolumeID(shown[name].GetID())
            composite.SetLinkedControl(True)
        self._same_window()
        self._same_place(layouts)

    def _same_window(self) -> None:
        assert self._shown is not None
        ours, theirs = self._volume.GetDisplayNode(), self._shown.volume.GetDisplayNode()
        theirs.SetAutoWindowLevel(False)
        theirs.SetWindowLevel(ours.GetWindow(), ours.GetLevel())

    def _same_place(self, layouts: Any) -> None:
        """Let the prior view be cut where, and as large as, the current one is."""
        ours, theirs = _slice(layouts, CURRENT), _slice(layouts, PRIOR)
        theirs.SetOrientation(ours.GetOrientation())
        theirs.GetSliceToRAS().DeepCopy(ours.GetSliceToRAS())
        theirs.SetFieldOfView(*ours.GetFieldOfView())
        theirs.UpdateMatrices()

    def _restore(self) -> None:
        import slicer

        layouts = slicer.app.layoutManager()
        for name in (CURRENT, PRIOR):
            composite = _composite(layouts, name)
            composite.SetLinkedControl(self._before["links"][name])
            composite.SetBackgroundVolumeID(self._before["backgrounds"][name])
        _slice(layouts, PRIOR).SetOrientation(self._before["orientation"])
        layouts.setLayout(self._before["layout"])


def _composite(layouts: Any, name: str) -> Any:
    return layouts.sliceWidget(name).mrmlSliceCompositeNode()


def _slice(layouts: Any, name: str) -> Any:
    return layouts.sliceWidget(name).mrmlSliceNode()
