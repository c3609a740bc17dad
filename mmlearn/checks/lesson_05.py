"""The exercises of lesson 05, in order."""

from __future__ import annotations

from mmlearn.checks.lesson_05_cca import WHITEN
from mmlearn.checks.lesson_05_directions import DIRECTIONS
from mmlearn.checks.lesson_05_joint import EXPERTS, FILL_IN
from mmlearn.checks.lesson_05_ranks import RECIPROCAL

EXERCISES = (WHITEN, DIRECTIONS, RECIPROCAL, EXPERTS, FILL_IN)
