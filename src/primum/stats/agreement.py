"""How far raters agree beyond chance: Cohen's and Fleiss' kappa, Krippendorff's alpha, Gwet's AC1.

Labels are codes 0..k-1, the places of the scale's k levels; -1 is a label that was not given. Every coefficient is a
function of tables that add up over things, so that a resample is a sum of tables (raters.py). The coefficients take any
leading shape `...`: () for the data, (B,) for B resamples. What is undefined is nan, never 0 or 1.
"""

import numpy as np
import numpy.typing as npt

from primum.stats.inputs import Codes, Floats


def cohen_kappa(table: npt.ArrayLike, distances: npt.ArrayLike) -> Floats:
    """Return Cohen's kappa (...) of two raters' counts `table` (..., k, k), weighted by `distances` (k, k).

    kappa = 1 - sum d o / sum d e, with o the shares of the table, e the product of its margins, and d the weight of a
    disagreement: 1 off the diagonal gives the plain kappa, (level_i - level_j)^2 the quadratic one. Range -1..1; 0 is
    chance. nan where nothing was counted, or where both raters gave one and the same label (sum d e = 0).

    Source: Cohen 1960, Educ. Psychol. Meas. 20:37-46; weighted: Cohen 1968, Psychol. Bull. 70:213-220.

    >>> float(cohen_kappa([[20, 5], [10, 15]], [[0, 1], [1, 0]]).round(9))  # (.7 - .5) / (1 - .5)
    0.4
    """
    counts, weights = np.asarray(table, dtype=np.float64), np.asarray(distances, dtype=np.float64)
    total = counts.sum((-2, -1))
    chance = counts.sum(-1)[..., :, None] * counts.sum(-2)[..., None, :]
    return 1 - ratio(total * (weights * counts).sum((-2, -1)), (weights * chance).sum((-2, -1)))


def krippendorff_alpha(coincidences: npt.ArrayLike, distances: npt.ArrayLike) -> Floats:
    """Return Krippendorff's alpha (...) of `coincidences` (..., k, k) under squared `distances` (..., k, k).

    alpha = 1 - (n - 1) sum_ck o_ck d_ck / sum_ck n_c n_k d_ck, n_c the margins of o and n their sum. Things with one
    label do not enter. Range about -1..1; 0 is chance. nan where only one label was given, or none.

    Source: Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, section D.

    >>> o = coincidences(np.array([[0, 0], [0, 1], [1, 1]]), 2).sum(0)  # [[2, 1], [1, 2]]: 1 - 5 x 2 / (2 x 3 x 3)
    >>> float(krippendorff_alpha(o, nominal(2)).round(9))
    0.444444444
    """
    o, d = np.asarray(coincidences, dtype=np.float64), np.asarray(distances, dtype=np.float64)
    margins = o.sum(-1)
    chance = (margins[..., :, None] * margins[..., None, :] * d).sum((-2, -1))
    return 1 - ratio((margins.sum(-1) - 1) * (o * d).sum((-2, -1)), chance)


def fleiss_kappa(coincidences: npt.ArrayLike) -> Floats:
    """Return Fleiss' kappa (...) of `coincidences` (..., k, k), made of things that all have the same number of labels.

    kappa = (P - sum_c p_c^2) / (1 - sum_c p_c^2), P the mean share of agreeing pairs of labels of a thing, which is the
    diagonal's share of the table, and p_c the share of label c. nan where only one label was given, or none.

    Source: Fleiss 1971, Psychol. Bull. 76:378-382.

    >>> o = coincidences(np.array([[0, 0], [0, 1], [1, 1]]), 2).sum(0)
    >>> float(fleiss_kappa(o).round(9))  # (2/3 - 1/2) / (1 - 1/2)
    0.333333333
    """
    o = np.asarray(coincidences, dtype=np.float64)
    total = o.sum((-2, -1))
    p = ratio(o.sum(-1), total[..., None])
    return 1 - ratio(1 - ratio(np.trace(o, axis1=-2, axis2=-1), total), 1 - (p * p).sum(-1))


def gwet_ac1(agreed: npt.ArrayLike, prevalence: npt.ArrayLike) -> Floats:
    """Return Gwet's AC1 (...) of the share of agreeing pairs `agreed` (...) and the labels' `prevalence` (..., k).

    AC1 = (P - e) / (1 - e), e = sum_c p_c (1 - p_c) / (k - 1), with k the labels of the *scale*, used or not, and p_c the
    mean over things of the share of its labels that are c (things with one label count here, as Gwet has it). It stands
    where all labels are alike: then e = 0. Range about -1..1. nan where nothing was counted or k < 2.

    Source: Gwet 2008, Br. J. Math. Stat. Psychol. 61:29-48; missing labels: Gwet 2014, Handbook of Inter-Rater
    Reliability, 4th ed., ch. 2.

    >>> float(gwet_ac1(0.9, [0.9, 0.1]).round(9))  # e = .18: (.9 - .18) / .82
    0.87804878
    """
    p, shares = np.asarray(agreed, dtype=np.float64), np.asarray(prevalence, dtype=np.float64)
    k = shares.shape[-1]
    if k < 2:
        return np.full(p.shape, np.nan)
    chance = (shares * (1 - shares)).sum(-1) / (k - 1)
    return 1 - ratio(1 - p, 1 - chance)


def nominal(k: int) -> Floats:
    """Return the distances (k, k) of labels that are alike or not: 0 on the diagonal, else 1."""
    return 1 - np.eye(k)


def squared(levels: npt.ArrayLike) -> Floats:
    """Return the squared differences (k, k) of the scale's `levels` (k,).

    >>> squared([1, 2, 4]).tolist()
    [[0.0, 1.0, 9.0], [1.0, 0.0, 4.0], [9.0, 4.0, 0.0]]
    """
    values = np.asarray(levels, dtype=np.float64)
    return (values[:, None] - values[None, :]) ** 2


def ordinal(margins: npt.ArrayLike) -> Floats:
    """Return Krippendorff's squared ordinal distances (..., k, k) of labels given `margins` (..., k) times.

    Between labels c and k lie the labels from c to k, those at both ends counted half; that number is squared.

    >>> ordinal([2, 2, 4]).tolist()  # 1 -> 2: (2 + 2) - 2 = 2; 2 -> 3: 3; 1 -> 3: 5
    [[0.0, 4.0, 25.0], [4.0, 0.0, 9.0], [25.0, 9.0, 0.0]]
    """
    counts = np.asarray(margins, dtype=np.float64)
    middles = np.cumsum(counts, axis=-1) - counts / 2
    return (middles[..., :, None] - middles[..., None, :]) ** 2


def coincidences(codes: Codes, k: int) -> Floats:
    """Return the coincidences (n, k, k) within each thing of `codes` (n, raters): every ordered pair of labels of
    different raters, over the thing's number of labels less one. A thing with fewer than two labels has none.

    >>> coincidences(np.array([[0, 1, -1]]), 2).tolist()
    [[[0.0, 1.0], [1.0, 0.0]]]
    """
    counts = label_counts(codes, k)
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(k)
    scaled: Floats = pairs / np.maximum(counts.sum(1) - 1, 1)[:, None, None]
    return scaled


def label_counts(codes: Codes, k: int) -> Codes:
    """Return how many of the labels (n, raters) of each thing are each of the k levels, (n, k).

    >>> label_counts(np.array([[0, 1, 1], [-1, 0, -1]]), 2).tolist()
    [[1, 2], [1, 0]]
    """
    counts: Codes = (codes[:, :, None] == np.arange(k)).sum(1)
    return counts


def ratio(part: npt.ArrayLike, whole: npt.ArrayLike) -> Floats:
    """Return part / whole (...), nan where the whole is 0 but for rounding.

    >>> ratio([1, 1], [2, 0]).tolist()
    [0.5, nan]
    """
    above, below = np.broadcast_arrays(np.asarray(part, np.float64), np.asarray(whole, np.float64))
    divided: Floats = np.divide(above, below, out=np.full(below.shape, np.nan), where=np.abs(below) > 1e-12)
    return divided
