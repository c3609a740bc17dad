"""The exercises of lesson 10, in their order."""

from __future__ import annotations

from mmlearn.checks.lesson_10_fill import FILL
from mmlearn.checks.lesson_10_loss import LOSS
from mmlearn.checks.lesson_10_masking import MASKING
from mmlearn.checks.lesson_10_nearest import NEAREST
from mmlearn.checks.lesson_10_tokens import TOKEN_LOSS

EXERCISES = (MASKING, FILL, LOSS, NEAREST, TOKEN_LOSS)
