"""Multinomial logistic regression by L-BFGS in single precision.

The objective is scikit-learn's (`LogisticRegression`: mean log loss + |W|^2 / (2 C n), free bias), and
so is its minimum; for two labels it is the multinomial form, that is scikit-learn's binary one at 2 C.
Where labels are told to be akin, what is learnt of one is thought likely of the other too: the penalty is
tr(W K^-1 W') / (2 C n), that of a Gaussian prior under which the labels' weights covary as `kinship` K says.
Written out because there SciPy's double-precision optimiser takes four fifths of the time on vectors
of a million numbers; the tests compare the two. Features that are equal in every text are learnt as one,
which changes nothing but the time: rare words bring a handful of such pieces each.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import blas
from scipy.optimize import minimize_scalar

Floats = NDArray[np.float32]
Objective = Callable[[Floats], tuple[float, Floats]]
"""A point's loss and gradient."""

_MEMORY = 5
"""Steps from which the curvature is estimated (Nocedal and Wright, Numerical Optimization, 7.2)."""
_HALVINGS = 20


def regress(
    features: sparse.csr_matrix | Floats,
    labels: NDArray[np.intp],
    *,
    strength: float,
    tolerance: float,
    most_steps: int = 200,
    kinship: Floats | None = None,
    start: Floats | None = None,
) -> tuple[Floats, Floats]:
    """Weights [features, labels] and biases. `labels` are 0, 1, … without gaps. Stops when no part of
    the gradient is larger than `tolerance`. `kinship` [labels, labels] is positive definite; None for
    labels that have nothing to do with each other. `start` [features, labels] are weights to begin
    with, brought to the size that fits best: it saves up to two thirds of the steps."""
    if isinstance(features, np.ndarray):
        return _regress(features, labels, strength, tolerance, most_steps, kinship, start)
    same, first, sizes = _equal_columns(features)
    roots = np.sqrt(sizes).astype(np.float32)
    # k equal columns with a weight of w each cost and score as one, sqrt(k) times as large, with sqrt(k) w.
    merged = sparse.csr_matrix(features[:, first].multiply(roots), dtype=np.float32)
    begin = None if start is None else start[first] * roots[:, None]
    weights, bias = _regress(merged, labels, strength, tolerance, most_steps, kinship, begin)
    return (weights / roots[:, None])[same], bias


def _equal_columns(features: sparse.csr_matrix) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """For each column the number of its kind; of each kind its first column, and how many there are. Equal
    columns have equal sums under random weights of the rows, and others, but for one chance in billions, not."""
    rows = np.random.default_rng(5).standard_normal(features.shape[0])
    sums = sparse.csc_matrix(features, dtype=np.float64).T @ rows
    _, first, same, sizes = np.unique(sums, return_index=True, return_inverse=True, return_counts=True)
    return same, first, sizes


def _regress(
    features: sparse.csr_matrix | Floats,
    labels: NDArray[np.intp],
    strength: float,
    tolerance: float,
    most_steps: int,
    kinship: Floats | None,
    start: Floats | None,
) -> tuple[Floats, Floats]:
    texts, width = features.shape
    classes = int(labels.max()) + 1
    transposed = sparse.csr_matrix(features.T) if sparse.issparse(features) else features.T
    each = np.arange(texts)
    penalty = np.float32(1 / (strength * texts))
    # The point's weights have a plain penalty; their product with the root of the kinship is what scores.
    root = None if kinship is None else _root(kinship)
    narrow = texts < width  # then fewer numbers go through the root behind the product with the features

    def scored(weights: Floats) -> Floats:
        if root is None:
            return np.asarray(features @ weights)
        return np.asarray((features @ weights) @ root if narrow else features @ (weights @ root))

    def slope(logits: Floats) -> Floats:
        if root is None:
            return np.asarray(transposed @ logits)
        return np.asarray(transposed @ (logits @ root) if narrow else (transposed @ logits) @ root)

    def objective(point: Floats) -> tuple[float, Floats]:
        weights, bias = point[: width * classes].reshape(width, classes), point[width * classes :]
        logits = scored(weights)
        logits += bias
        logits -= logits.max(axis=1, keepdims=True)
        true = logits[each, labels]
        np.exp(logits, out=logits)
        total = logits.sum(axis=1, keepdims=True)
        loss = float((np.log(total[:, 0]) - true).mean(dtype=np.float64))
        loss += 0.5 * float(penalty) * float(np.vdot(weights, weights))
        logits /= total
        logits[each, labels] -= 1
        logits /= texts
        gradient = np.empty_like(point)
        part = gradient[: width * classes].reshape(width, classes)
        np.multiply(weights, penalty, out=part)
        part += slope(logits)
        gradient[width * classes :] = logits.sum(axis=0)
        return loss, gradient

    point = np.zeros((width + 1) * classes, dtype=np.float32)
    if start is not None:
        began = start if root is None else start @ np.linalg.inv(root)
        point[: width * classes] = began.ravel()
        point *= _size(features @ start, labels, 0.5 * float(penalty) * float(np.vdot(began, began)))
    point = minimise(objective, point, tolerance, most_steps)
    weights, bias = point[: width * classes].reshape(width, classes), point[width * classes :]
    return weights if root is None else weights @ root, bias


def _size(logits: Floats, labels: NDArray[np.intp], penalty: float) -> np.float32:
    """What to multiply these logits by for the least loss; `penalty` is that of the weights behind them."""
    each = np.arange(len(labels))

    def loss(size: float) -> float:
        powers = np.float32(size) * logits
        powers -= powers.max(axis=1, keepdims=True)
        true = powers[each, labels].copy()
        np.exp(powers, out=powers)
        return float((np.log(powers.sum(axis=1)) - true).mean(dtype=np.float64)) + penalty * size * size

    return np.float32(minimize_scalar(loss, bounds=(0, 3), method="bounded", options={"xatol": 0.02}).x)


def _root(kinship: Floats) -> Floats:
    """The symmetric matrix whose square it is."""
    values, axes = np.linalg.eigh(kinship.astype(np.float64))
    return np.asarray((axes * np.sqrt(np.maximum(values, 0))) @ axes.T, dtype=np.float32)


def minimise(objective: Objective, point: Floats, tolerance: float, most_steps: int) -> Floats:
    """The lowest point of a smooth convex function, as far as single precision can tell. `point`, where to
    begin, is moved there: at a million numbers, each copy less counts."""
    steps: deque[tuple[Floats, Floats, float]] = deque(maxlen=_MEMORY)
    loss, gradient = objective(point)
    for _ in range(most_steps):
        if float(np.abs(gradient).max()) <= tolerance:
            break
        step = _direction(gradient, steps)
        slope = float(np.vdot(step, gradient))
        size = 1.0 if steps else 1 / float(np.linalg.norm(gradient))
        step *= np.float32(size)
        for _ in range(_HALVINGS):
            new_loss, new_gradient = objective(point + step)
            if new_loss <= loss + 1e-4 * size * slope:
                break
            size /= 2
            step *= np.float32(0.5)
        else:
            break  # no step is downhill any more: single precision is used up
        change = new_gradient - gradient
        curvature = float(np.vdot(step, change))
        if curvature > 0:
            steps.append((step, change, curvature))
        point += step
        loss, gradient = new_loss, new_gradient
    return point


def _direction(gradient: Floats, steps: deque[tuple[Floats, Floats, float]]) -> Floats:
    """Downhill, the gradient weighted by the curvature that the last steps met (the two loops)."""
    direction = -gradient
    shares = []
    for step, change, curvature in reversed(steps):
        share = float(np.vdot(step, direction)) / curvature
        direction = blas.saxpy(change, direction, a=-share)
        shares.append(share)
    if steps:
        _, change, curvature = steps[-1]
        direction *= np.float32(curvature / float(np.vdot(change, change)))
    for (step, change, curvature), share in zip(steps, reversed(shares), strict=True):
        back = float(np.vdot(change, direction)) / curvature
        direction = blas.saxpy(step, direction, a=share - back)
    return np.asarray(direction, dtype=np.float32)
