"""The exercises of lesson 03, in order."""

from __future__ import annotations

from mmlearn.checks.lesson_03_runs import RUNS
from mmlearn.checks.lesson_03_search import TOP
from mmlearn.checks.lesson_03_svd import SVD
from mmlearn.checks.lesson_03_weights import IDF, ROWS

EXERCISES = (IDF, ROWS, TOP, RUNS, SVD)
