"""The exercises of lesson 06, in order: gradients, the loop, and convolutional networks."""

from __future__ import annotations

from mmlearn.checks.lesson_06_autograd import BACK
from mmlearn.checks.lesson_06_broadcast import SUMS
from mmlearn.checks.lesson_06_cnn import CONVOLVE, WEIGHTED_MAP
from mmlearn.checks.lesson_06_loop import LOOP
from mmlearn.checks.lesson_06_pictures import SHIFT_AND_FLIP, TO_TENSOR
from mmlearn.checks.lesson_06_unit import UNIT

EXERCISES = (UNIT, BACK, SUMS, LOOP, TO_TENSOR, CONVOLVE, SHIFT_AND_FLIP, WEIGHTED_MAP)
