"""From a judge's mark to what experts would say: a straight line, fitted without the families that it is used on."""

from typing import NamedTuple

import numpy as np

from primum.stats.arms import Arm, Mask, own_strata, shares_of
from primum.stats.inputs import Bounds, Codes, Floats

FOLDS = 10


def cross_fit(arms: tuple[Arm, ...], bounds: Bounds) -> tuple[list[Floats], list[Floats]]:
    """Return for each arm m (n,), what experts are expected to say, within `bounds`, and lambda (H,), by stratum.

    m = ybar + lambda (f - fbar): ybar and fbar are means over the labelled with weights 1 / pi scaled to sum to the answers
    (Hajek's form); the lambdas of all arms together minimise the estimated variance of the last arm's mean less the first's
    (or of the one arm's), summed within families, and are kept in 0..1. Families are dealt into ten folds by a fixed seed;
    m of a fold comes from the labels of the nine others, so that it knows nothing of the labels which are to correct it.
    The lambdas returned are means over the folds; nan for one of several strata in which all marks are alike. A stratum
    without labels has their overall mean, or the middle of the scale.
    """
    families = 1 + max(int(arm.clusters.max()) for arm in arms)
    folds = np.random.default_rng(0).permutation(families) % FOLDS
    strata = [own_strata(arm) for arm in arms]
    expected = [np.where(arm.known, arm.marks, sum(bounds) / 2) for arm in arms]
    lams = [np.zeros(int(codes.max()) + 1) for codes in strata]
    for k in range(FOLDS):
        fits = [_fit(arm, codes, folds[arm.clusters] != k, families) for arm, codes in zip(arms, strata, strict=True)]
        signs = (-1.0, 1.0) if len(arms) == 2 else (1.0,)
        lam = tune(
            np.sum([sign * fit.totals for sign, fit in zip(signs, fits, strict=True)], axis=0),
            np.hstack([sign * fit.slopes for sign, fit in zip(signs, fits, strict=True)]),
        )
        start = 0
        for i, (arm, fit) in enumerate(zip(arms, fits, strict=True)):
            own = lam[start : start + fit.labels.size]
            start += fit.labels.size
            lams[i] += own / FOLDS
            here = (folds[arm.clusters] == k) & ~arm.known
            h = strata[i][here]
            line = fit.labels[h] + own[h] * (arm.marks[here] - fit.marks[h])
            expected[i][here] = np.where(np.isnan(line), sum(bounds) / 2, np.clip(line, *bounds))
    for arm, codes, own in zip(arms, strata, lams, strict=True):
        for h in range(own.size if own.size > 1 else 0):
            here = (codes == h) & ~arm.known
            own[h] = own[h] if here.any() and np.ptp(arm.marks[here]) > 0 else np.nan
    return expected, lams


class _Fit(NamedTuple):
    """Means (H,) of labels and marks over the labelled, and what each family (G,) adds to the mean at lambda 0 (`totals`) and
    for each lambda (`slopes`, (G, H))."""

    labels: Floats
    marks: Floats
    totals: Floats
    slopes: Floats


def _fit(arm: Arm, strata: Codes, inside: Mask, families: int) -> _Fit:
    share, at = shares_of(arm) * (inside & ~arm.known), arm.places
    labels, weight = np.zeros(share.size), np.zeros(share.size)
    labels[at], weight[at] = arm.labels, share[at] / arm.probabilities
    overall = float(weight @ labels) / float(weight.sum()) if weight.any() else np.nan
    count = int(strata.max()) + 1
    y_bar, f_bar = np.full(count, overall), np.zeros(count)
    totals, slopes = np.zeros(families), np.zeros((families, count))
    for h in range(count):
        own, held = share * (strata == h), weight * (strata == h)
        if held.any():
            held *= own.sum() / held.sum()
            y_bar[h], f_bar[h] = float(held @ labels) / own.sum(), float(held @ arm.marks) / own.sum()
            centre = float(own @ arm.marks) / own.sum()
            totals += np.bincount(arm.clusters, held * (labels - y_bar[h]), families)
            slopes[:, h] = np.bincount(arm.clusters, (own - held) * (arm.marks - centre), families)
    return _Fit(y_bar, f_bar, totals, slopes)


def tune(totals: Floats, slopes: Floats) -> Floats:
    """Return the lambda (H,), each kept in 0..1, that minimises sum (totals + slopes lambda)^2 over families (G,), (G, H).

    >>> tune(np.array([1.0, -1.0]), np.array([[-2.0], [2.0]])).round(6).tolist()
    [0.5]
    """
    squares = slopes.T @ slopes
    scale = float(np.trace(squares))
    if scale <= 1e-20:  # the marks do not differ
        return np.zeros(slopes.shape[1])
    ridge = 1e-9 * scale * np.eye(slopes.shape[1])  # a stratum in which the marks do not differ
    return np.clip(np.linalg.solve(squares + ridge, -slopes.T @ totals), 0, 1)
