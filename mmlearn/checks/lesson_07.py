"""The exercises of lesson 07, in order."""

from __future__ import annotations

from mmlearn.checks.lesson_07_attention import ATTEND
from mmlearn.checks.lesson_07_causal import CAUSAL
from mmlearn.checks.lesson_07_heads import HEADS
from mmlearn.checks.lesson_07_masks import MASKED
from mmlearn.checks.lesson_07_pointing import POINT
from mmlearn.checks.lesson_07_softmax import SOFTMAX

EXERCISES = (SOFTMAX, ATTEND, MASKED, CAUSAL, HEADS, POINT)
