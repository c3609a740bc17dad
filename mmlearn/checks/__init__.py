"""What a notebook calls after "your turn": exercises, verdicts, hints, measured numbers, progress."""

from mmlearn.checks.check import check
from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.checks.report import report

__all__ = ["Case", "Exercise", "Mistake", "check", "report"]
