"""The ``mmlearn`` command."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable
from pathlib import Path

from mmlearn import __version__

ROOT = Path(__file__).resolve().parents[2]
NOT_HERE = "this command works in the course's folder (the one with the Makefile), where make lab installs the package"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; what goes wrong is said in a sentence, with exit code 1 (2 for a wrong call)."""
    commands = parser()
    if not (sys.argv[1:] if arguments is None else arguments):
        commands.print_help()
        return 2
    options = commands.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a Windows terminal or file may have no ✓
    try:
        code: int = options.run(options)
        return code
    except ModuleNotFoundError as error:
        print(
            f"mmlearn: this needs the package {error.name}; authors get it by make build or make test", file=sys.stderr
        )
        return 1
    except (ValueError, RuntimeError, OSError) as error:
        print(f"mmlearn: {error}", file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    """All commands with their help texts."""
    top = argparse.ArgumentParser(
        prog="mmlearn", description="The multimodal course: check, start and keep your lessons."
    )
    top.add_argument("--version", action="version", version=f"mmlearn {__version__}")
    add = top.add_subparsers(required=True, metavar="COMMAND").add_parser

    command = add("doctor", help="is this machine ready? versions, cores, memory, data sets")
    command.add_argument("--licences", action="store_true", help="whose work the course stands on, and its licences")
    command.set_defaults(run=_doctor)

    command = add("lab", help="bring new lessons into work/ and start JupyterLab")
    command.add_argument("--port", type=_port, help="port of the server (default: the first free one from 8888)")
    command.set_defaults(run=_lab, lesson="00")

    command = add("start", help="start JupyterLab on one lesson")
    command.add_argument("lesson", help="its number, as in 01")
    command.add_argument("--port", type=_port, help="port of the server (default: the first free one from 8888)")
    command.set_defaults(run=_lab)

    add("progress", help="which exercises are done, a bar a lesson").set_defaults(run=_progress)

    command = add("reset", help="a fresh copy of a lesson or of one exercise; your old file is kept beside it")
    command.add_argument("lesson", help="its number, as in 01")
    command.add_argument("--exercise", metavar="K", help="only this exercise, as in 2 or 01.2")
    command.set_defaults(run=_reset)

    _add_authors_commands(add)
    return top


def _add_authors_commands(add: Callable[..., argparse.ArgumentParser]) -> None:
    """What makes the course: notebooks, contact sheets, models, measurements."""
    command = add("build", help="for authors: execute changed lessons and write their notebooks and README's table")
    command.add_argument("lessons", nargs="*", help="numbers of the lessons (default: those that changed)")
    command.add_argument("--all", action="store_true", help="all lessons, changed or not")
    command.set_defaults(run=_build)

    command = add("sheets", help="for authors: draw the data sets' contact sheets anew")
    command.add_argument("names", nargs="*", help="names of the sets (default: all that are installed)")
    command.set_defaults(run=_sheets)

    command = add("train", help="train a model that ships with the course, by its recipe; without a name: list them")
    command.add_argument("name", nargs="?", help="of the recipe, as in sticker-cnn")
    command.add_argument("--to", type=_folder, metavar="FOLDER", help="write the checkpoint here (default: its place)")
    command.add_argument("--quick", action="store_true", help="a few steps only, to see that it runs; not kept")
    command.set_defaults(run=_train, refuse=command.error)

    add("bench", help="for authors: measure start-up and data speed on this machine").set_defaults(run=_bench)


def _folder(text: str) -> Path:
    """A folder's path; an empty text would be the current folder, which nobody means."""
    if not text.strip():
        raise argparse.ArgumentTypeError("expected a folder, got an empty name")
    return Path(text)


def _port(text: str) -> int | None:
    """A port number; an empty text (make lab PORT=) means none was asked for."""
    if not text:
        return None
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"expected a port from 1 to 65535, got {text!r}")
    return int(text)


def _doctor(options: argparse.Namespace) -> int:
    from mmlearn.course.doctor import full_report, licences, problems

    if options.licences:
        print(licences())
        return 0
    print(full_report())
    return 1 if problems() else 0


def _lab(options: argparse.Namespace) -> int:
    from mmlearn.course.lab import run_lab
    from mmlearn.course.work import bring_lessons, find_shipped

    notebook = find_shipped(ROOT, options.lesson).name
    for line in bring_lessons(ROOT):
        print(f"  {line}")
    return run_lab(ROOT, notebook, options.port)


def _progress(options: argparse.Namespace) -> int:
    from mmlearn.checks.progress import bars
    from mmlearn.course.work import lessons_and_exercises

    print(bars(lessons_and_exercises(ROOT)))
    return 0


def _reset(options: argparse.Namespace) -> int:
    from mmlearn.course.work import reset_exercise, reset_lesson

    if options.exercise is not None:
        print(reset_exercise(ROOT, options.lesson, options.exercise))
    else:
        print(reset_lesson(ROOT, options.lesson))
    return 0


def _build(options: argparse.Namespace) -> int:
    from mmlearn.course.build import build
    from mmlearn.course.lesson import lesson_sources
    from mmlearn.course.readme import update_readme

    if not lesson_sources(ROOT):
        raise ValueError(NOT_HERE)
    build(ROOT, options.lessons, everything=options.all)
    if update_readme(ROOT):
        print("README.md: lesson table and counts made anew")
    return 0


def _sheets(options: argparse.Namespace) -> int:
    from mmlearn.course.sheets import sheets

    if not (ROOT / "datasets").is_dir() or not (ROOT / "solutions").is_dir():
        raise ValueError(NOT_HERE)
    sheets(options.names)
    return 0


def _train(options: argparse.Namespace) -> int:
    from mmlearn.course.recipe import recipe_list, replaced, run_recipe

    if not options.name:
        if options.to or options.quick:
            options.refuse("which recipe? a name goes before --to and --quick; mmlearn train alone lists them")
        print(recipe_list())
        return 0
    if told := replaced(options.name, options.to, options.quick):
        print(told, flush=True)
    print(run_recipe(options.name, options.to, options.quick))
    return 0


def _bench(options: argparse.Namespace) -> int:
    from mmlearn.course.bench import bench

    print(bench())
    return 0


if __name__ == "__main__":
    sys.exit(main())
