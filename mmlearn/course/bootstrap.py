"""From a bare Python to the course: what ``make lab`` and ``make test`` run, standard library only.

Without make (on Windows): ``py mmlearn/course/bootstrap.py lab`` and ``py mmlearn/course/bootstrap.py test``.
It keeps to old syntax, so that a Python that is too old gets a sentence and not a SyntaxError.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time


def venv_python(venv: str, system: str) -> str:
    """Where a virtual environment keeps its Python; `system` is os.name."""
    return os.path.join(venv, "Scripts", "python.exe") if system == "nt" else os.path.join(venv, "bin", "python")


ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VENV = os.path.join(ROOT, ".venv")
PYTHON = venv_python(VENV, os.name)
STAMP = os.path.join(VENV, "course-installed.txt")
LOG = os.path.join(VENV, "install.log")
EXTRAS = {"lab": "lab,opencv", "test": "lab,opencv,online,dev"}
OLDEST, NEWEST = (3, 11), (3, 13)  # the pins are tested with these and what lies between
COMMANDS = ("lab", "test", "build", "bench", "sheets", "install", "clean")


def main(arguments: "list[str]") -> int:
    """Run one of: lab [--port=N], test [--lesson=NN], build, bench, sheets, install, clean."""
    command, rest = (arguments or ["help"])[0], arguments[1:]
    if command not in COMMANDS:
        print("usage: python mmlearn/course/bootstrap.py " + "|".join(COMMANDS))
        return 2
    if command == "clean":
        return clean()
    check_python()
    install(EXTRAS["lab" if command == "lab" else "test"])
    if command == "test":
        return run(["-m", "pytest"] + rest)
    if command == "lab":
        run(["-m", "mmlearn.course.cli", "doctor"])  # it names what is amiss; a missing option is no reason to stop
    return 0 if command == "install" else run(["-m", "mmlearn.course.cli", command] + rest)


def run(arguments: "list[str]") -> int:
    """Run the course's own Python; Ctrl-C and a kill belong to it, so pass them on and wait for it to end."""
    process = subprocess.Popen([PYTHON] + arguments, cwd=ROOT)
    signal.signal(signal.SIGTERM, lambda number, frame: process.terminate())
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


def check_python() -> None:
    """Stop with a sentence if this Python is too old or cannot make virtual environments."""
    if sys.version_info[:2] < OLDEST:
        sys.exit(
            "The course needs Python %d.%d or newer; this is %s (%s).\n"
            "Install a newer one, then name it: make lab PYTHON=python3.12"
            % (OLDEST[0], OLDEST[1], sys.version.split()[0], sys.executable)
        )
    if sys.version_info[:2] > NEWEST:
        print("  This is Python %d.%d; the course is tested up to %d.%d." % (sys.version_info[:2] + NEWEST))
        print("  If a step fails, name an older one: make lab PYTHON=python%d.%d" % NEWEST)
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        sys.exit("This Python has no venv module. On Debian or Ubuntu: sudo apt-get install python3-venv")


def install(extras: str) -> None:
    """Make .venv hold the course with these extras; does nothing if it already does."""
    state, wanted = fingerprint(), extras.split(",")
    have = installed_extras(state)
    if os.path.exists(PYTHON) and set(wanted) <= set(have):
        return
    if not is_usable(PYTHON):
        step("making .venv", [sys.executable, "-m", "venv", "--clear", VENV])
    arguments = ["-c", os.path.join(ROOT, "constraints.txt"), "-e", "%s[%s]" % (ROOT, extras)]
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--no-input"]
    step("installing the packages (about 2 GB on disk; one to a few minutes)", pip + arguments)
    kernel = [PYTHON, "-m", "ipykernel", "install", "--sys-prefix", "--name", "python3"]
    step("registering the Jupyter kernel", kernel + ["--display-name", "Python 3 (mmlearn course)"])
    with open(STAMP, "w", encoding="utf-8") as stamp:
        stamp.write(" ".join([state] + sorted(set(have + wanted))))


def is_usable(python: str) -> bool:
    """False for no environment, one that was left half made, and one of a Python that is too old."""
    script = "import pip, sys; sys.exit(sys.version_info[:2] < %r)" % (OLDEST,)
    return os.path.exists(python) and subprocess.call([python, "-c", script], stderr=subprocess.DEVNULL) == 0


def step(label: str, command: "list[str]") -> None:
    """Run one step with its output in a log; print one line, and the log's end if it fails."""
    print("  %s ..." % label, end="", flush=True)
    started = time.time()
    try:
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT)
    except KeyboardInterrupt:
        sys.exit(" stopped. Run the same again to go on.")
    text = result.stdout.decode("utf-8", "replace")
    if os.path.isdir(VENV):
        with open(LOG, "a", encoding="utf-8") as log:
            log.write("$ %s\n%s\n" % (" ".join(command), text))
    if result.returncode:
        print(" failed\n\n" + "\n".join(text.splitlines()[-15:]))
        sys.exit(
            "\nThe whole output is in %s. Is there a network, and room on the disk? Then run the same again." % LOG
        )
    print(" %.0f s" % (time.time() - started), flush=True)


def fingerprint() -> str:
    """A digest of what decides an installation: this Python, the ranges, the pins, where the course lies."""
    digest = hashlib.sha256((sys.version + ROOT).encode("utf-8"))
    for name in ("pyproject.toml", "constraints.txt"):
        with open(os.path.join(ROOT, name), "rb") as handle:
            digest.update(handle.read())
    return digest.hexdigest()


def installed_extras(state: str) -> "list[str]":
    """The extras that .venv holds for this very state of the course; none if the course has changed since."""
    try:
        with open(STAMP, encoding="utf-8") as stamp:
            words = stamp.read().split()
    except OSError:
        return []
    return words[1:] if words[:1] == [state] else []


def clean() -> int:
    """Remove what can be made again; work/ and the learner's progress stay."""
    for name in (".venv", "dist", "build", ".mypy_cache", ".ruff_cache", ".pytest_cache"):
        shutil.rmtree(os.path.join(ROOT, name), ignore_errors=True)
    if os.path.exists(VENV):
        print("could not remove all of %s: is JupyterLab still running?" % VENV)
        return 1
    print("removed .venv and caches; work/ is untouched")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
