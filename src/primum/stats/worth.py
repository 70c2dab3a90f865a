"""How many labels would do without the judge: what a judge is worth to those who pay for labels."""

import numpy as np

from primum.stats.arms import Arm, by_unit, shares_of, weights_by_draw
from primum.stats.betting import betting_interval
from primum.stats.inputs import Bounds, Floats


def labels_alone(arms: tuple[Arm, ...], variance: float) -> float:
    """Return how many labels, drawn with equal chances, would give the `variance` that was found with the judge, for a mean
    or (of two arms) a difference. Not more than there are answers to label.

    Labels alone, c times as many, have Var(c) = sum over arms of u^2 S^2 (1 / (c n) - 1 / N) + V, where S^2 is the variance
    of the labels, u the part of the answers that is not known anyway, and V what stays when all N are labelled. V is the
    clustered variance of the labels alone as they were drawn, less the part of the draw, sum w^2 (1 - pi) (Y - ybar)^2.
    So Var(c) = `variance` gives c, and c n the answer; a judge who tells nothing gives about n.

    >>> from primum.stats.arms import make_arm
    >>> arm = make_arm(np.zeros(4), [0, 1, 2, 3], [0, 1, 0, 1], np.ones(4))
    >>> labels_alone((arm,), 1 / 12)  # all are labelled: V = 4/3 x 4 (1/2)^2 / 4^2, and no judge can help
    4.0
    """
    drawn, whole, left, count, most = 0.0, 0.0, 0.0, 0, 0
    blind, signs = np.zeros(np.unique(arms[0].units).size), (-1.0, 1.0) if len(arms) == 2 else (1.0,)
    for arm, sign in zip(arms, signs, strict=True):
        weights, first = weights_by_draw(arm)
        labels, n = arm.labels[first], weights.size
        y_bar = float(np.average(labels, weights=weights))
        off = labels - y_bar
        unknown = float(shares_of(arm)[~arm.known].sum())
        answers = np.unique(arm.draws[~arm.known]).size
        spread = unknown**2 * float(np.average(off**2, weights=weights)) * n / max(n - 1, 1)
        drawn, whole = drawn + spread / n, whole + spread / answers
        left -= float((weights**2 * (1 - arm.probabilities[first]) * off**2).sum())
        count, most = count + n, most + answers
        z = np.where(arm.known, arm.marks, y_bar)
        z[arm.places] += (arm.labels - y_bar) / arm.probabilities
        blind = blind + sign * by_unit(arm, z)
    families = by_unit(arms[0], arms[0].clusters.astype(np.float64)).astype(np.int64)
    totals = np.bincount(families, (blind - np.mean(blind)) / np.size(blind))
    labelled = np.unique(np.concatenate([arm.clusters[arm.places] for arm in arms])).size
    left += labelled / max(labelled - 1, 1) * float(totals @ totals)
    part = variance - max(left, 0.0) + whole
    return min(float(most), count * drawn / part) if part > 0 else float(most)


def labels_alone_by_betting(arm: Arm, width: float, effect: float, bounds: Bounds, level: float) -> float:
    """Return the same for an interval by betting, moved out by a design `effect`: its width is compared with that for labels
    that are spread as the weighted ones are, at the same places, and widths are taken to fall as 1 / sqrt(n)."""
    scale = bounds[1] - bounds[0]
    weights, first = weights_by_draw(arm)
    labels: Floats = (arm.labels[first] - bounds[0]) / scale
    code = np.unique(arm.units, return_inverse=True)[1]
    order = np.argsort(labels, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()
    even = labels[order][np.searchsorted(reached, (np.arange(labels.size) + 0.5) / labels.size)]
    answers = int(code.max()) + 1
    mean, weight = float(even.mean()), max(1.0, answers / labels.size)
    values = np.full(answers, mean)
    values[code[arm.places[first]][order]] = even
    low, high = (mean + effect * weight * (limit - mean) for limit in betting_interval(values, level=level))
    without = scale * (min(1.0, high) - max(0.0, low))
    most = float(np.unique(arm.draws[~arm.known]).size)
    return min(most, labels.size * (without / width) ** 2) if width > 0 else float(labels.size)
