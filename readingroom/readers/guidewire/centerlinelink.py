"""Chains of pixels joined to whole devices: through crossings and across gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from readingroom.readers.guidewire.skeleton import Chain

#: Length of a chain's end that gives its direction, px.
_DIRECTION_PX = 12
#: Up to this distance two ends belong to one crossing, px.
_CROSSING_PX = 10.0
#: Largest turn between two joined ends: in a crossing, and across a gap; cosines.
_TURN_CROSSING, _TURN_GAP = 0.35, 0.6
#: Shorter chains have no direction: bits of a crossing, which would join the wrong ends.
_SHORTEST_CHAIN = 4
#: A noisy mask falls into countless chains; the longest of them are enough.
_MOST_CHAINS = 80
#: A gap may be as long as this many times the shorter of the two chains: specks join nothing.
_GAP_SHARE = 1.5
#: Weight of a turn by 90 degrees against distance.
_TURN_COST = 3.0


@dataclass(frozen=True)
class Piece:
    """A chain as part of a device.

    Attributes
    ----------
    chain : ndarray, shape (n, 2)
    reverse : bool
        Whether the device passes it from its last point to its first.
    """

    chain: Chain
    reverse: bool

    @property
    def points(self) -> Chain:
        """The chain in the device's order."""
        return self.chain[::-1] if self.reverse else self.chain


@dataclass(frozen=True)
class _End:
    chain: int
    last: bool
    length: int
    at: npt.NDArray[np.float64]
    outward: npt.NDArray[np.float64]


def linked(chains: list[Chain], max_gap_px: float) -> list[list[Piece]]:
    """Return the chains of each device in order.

    Pairs of ends are joined one after another, the cheapest first: near ones, and ones that
    go on in each other's direction. No device closes to a ring.
    """
    chains = [chain for chain in chains if len(chain) >= _SHORTEST_CHAIN]
    chains = sorted(chains, key=len, reverse=True)[:_MOST_CHAINS]
    ends = [_end(chains, number, last) for number in range(len(chains)) for last in (False, True)]
    pairs = sorted(_pairs(ends, max_gap_px))
    partner: dict[int, int] = {}
    group = list(range(len(chains)))
    for _, a, b in pairs:
        first, second = _root(group, ends[a].chain), _root(group, ends[b].chain)
        if a in partner or b in partner or first == second:
            continue
        partner[a], partner[b] = b, a
        group[first] = second
    return _walks(chains, partner)


def end_direction(chain: Chain, last: bool) -> npt.NDArray[np.float64]:
    """Return the unit vector out of an end of a chain; zero for a chain of one point."""
    tail = chain[-_DIRECTION_PX:] if last else chain[:_DIRECTION_PX][::-1]
    vector = tail[-1] - tail[0]
    length = float(np.hypot(*vector))
    return np.asarray(vector / length if length > 0 else vector)


def _end(chains: list[Chain], number: int, last: bool) -> _End:
    chain = chains[number]
    at = chain[-1 if last else 0]
    return _End(number, last, len(chain), at, end_direction(chain, last))


def _pairs(ends: list[_End], max_gap_px: float) -> list[tuple[float, int, int]]:
    """Return cost and numbers of all pairs of ends that may be joined."""
    found = []
    places = np.array([end.at for end in ends]).reshape(-1, 2)
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    for a, b in np.argwhere(np.triu(apart <= max_gap_px, 1)).tolist():
        if ends[a].chain != ends[b].chain:
            cost = _cost(ends[a], ends[b], float(apart[a, b]))
            if cost is not None:
                found.append((cost, a, b))
    return found


def _cost(one: _End, other: _End, distance: float) -> float | None:
    """Return the cost of joining two ends; None if they turn too much to be one device."""
    straight = -float(one.outward @ other.outward)
    if not one.outward.any() or not other.outward.any():
        straight = 0.7
    if distance > max(_CROSSING_PX, _GAP_SHARE * min(one.length, other.length)):
        return None
    if distance <= _CROSSING_PX:
        alike, least = straight, _TURN_CROSSING
    else:
        across = (other.at - one.at) / distance
        alike = min(straight, float(one.outward @ across), -float(other.outward @ across))
        least = _TURN_GAP
    return None if alike < least else (distance + 2.0) * (1.0 + _TURN_COST * (1.0 - alike))


def _root(group: list[int], number: int) -> int:
    while group[number] != number:
        number = group[number]
    return number


def _walks(chains: list[Chain], partner: dict[int, int]) -> list[list[Piece]]:
    """Return the devices; an end is numbered ``2 * chain + last``."""
    devices, seen = [], set()
    for end in range(2 * len(chains)):
        if end // 2 in seen or end in partner:
            continue
        device, at = [], end
        while True:
            seen.add(at // 2)
            device.append(Piece(chains[at // 2], bool(at % 2)))
            out = at ^ 1
            if out not in partner:
                break
            at = partner[out]
        devices.append(device)
    return devices
