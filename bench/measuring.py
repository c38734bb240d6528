"""One stage against one system: let the client do its job, and tell what it found as figures."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from jobs import Found, Job
from processes import core_of, running
from stages import SETTLE, SPARE, Stage, Unit
from systems import FLOWS, LOAD_CORE, SYSTEM_CORE, Place, System

HERE = Path(__file__).parent
Figures = dict[str, float]
"""What one stage of one round gave, by name: cpu, upstream, client (in its unit), first50, first99,
delay50, delay99, cut50, cut99 (ms), rate (events/s), busy (share of the load's core), others (share of
the system's core that went to other programs), grown (MB), lost, start (s), idle (MB). What the stage
does not give is not there."""

LEAST = 2
"""Of fewer values no quantile is told."""

LATEST = 10.0
"""Seconds after which measuring begins though some connection had no answer; paced streams do not wait."""

DONE_SECONDS = 900.0


class Failed(Exception):
    """Streams that did not come whole: a stage with any of them is worth nothing."""


def job_for(stage: Stage, system: System, place: Place, upstream: Place, hurry: float) -> Job:
    """What the client is to do; `hurry` shortens the time that is measured."""
    seconds = stage.seconds * hurry
    model = stage.model(hurry)
    family = FLOWS[stage.flow].family
    at_once = min(stage.at_once, system.most)
    return Job(
        port=place.port,
        tongue=system.tongue(stage.flow),
        model=system.model.format(family=family, model=f"{family}-{model}"),
        size=stage.size,
        requests=at_once if not seconds else 0,
        at_once=at_once,
        opening=stage.opening,
        seconds=seconds,
        settle=SETTLE,
        latest=SPARE if stage.rate else LATEST,
        once=stage.once,
        cut=stage.cut,
        system=place.pids,
        core=core_of(SYSTEM_CORE),
        upstream=upstream.pids,
        cuts=stage.cuts,
        control=upstream.port,
    )


def do(job: Job) -> Found:
    """Let the client do a job. Raises Failed."""
    with running([sys.executable, str(HERE / "load.py"), json.dumps(asdict(job))], core=LOAD_CORE) as process:
        words, _ = process.communicate(timeout=DONE_SECONDS)
    if not words:
        raise Failed("the client broke; its words are above")
    found = Found(**json.loads(words))
    if found.failed:
        raise Failed(
            f"{found.failed} of {found.asked} streams failed, {found.lost} events lost; "
            f"the first: {' '.join(found.words.split())[:200]}"
        )
    return found


def figures(stage: Stage, job: Job, found: Found) -> Figures:
    """Reckon the stage's figures."""
    told: Figures = {}
    count = found.requests if stage.unit == Unit.REQUEST else found.events
    if count and not stage.cut:
        scale = (1e3 if stage.unit == Unit.REQUEST else 1e6) / count
        told |= {
            "cpu": found.system * scale,
            "upstream": found.upstream * scale,
            "client": found.client * scale,
            "rate": found.events / found.seconds,
            "busy": (found.upstream + found.client) / found.seconds,
            "others": found.others / found.seconds,
        }
    told |= _quantiles("first", found.first) | _quantiles("cut", found.cuts)
    told |= {f"delay{name[1:]}": seconds * 1e3 for name, seconds in found.delays.items() if name != "most"}
    if stage.once:
        scale = stage.at_once / job.at_once
        told |= {"grown": (found.peak - found.before) * scale, "lost": found.lost, "streams": job.at_once}
    if stage.cut:
        told["grown"] *= 1000 / stage.at_once
    return told


def _quantiles(name: str, seconds: Sequence[float]) -> Figures:
    if len(seconds) < LEAST:
        return {}
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return {f"{name}50": cuts[49] * 1e3, f"{name}99": cuts[98] * 1e3}


def measure(stage: Stage, system: System, place: Place, upstream: Place, hurry: float) -> Figures:
    """Run one stage against one running system. Raises Failed."""
    if stage.starts:
        if system.slow_start or not place.pids:
            return {"start": place.start, "idle": place.idle} if place.pids else {}
        with system.open(upstream.port) as anew:
            return {"start": anew.start, "idle": anew.idle}
    job = job_for(stage, system, place, upstream, hurry)
    return figures(stage, job, do(job))
