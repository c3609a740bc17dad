"""The exercises of lesson 04, in the order of the lesson."""

from __future__ import annotations

from mmlearn.checks.lesson_04_debug import DEBUG
from mmlearn.checks.lesson_04_fusion import JOIN, WEIGHT
from mmlearn.checks.lesson_04_product import PRODUCT
from mmlearn.checks.lesson_04_svm import EXERCISES as SVM

EXERCISES = (*SVM, JOIN, PRODUCT, WEIGHT, *DEBUG)
