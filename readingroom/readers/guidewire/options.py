"""The guidewire reader's options: the only place where they are described."""

from __future__ import annotations

from typing import Literal

from readingroom.options import ComputeOptions, option


class GuidewireOptions(ComputeOptions):
    """Options of the reader ``guidewire``."""

    series: str | None = option(
        None,
        en="Sequence",
        zh="图像序列",
        help_en="Sequence to read: its UID or its place, from 1; empty takes the longest.",
        help_zh="要判读的序列：UID 或从 1 起的次序；留空则取帧数最多者。",
    )
    first_frame: int = option(
        0,
        en="First frame",
        zh="起始帧",
        help_en="First frame to read, counted from 0.",
        help_zh="要判读的第一帧，从 0 起计。",
        ge=0,
    )
    last_frame: int | None = option(
        None,
        en="Last frame",
        zh="结束帧",
        help_en="Last frame to read; empty reads to the end.",
        help_zh="要判读的最后一帧；留空则到末尾。",
        ge=0,
    )
    preprocessing: str = option(
        "",
        en="Preprocessing",
        zh="预处理",
        help_en=(
            "Steps before the network, in order, with commas between: clahe, nlm, gamma, frangi, "
            "hessian, bottom_hat, subtract, temporal; empty for none."
        ),
        help_zh=(
            "进入网络之前的处理步骤，依次以逗号分隔：clahe、nlm、gamma、frangi、hessian、"
            "bottom_hat、subtract、temporal；留空为不处理。"
        ),
        advanced=True,
    )
    polarity: Literal["auto", "dark", "bright"] = option(
        "auto",
        en="Devices appear",
        zh="器械显示为",
        help_en="Whether devices are darker or brighter than what is around them.",
        help_zh="器械比周围更暗或更亮。",
        advanced=True,
    )
    threshold: float = option(
        0.5,
        en="Threshold",
        zh="阈值",
        help_en="Probability from which a pixel belongs to a device.",
        help_zh="像素归入器械所需的概率。",
        ge=0.05,
        le=0.95,
    )
    tracking: bool = option(
        True,
        en="Follow through time",
        zh="时间跟踪",
        help_en="Keeps each wire's identity and carries it through frames that hide it.",
        help_zh="保持每根导丝的编号，并在被遮挡的帧中推断其位置。",
    )
    hidden_frames: int = option(
        5,
        en="Frames carried through",
        zh="可推断帧数",
        help_en="For how many frames a wire that is hidden is still expected.",
        help_zh="导丝被遮挡后仍推断其位置的最多帧数。",
        advanced=True,
        ge=0,
        le=60,
    )
    longest_gap_px: float = option(
        40.0,
        en="Longest gap bridged",
        zh="可桥接的最大间隙",
        help_en="Gaps up to this length are bridged, and marked as inferred.",
        help_zh="不超过此长度的间隙将被桥接，并标为推断。",
        unit="{pixels}",
        advanced=True,
        ge=0.0,
        le=200.0,
    )
    shortest_px: float = option(
        25.0,
        en="Shortest device",
        zh="最短器械",
        help_en="What is seen of a device in a frame must be as long.",
        help_zh="一帧中可见的器械至少应有此长度。",
        unit="{pixels}",
        advanced=True,
        ge=5.0,
        le=500.0,
    )
    catheters: bool = option(
        True,
        en="Catheters too",
        zh="同时判读导管",
        help_en="Also outlines catheters.",
        help_zh="同时勾画导管。",
    )
