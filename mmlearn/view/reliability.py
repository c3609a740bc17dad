"""What was claimed beside what came true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.view.style import BLUE, GREY, ORANGE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_reliability(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike]], title: str = "", colours: Sequence[str] = ()
) -> Figure:
    """Reliability diagrams side by side; on the diagonal a claim of 70 % comes true in 70 of 100 cases.

    Args:
        curves: label -> (confidence, accuracy, items), as `mmlearn.score.calibration.reliability_curve` gives;
            the area of a dot grows with its items.
        title: of the figure.
        colours: one a curve; default: orange, blue.

    Returns the matplotlib figure. Raises ValueError for no curve.

    Built in: lesson 04.
    """
    import matplotlib.pyplot as plt

    if not curves:
        raise ValueError("expected at least one curve, got none")
    figure, axes = plt.subplots(1, len(curves), figsize=(4.1 * len(curves), 4.7), squeeze=False, sharey=True)
    chosen = [*colours, *(ORANGE, BLUE) * len(curves)]
    for axis, (label, (confidence, accuracy, items)), colour in zip(axes[0], curves.items(), chosen, strict=False):
        claimed, right, count = np.asarray(confidence), np.asarray(accuracy), np.asarray(items)
        axis.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1.2, label="as claimed")
        axis.vlines(claimed, claimed, right, color=colour, alpha=0.4, linewidth=3)
        axis.plot(claimed, right, color=colour, linewidth=1.5)
        axis.scatter(claimed, right, s=20 + 260 * count / count.max(), color=colour, label="what came true")
        # A little beyond 0 and 1, so that a dot on the edge is seen whole.
        axis.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), aspect="equal", title=label, xlabel="claimed probability")
    axes[0, 0].set_ylabel("share that came true")
    axes[0, 0].legend(loc="upper left", fontsize=9)
    figure.suptitle(title, weight="bold")
    return figure
