"""Multinomial logistic regression by L-BFGS in single precision.

The objective is scikit-learn's (`LogisticRegression`: mean log loss + |W|^2 / (2 C n), free bias), and
so is its minimum; for two labels it is the multinomial form, that is scikit-learn's binary one at 2 C.
Written out because there SciPy's double-precision optimiser takes four fifths of the time on vectors
of a million numbers; the tests compare the two.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import blas

Floats = NDArray[np.float32]
Objective = Callable[[Floats], tuple[float, Floats]]
"""A point's loss and gradient."""

_MEMORY = 6
"""Steps from which the curvature is estimated (Nocedal and Wright, Numerical Optimization, 7.2)."""
_HALVINGS = 20


def regress(
    features: sparse.csr_matrix,
    labels: NDArray[np.intp],
    *,
    strength: float,
    tolerance: float,
    most_steps: int = 200,
) -> tuple[Floats, Floats]:
    """Weights [features, labels] and biases. `labels` are 0, 1, … without gaps. Stops when no part of
    the gradient is larger than `tolerance`."""
    texts, width = features.shape
    classes = int(labels.max()) + 1
    transposed = sparse.csr_matrix(features.T)
    each = np.arange(texts)
    penalty = np.float32(1 / (strength * texts))

    def objective(point: Floats) -> tuple[float, Floats]:
        weights, bias = point[: width * classes].reshape(width, classes), point[width * classes :]
        logits = features @ weights + bias
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
        part += transposed @ logits
        gradient[width * classes :] = logits.sum(axis=0)
        return loss, gradient

    point = minimise(objective, np.zeros((width + 1) * classes, dtype=np.float32), tolerance, most_steps)
    return point[: width * classes].reshape(width, classes), point[width * classes :]


def minimise(objective: Objective, point: Floats, tolerance: float, most_steps: int) -> Floats:
    """The lowest point of a smooth convex function, as far as single precision can tell."""
    steps: deque[tuple[Floats, Floats, float]] = deque(maxlen=_MEMORY)
    loss, gradient = objective(point)
    for _ in range(most_steps):
        if float(np.abs(gradient).max()) <= tolerance:
            break
        direction = _direction(gradient, steps)
        slope = float(np.vdot(direction, gradient))
        size = 1.0 if steps else 1 / float(np.linalg.norm(gradient))
        for _ in range(_HALVINGS):
            step = direction * np.float32(size)
            new_loss, new_gradient = objective(point + step)
            if new_loss <= loss + 1e-4 * size * slope:
                break
            size /= 2
        else:
            break  # no step is downhill any more: single precision is used up
        change = new_gradient - gradient
        curvature = float(np.vdot(step, change))
        if curvature > 0:
            steps.append((step, change, curvature))
        point = point + step
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
