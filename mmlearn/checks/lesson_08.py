"""The exercises of lesson 08, in their order."""

from __future__ import annotations

from mmlearn.checks.lesson_08_block import BLOCK
from mmlearn.checks.lesson_08_counts import CHANCE, PERPLEXITY
from mmlearn.checks.lesson_08_decode import CACHE
from mmlearn.checks.lesson_08_loss import LOSS
from mmlearn.checks.lesson_08_nucleus import NUCLEUS
from mmlearn.checks.lesson_08_pool import POOL
from mmlearn.checks.lesson_08_words import ENCODE, PAIR

EXERCISES = (PAIR, ENCODE, CHANCE, PERPLEXITY, BLOCK, LOSS, CACHE, NUCLEUS, POOL)
