"""The exercises of lesson 05 on a joint distribution: multiply experts, fill in what is missing."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.checks.lesson_05_cca import power
from mmlearn.types import FloatArray

Generator = np.random.Generator


def product_of_gaussians(means: FloatArray, precisions: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The course's answer to 05.4: the package's function, as a plain pair."""
    from mmlearn.fuse.joint import product_of_gaussians as multiply

    product = multiply(means, precisions)
    return product.mean, product.precision


def _experts(generator: Generator, m: int, *shape: int) -> tuple[FloatArray, FloatArray]:
    return generator.normal(size=(m, *shape)) * 3, generator.uniform(0.2, 4, (m, *shape))


def _silent(generator: Generator) -> tuple[FloatArray, FloatArray]:
    means, precisions = _experts(generator, 3, 4)
    precisions[2] = 0
    return means, precisions


def _combined(means: FloatArray, weights: FloatArray, precision: Any) -> tuple[FloatArray, Any]:
    with np.errstate(divide="ignore", invalid="ignore"):
        return (weights * means).sum(axis=0) / weights.sum(axis=0), precision


def _by_variance(means: FloatArray, precisions: FloatArray) -> tuple[FloatArray, Any]:
    with np.errstate(divide="ignore", invalid="ignore"):
        return _combined(means, 1 / precisions, precisions.sum(axis=0))


def _variances_added(means: FloatArray, precisions: FloatArray) -> tuple[FloatArray, Any]:
    with np.errstate(divide="ignore"):
        return _combined(means, precisions, 1 / (1 / precisions).sum(axis=0))


def _precisions_for_variances(means: FloatArray, precisions: FloatArray) -> tuple[FloatArray, Any]:
    with np.errstate(divide="ignore", invalid="ignore"):
        return _combined(means, 1 / precisions, 1 / (1 / precisions).sum(axis=0))


def _numbers_multiplied(means: FloatArray, precisions: FloatArray) -> tuple[FloatArray, Any]:
    with np.errstate(divide="ignore", invalid="ignore"):
        return (means * precisions).prod(axis=0) / precisions.prod(axis=0), precisions.prod(axis=0)


EXPERTS = Exercise(
    id="05.4",
    title="A product of experts",
    reference="mmlearn.checks.lesson_05_joint.product_of_gaussians",
    cases=(
        Case("2 experts about one number", lambda g: _experts(g, 2, 1)),
        Case("3 experts about 5 numbers each", lambda g: _experts(g, 3, 5)),
        Case("2 experts about a table of 4 x 3", lambda g: _experts(g, 2, 4, 3)),
        Case("3 experts, the last knows nothing (precision 0)", _silent),
    ),
    mistakes=(
        Mistake(
            lambda m, p: (m.mean(axis=0), p.sum(axis=0)),
            "The plain mean trusts everybody equally: weigh each mean by its precision.",
        ),
        Mistake(
            _by_variance,
            "You weigh by the variances, so the least sure expert counts most: weigh by the precisions.",
        ),
        Mistake(
            lambda m, p: _combined(m, p, p.mean(axis=0)),
            "Precisions add up: two witnesses are surer than one. Yours are averaged.",
        ),
        Mistake(
            lambda m, p: _combined(m, p, p.prod(axis=0)),
            "The densities are multiplied, and in their exponents that is a SUM of precisions, not a product.",
        ),
        Mistake(
            lambda m, p: _combined(m, p, 1 / p.sum(axis=0)),
            "The second result is the variance; asked is the precision, one over it.",
        ),
        Mistake(
            _variances_added,
            "You add up variances: then more experts would know less. Precisions add up.",
        ),
        Mistake(
            lambda m, p: ((p * m).sum(axis=0), p.sum(axis=0)),
            "The weighted sum still has to be divided by the sum of the weights.",
        ),
        Mistake(
            lambda m, p: ((p * m).mean(axis=0), p.sum(axis=0)),
            "Divide by the sum of the precisions, not by the number of experts.",
        ),
        Mistake(
            lambda m, p: _combined(m, p**2, p.sum(axis=0)),
            "Your weights are squared precisions; the plain precision is the weight.",
        ),
        Mistake(
            lambda m, p: _combined(m, np.sqrt(p), p.sum(axis=0)),
            "You weigh by one over the standard deviation; precision is one over the variance.",
        ),
        Mistake(
            _precisions_for_variances,
            "You take the precisions for variances. Precision is 1 / variance already: it is the weight itself.",
        ),
        Mistake(
            _numbers_multiplied,
            "The bells are multiplied, not the numbers: precisions add up, and the mean is a weighted mean.",
        ),
        Mistake(
            lambda m, p: (m.sum(axis=0), p.sum(axis=0)),
            "You add the means up as they are: weigh each by its precision, then divide by the sum of the weights.",
        ),
        Mistake(
            lambda m, p: ((m * p).sum(axis=-1) / p.sum(axis=-1), p.sum(axis=-1)),
            "The experts lie along axis 0; you add up along the last one.",
        ),
        Mistake(
            lambda m, p: ((m * p).sum(axis=0) / p.sum(), p.sum(axis=0)),
            "p.sum() is one number for everything: each place has its own sum of precisions, axis=0.",
        ),
        Mistake(
            lambda m, p: _combined(m, p, p.max(axis=0)),
            "The surest expert's precision alone: the others add theirs.",
        ),
        Mistake(
            lambda m, p: ((m * p).sum(axis=0) / (1 + p.sum(axis=0)), 1 + p.sum(axis=0)),
            "You add a prior of precision 1; here the experts are all there is.",
        ),
        Mistake(
            lambda m, p: (np.take_along_axis(m, p.argmax(axis=0)[None], 0)[0], p.sum(axis=0)),
            "You follow the surest expert alone; the others count too, by their precision.",
        ),
    ),
)


def _joint(generator: Generator, n: int, d: int, e: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    root = generator.normal(size=(d + e, d + e))
    return generator.normal(size=(n, d)) * 2, generator.normal(size=d + e) * 3, root @ root.T + np.eye(d + e)


def _parts(x: FloatArray, mean: FloatArray, c: FloatArray) -> tuple[Any, Any, Any, Any]:
    """mean of x, mean of y, C_xx, C_xy."""
    d = x.shape[1]
    return mean[:d], mean[d:], c[:d, :d], c[:d, d:]


def _slope(x: FloatArray, mean: FloatArray, c: FloatArray) -> Any:
    _, _, xx, xy = _parts(x, mean, c)
    return np.linalg.solve(xx, xy)


def _own_covariance(x: FloatArray, mean: FloatArray, c: FloatArray) -> Any:
    mx, my, _, xy = _parts(x, mean, c)
    centred = x - x.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):  # one row alone has no covariance
        return my + (x - mx) @ np.linalg.solve(centred.T @ centred / np.float64(len(x) - 1), xy)


def _other_inverted(x: FloatArray, mean: FloatArray, c: FloatArray) -> Any:
    mx, my, _, xy = _parts(x, mean, c)
    return my + (x - mx) @ xy @ np.linalg.inv(c[len(mx) :, len(mx) :])


def _missing_first(x: FloatArray, mean: FloatArray, c: FloatArray) -> Any:
    e = len(mean) - x.shape[1]
    return mean[:e] + (x - mean[e:]) @ np.linalg.solve(c[e:, e:], c[e:, :e])


def _root_only(x: FloatArray, mean: FloatArray, c: FloatArray) -> Any:
    mx, my, xx, xy = _parts(x, mean, c)
    return my + (x - mx) @ power(xx, -0.5) @ xy


FILL_IN = Exercise(
    id="05.5",
    title="Fill in the missing modality",
    reference="mmlearn.fuse.joint.conditional_mean",
    cases=(
        Case("4 things, 3 known numbers, 3 missing", lambda g: _joint(g, 4, 3, 3)),
        Case("6 things, 4 known, 2 missing", lambda g: _joint(g, 6, 4, 2)),
        Case("1 thing, 1 known, 3 missing", lambda g: _joint(g, 1, 1, 3)),
    ),
    mistakes=(
        Mistake(
            lambda x, m, c: np.tile(m[x.shape[1] :], (len(x), 1)),
            "That is the mean of y whatever x is: what x says about y is still to be added.",
        ),
        Mistake(
            lambda x, m, c: (x - m[: x.shape[1]]) @ _slope(x, m, c),
            "The deviation is right; it is to be added to the mean of y.",
        ),
        Mistake(
            lambda x, m, c: m[x.shape[1] :] + x @ _slope(x, m, c),
            "x goes in as it is: only its deviation from its own mean says something, x - mean_x.",
        ),
        Mistake(
            lambda x, m, c: m[x.shape[1] :] + (x - m[: x.shape[1]]) @ c[: x.shape[1], x.shape[1] :],
            "You multiply by the covariance of x and y alone: divide by C_xx, with its inverse or np.linalg.solve.",
        ),
        Mistake(
            lambda x, m, c: (
                m[x.shape[1] :]
                + (x - m[: x.shape[1]]) @ (c[: x.shape[1], x.shape[1] :] / np.diag(c)[: x.shape[1], None])
            ),
            "You divide by the variances only; the columns of x are correlated, so the whole C_xx is to be inverted.",
        ),
        Mistake(
            lambda x, m, c: (
                m[x.shape[1] :] + (x - m[: x.shape[1]]) @ c[: x.shape[1], : x.shape[1]] @ c[: x.shape[1], x.shape[1] :]
            ),
            "C_xx is to be inverted: you multiply by it where you should divide.",
        ),
        Mistake(
            lambda x, m, c: (
                m[x.shape[1] :]
                + (x - m[: x.shape[1]]) @ np.linalg.solve(c[: x.shape[1], : x.shape[1]], c[x.shape[1] :, : x.shape[1]])
            ),
            "That is C_yx. For points that are rows, C_xy is due: covariance[:d, d:].",
        ),
        Mistake(
            _own_covariance,
            "C_xx is given in `covariance`: these few rows need not be spread like that (and one row is not spread).",
        ),
        Mistake(_other_inverted, "You invert C_yy. It is the known side that is divided out: C_xx."),
        Mistake(_missing_first, "You cut as if the missing numbers came first: the known D come first, then the E."),
        Mistake(_root_only, "You divide by the root of C_xx, as in whitening; here the whole C_xx is to be inverted."),
        Mistake(
            lambda x, m, c: m[x.shape[1] :] + (x - m[x.shape[1] :]) @ _slope(x, m, c),
            "You take the mean of y away from x: x deviates from its own mean, mean[:d].",
        ),
        Mistake(
            lambda x, m, c: m[: x.shape[1]] + (x - m[: x.shape[1]]) @ _slope(x, m, c),
            "You add the mean of x; the missing one is y, whose mean is mean[d:].",
        ),
        Mistake(
            lambda x, m, c: m[x.shape[1] :] - (x - m[: x.shape[1]]) @ _slope(x, m, c),
            "The sign: add what x says. (The minus belongs to the conditional variance, C_yy - C_yx C_xx^-1 C_xy.)",
        ),
        Mistake(
            lambda x, m, c: m[x.shape[1] :] + (x - x.mean(axis=0)) @ _slope(x, m, c),
            "You centre with the mean of these rows; the model's own mean of x is due (for one row yours is the row).",
        ),
        Mistake(
            lambda x, m, c: (
                m[x.shape[1] :]
                + (x - m[: x.shape[1]]) @ np.linalg.inv(c)[: x.shape[1], : x.shape[1]] @ c[: x.shape[1], x.shape[1] :]
            ),
            "You cut C_xx out of the inverse of all; cut it out first, and invert it then.",
        ),
    ),
)
