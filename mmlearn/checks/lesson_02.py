"""The exercises of lesson 02: SIFT first, then visual words."""

from __future__ import annotations

from mmlearn.checks.lesson_02_sift import SIFT
from mmlearn.checks.lesson_02_words import WORDS

EXERCISES = (*SIFT, *WORDS)
