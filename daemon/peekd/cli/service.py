"""peekd service: install peekd as a systemd service, or take it away again; shows each step."""

from __future__ import annotations

import os
import shutil
import subprocess  # noqa: S404  systemctl has no other face
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import assert_never

from peekd.cli.codes import DONE, FAILED
from peekd.cli.paint import Paint, paint_for
from peekd.service.units import Remove, Step, Target, Tell, Write, install, uninstall
from peekd.vocabulary.errors import OperatorError

_SYSTEMD_RUNS = Path("/run/systemd/system")  # sd_booted(3)


def add_options(parser: ArgumentParser) -> None:
    """Say what the command takes."""
    verbs = parser.add_subparsers(metavar="WHAT", required=True, dest="verb")
    for verb, words in (
        ("install", "write the units and first settings, and start the service"),
        ("uninstall", "stop the service and remove its units; settings and state stay"),
    ):
        own = verbs.add_parser(verb, help=words, description=f"{words[0].upper()}{words[1:]}.")
        own.add_argument("--user", action="store_true", help="for yourself alone, without root")
        own.add_argument("--dry-run", action="store_true", help="only show what would be done")
        own.add_argument(
            "--root", metavar="DIR", help="write below DIR and start nothing, for images and packages"
        )
        if verb == "install":
            own.add_argument("--no-start", action="store_true", help="enable it, but do not start it now")
            own.add_argument("--program", metavar="PATH", help="the peekd to start; as a rule, this one")


def run(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Do, or show, every step."""
    target = _target(arguments, environ)
    if arguments.verb == "install":
        steps = list(install(target, start=not arguments.no_start))
    else:
        steps = list(uninstall(target))
    if not arguments.dry_run:
        _check_may(arguments, target)
    paint = paint_for(sys.stdout, environ)
    code = _do(steps, paint, dry=arguments.dry_run)
    if code == DONE and not arguments.dry_run:
        sys.stdout.write(_farewell(arguments.verb, target))
    return code


def _target(arguments: Namespace, environ: Mapping[str, str]) -> Target:
    program = Path(getattr(arguments, "program", None) or _own_program())
    root = Path(arguments.root or "/")
    if not arguments.user:
        return Target(program, root)
    if arguments.root:
        raise OperatorError("--root is for the system's service, --user for yours; take one of them")
    config_home = environ.get("XDG_CONFIG_HOME", "")
    return Target(program, root, Path.home(), Path(config_home) if config_home.startswith("/") else None)


def _own_program() -> str:
    """Find the peekd that runs: beside its interpreter, else as it was called, else on the path."""
    beside = Path(sys.prefix, "bin/peekd")
    called = Path(sys.argv[0])
    if beside.is_file():
        return str(beside)
    if called.name.startswith("peekd") and called.is_file():
        return str(called.absolute())
    found = shutil.which("peekd")
    if found is None:
        raise OperatorError("which peekd to start? There is none on the path; say --program PATH")
    return found


def _check_may(arguments: Namespace, target: Target) -> None:
    if target.home is None and not arguments.root and os.geteuid() != 0:
        raise OperatorError("a system service is for root: `sudo peekd service …`, or yours with --user")
    if target.root == Path("/") and (shutil.which("systemctl") is None or not _SYSTEMD_RUNS.is_dir()):
        raise OperatorError("systemd does not run here; --root DIR writes the files alone")


def _do(steps: Iterable[Step], paint: Paint, *, dry: bool) -> int:
    for step in steps:
        try:
            words = _told(step) if dry else _done(step)
        except OSError as error:
            sys.stderr.write(f"peekd: {error.filename}: {error.strerror}\n")
            return FAILED
        except subprocess.CalledProcessError as error:
            sys.stdout.write(f"{paint.bad('failed')}  {' '.join(error.cmd)}\n")
            return FAILED
        sys.stdout.write(f"{words}\n")
    return DONE


def _told(step: Step) -> str:
    match step:
        case Write(path=path, keep=True) if path.exists():
            return f"would keep   {path}"
        case Write(path=path):
            return f"would write  {path}"
        case Remove(path=path):
            return f"would remove {path}" if path.exists() else f"not there     {path}"
        case Tell(argv=argv):
            return f"would run    {' '.join(argv)}"
        case _:
            assert_never(step)


def _done(step: Step) -> str:
    match step:
        case Write():
            return _written(step)
        case Remove(path=path):
            there = path.exists()
            path.unlink(missing_ok=True)
            return f"{'removed' if there else 'no'} {path}"
        case Tell():
            subprocess.run(step.argv, check=step.needed)  # noqa: S603  our own words
            return f"ran {' '.join(step.argv)}"
        case _:
            assert_never(step)


def _written(step: Write) -> str:
    """Write a file whole or not at all; what was there and is another is kept beside it."""
    path, words = step.path, "wrote"
    if path.exists():
        if step.keep or path.read_text(encoding="utf-8") == step.text:
            return f"kept {path}"
        shutil.copy2(path, path.with_name(f"{path.name}.old"))
        words = f"replaced (the old one is {path.name}.old)"
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(step.text, encoding="utf-8")
    draft.chmod(step.mode)
    draft.rename(path)
    return f"{words} {path}"


def _farewell(verb: str, target: Target) -> str:
    user = "" if target.home is None else "--user "
    if verb == "uninstall":
        return f"Settings stay in {target.settings}.\n"
    if target.root != Path("/"):
        return ""
    return (
        f"Edit {target.settings}, then: systemctl {user}reload peekd\n"
        f"How it is: systemctl {user}status peekd; what it does: journalctl {user}-u peekd -f\n"
    )
