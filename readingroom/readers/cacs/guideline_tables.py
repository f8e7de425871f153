"""Published numbers, as data. Marks: [2+] independent sources agree, [1] one source.

``KVP_CUTOFFS`` [1]
    Tube-voltage-adapted beginnings of the weights 1/2/3/4 in HU, after Gräni et al.,
    Eur Heart J Cardiovasc Imaging 2018;19:1362 (ultra-low-dose scoring thresholds) for
    70, 80 and 100 kVp; 135 kVp after public implementations. Attribution recalled, not
    checked against the paper.
``HOFF`` [1]
    Hoff et al., Am J Cardiol 2001;87:1335: Agatston scores at the 25th, 50th, 75th and
    90th percentile by sex and age (35 246 self-referred adults).
``MESA_PERCENTILES`` [1, taken from a single secondary source]
    McClelland et al., Circulation 2006;113:30: the same percentiles by ethnicity, sex and
    age at exactly 50, 60, 70 and 80 years.
"""

from __future__ import annotations

Cutoffs = tuple[float, float, float, float]
Percentiles = tuple[int, int, int, int]

#: Percentile columns of both tables.
PERCENTILE_COLUMNS = (25, 50, 75, 90)

KVP_CUTOFFS: dict[int, Cutoffs] = {
    70: (207, 318, 477, 636),
    80: (177, 271, 408, 544),
    100: (145, 222, 334, 446),
    120: (130, 200, 300, 400),
    135: (119, 183, 274, 364),
}

#: First age (whole years) of each row; the first row is "under 40", the last "over 74".
HOFF_AGES = (0, 40, 45, 50, 55, 60, 65, 70, 75)
HOFF: dict[str, tuple[Percentiles, ...]] = {
    "male": (
        (0, 1, 3, 14),
        (0, 1, 9, 59),
        (0, 3, 36, 154),
        (1, 15, 103, 332),
        (4, 48, 215, 554),
        (13, 113, 410, 994),
        (32, 180, 566, 1299),
        (64, 310, 892, 1774),
        (166, 473, 1071, 1982),
    ),
    "female": (
        (0, 0, 1, 3),
        (0, 0, 1, 4),
        (0, 0, 2, 22),
        (0, 0, 5, 55),
        (0, 1, 23, 121),
        (0, 3, 57, 193),
        (1, 24, 145, 410),
        (3, 52, 210, 631),
        (9, 75, 241, 709),
    ),
}

MESA_AGES = (50, 60, 70, 80)
MESA_PERCENTILES: dict[tuple[str, str], tuple[Percentiles, ...]] = {
    ("white", "female"): ((0, 0, 0, 8), (0, 0, 16, 102), (0, 13, 119, 391), (20, 106, 370, 921)),
    ("white", "male"): (
        (0, 0, 22, 110),
        (0, 28, 155, 452),
        (21, 145, 540, 1345),
        (103, 385, 1200, 2933),
    ),
    ("chinese", "female"): ((0, 0, 0, 12), (0, 0, 18, 105), (0, 5, 70, 246), (0, 32, 146, 398)),
    ("chinese", "male"): ((0, 0, 14, 89), (0, 5, 67, 242), (0, 34, 174, 487), (11, 81, 305, 769)),
    ("black", "female"): ((0, 0, 0, 9), (0, 0, 5, 74), (0, 0, 77, 310), (0, 47, 214, 582)),
    ("black", "male"): ((0, 0, 2, 45), (0, 0, 40, 173), (0, 32, 191, 575), (23, 141, 516, 1281)),
    ("hispanic", "female"): ((0, 0, 0, 2), (0, 0, 2, 50), (0, 1, 51, 203), (0, 45, 205, 557)),
    ("hispanic", "male"): (
        (0, 0, 9, 88),
        (0, 3, 75, 291),
        (1, 56, 247, 666),
        (36, 153, 494, 1221),
    ),
}
