import subprocess
import sys

DRAW = """
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
from mmlearn.view.style import use_style
use_style()
use_style()
figure, axis = plt.subplots()
axis.set_title("模态 modality", weight="bold")
axis.text(0.5, 0.5, "对齐 alignment ✓")
figure.savefig(sys.argv[1])
"""


def test_chinese_shows_in_plain_and_bold_without_a_warning(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """In a fresh process, since the font manager keeps what an earlier test has registered."""
    command = [sys.executable, "-W", "error", "-c", "import sys\n" + DRAW, str(tmp_path / "figure.png")]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0 and run.stderr == "", run.stderr


def test_a_missing_glyph_would_be_noticed(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """The control: the same check sees a character that neither font has."""
    script = "import sys\n" + DRAW.replace("对齐", "\U00012345")
    run = subprocess.run([sys.executable, "-c", script, str(tmp_path / "f.png")], capture_output=True, text=True)
    assert "missing" in run.stderr
