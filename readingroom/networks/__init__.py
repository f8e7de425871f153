"""Network architectures by name; one file each.

A model card names its architecture and the keyword arguments that build it.
"""

from __future__ import annotations

import importlib
from typing import Any

from torch import nn

_ARCHITECTURES = {
    "unet3d": "readingroom.networks.unet3d:UNet3d",
    "foldedunet3d": "readingroom.networks.foldedunet3d:FoldedUNet3d",
    "lesionnet3d": "readingroom.networks.lesionnet3d:LesionNet3d",
    "nodulenet3d": "readingroom.networks.nodulenet3d:NoduleNet3d",
    "characternet3d": "readingroom.networks.characternet3d:CharacterNet3d",
    "anchornet3d": "readingroom.networks.anchornet3d:AnchorNet3d",
    "retinanet3d": "readingroom.networks.retinanet3d:RetinaNet3d",
    "plainconvunet": "readingroom.networks.plainconvunet:PlainConvUNet",
    "lungmaskunet": "readingroom.networks.lungmaskunet:LungmaskUNet",
    "wirenet": "readingroom.networks.wirenet:WireNet",
    "wirelocator": "readingroom.networks.wirelocator:WireLocator",
    "fganet": "readingroom.networks.fganet:FgaNet",
    "unet2d": "readingroom.networks.unet2d:UNet2d",
}


def build(architecture: str, **arguments: Any) -> nn.Module:
    """Return a new network of the named architecture.

    Raises
    ------
    KeyError
        If the architecture is not known.
    """
    module, _, name = _ARCHITECTURES[architecture].partition(":")
    network: nn.Module = getattr(importlib.import_module(module), name)(**arguments)
    return network
