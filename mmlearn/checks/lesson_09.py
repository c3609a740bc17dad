"""The exercises of lesson 09, in their order."""

from __future__ import annotations

from mmlearn.checks.lesson_09_cost import COST
from mmlearn.checks.lesson_09_few import FEW
from mmlearn.checks.lesson_09_patches import PATCHES
from mmlearn.checks.lesson_09_positions import POSITIONS
from mmlearn.checks.lesson_09_rollout import ROLLOUT
from mmlearn.checks.lesson_09_tokens import TOKENS
from mmlearn.checks.lesson_09_vit import VIT

EXERCISES = (PATCHES, TOKENS, VIT, POSITIONS, FEW, COST, ROLLOUT)
