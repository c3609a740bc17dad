"""A course in small, made anew for a test: one lesson, one exercise."""

from __future__ import annotations

from pathlib import Path

import pytest

LESSON = '''\
# ---
# jupyter:
#   mmlearn:
#     title: "Tiny"
#     builds: "a doubling"
#     minutes: 5
#     needs: []
#     topics: [1]
# ---

# %% [markdown]
# # 90 · Tiny

# %%
def check(number, answer):
    return answer

# %% [markdown]
# ## Exercise 90.1 · Double
# *Difficulty 1/5 · about 1 minute*

# %% tags=["exercise"]
def double(x):
    """Twice x."""
    # BEGIN SOLUTION
    return 2 * x
    # END SOLUTION

# %% [markdown]
# <details><summary>Hint</summary>Add it to itself.</details>

# %% tags=["check"]
double = check("90.1", double)

# %%
print("done")
'''


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """The root of a course that holds the one lesson above."""
    (tmp_path / "solutions").mkdir()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "solutions" / "90_tiny.py").write_text(LESSON, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text('[tool.mmlearn]\nrepository = ""\n', encoding="utf-8")
    return tmp_path
