"""Pages beside a result: the council's questions, lives, comparing, assumptions, how sure, help."""

from __future__ import annotations

import hashlib
import json
import math
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from siexsim.app.comparing import Compared, compare
from siexsim.app.drawing import letter
from siexsim.app.jobs import DONE, Job
from siexsim.app.pages_result import status_said
from siexsim.app.planfile import content_of, packed, unpacked
from siexsim.app.planform import number_of, written
from siexsim.app.screen import Screen
from siexsim.app.site import address, job_of, lang_of, render, result_at, see_other, site_of
from siexsim.app.words import say
from siexsim.errors import UserError
from siexsim.evidence import GRADES
from siexsim.parameters import Parameters
from siexsim.posterior import packaged_posterior
from siexsim.report.content import grade, named, title_of, weightiest
from siexsim.say_assumptions import fitted_said, influence_said
from siexsim.say_checks import print_validation
from siexsim.scenario import Scenario
from siexsim.shocks import packaged_shocks
from siexsim.telling import sentence
from siexsim.texts import known, number, short, text
from siexsim.weakness import packaged_table, weakest_first

MOST_COMPARED: Final = 4
_MOST_ROWS: Final = 60


# --- Tasks about a result: the council's questions and lives -------------------------------------


async def ask_council(request: Request) -> Response:
    """Have the council's questions answered for the plan of a result."""
    job = job_of(request, "full")
    jobs, lang = site_of(request).jobs, lang_of(request)
    started = jobs.start("council", lang, job.content, {}, job.name)
    return see_other(address(request, f"/task/{started.name}"))


async def ask_lives(request: Request) -> Response:
    """Look for households worth a look, or tell the life of one."""
    job = job_of(request, "full")
    jobs, lang = site_of(request).jobs, lang_of(request)
    form = await request.form(max_files=0, max_fields=5)
    household = str(form.get("household", "")).strip()[:30]
    if not job.result:
        raise HTTPException(404)
    about: dict[str, Any] = {"folder": job.result}
    if household:
        about["household"] = household
    kind = "life" if household else "suggest"
    started = jobs.start(kind, lang, job.content, about, job.name)
    return see_other(address(request, f"/task/{started.name}"))


async def task(request: Request) -> Response:
    """How far such a task is, and what it brought."""
    return render(request, "task.html", **_task(request))


async def task_part(request: Request) -> Response:
    """The part of that page that changes."""
    return render(request, "task_live.html", **_task(request))


def _task(request: Request) -> dict[str, Any]:
    job, lang = job_of(request, "council", "suggest", "life"), lang_of(request)
    parts, suggestions = [], []
    if job.parts:
        said = json.loads(Path(job.parts).read_text(encoding="utf-8"))
        title = say(lang, f"task.{job.kind}")  # which the page says itself
        parts = [one for one in map(_part, said.get(lang, ())) if one["words"] != title]
        suggestions = [
            (household, sentence(lang, f"suggestion.{why}"))
            for household, why in said.get("suggestions", ())
        ]
    return {
        "job": job, "name": job.content["name"], "parts": parts, "suggestions": suggestions,
        "progress": status_said(lang, job), "done": job.state == DONE,
    }  # fmt: skip


def _part(kept: Any) -> dict[str, Any]:
    return dict(zip(("kind", "words", "heads", "rows", "right"), kept, strict=True))


# --- Comparing ----------------------------------------------------------------------------------


def _named(request: Request, said: str) -> Job | None:
    """The job that a name or a whole link of a result names."""
    name = urlsplit(said.strip()).path.rstrip("/").rsplit("/", 1)[-1]
    job = site_of(request).jobs.get(name)
    return job if job is not None and job.kind == "full" else None


def _asked(request: Request) -> tuple[list[Job], list[str]]:
    """Jobs to compare, and what was asked but isn't there."""
    said = [one for one in request.query_params.getlist("r") if one.strip()]
    found = [(one, _named(request, one)) for one in said[:MOST_COMPARED]]
    jobs = {job.name: job for _, job in found if job is not None}
    return list(jobs.values()), [one[:80] for one, job in found if job is None]


async def comparing(request: Request) -> Response:
    """Up to four results side by side."""
    jobs, missing = _asked(request)
    lang, compared = lang_of(request), None
    ready = [job for job in jobs if job.result]
    if len(ready) > 1:
        shown = [await run_in_threadpool(result_at, job.result) for job in ready]
        compared = await run_in_threadpool(compare, shown, lang)
    return render(
        request, "compare.html", jobs=ready, waiting=[job for job in jobs if not job.result],
        missing=missing, compared=compared, letters=[letter(k) for k in range(MOST_COMPARED)],
        drawn=await _drawn(request, ready, compared), most=MOST_COMPARED,
        query="&".join(f"r={job.name}" for job in ready),
        names=",".join(job.name for job in ready),
    )  # fmt: skip


def _figure_path(request: Request, jobs: list[Job]) -> Path:
    said = "|".join(job.result for job in jobs) + lang_of(request)
    name = hashlib.sha256(said.encode()).hexdigest()[:16]
    return site_of(request).jobs.folder_of(jobs[0]) / "compared" / f"{name}-{lang_of(request)}"


async def _drawn(
    request: Request, jobs: list[Job], compared: Compared | None
) -> dict[str, str] | None:
    """Title and text of the figure of these results, which is drawn if it isn't there."""
    if compared is None or not compared.planned:
        return None
    path = _figure_path(request, jobs)
    if not path.with_suffix(".json").is_file():
        about = {
            "folders": [job.result for job in jobs], "lang": lang_of(request), "there": str(path),
        }  # fmt: skip
        desk = site_of(request).jobs.front
        if not await run_in_threadpool(desk.ask_and_wait, "comparison", about, 30.0):
            return None
    found: dict[str, str] = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return found


async def compared_figure(request: Request) -> Response:
    """The balances of several results in one figure."""
    jobs = [job for job in _asked(request)[0] if job.result]
    path = _figure_path(request, jobs).with_suffix(".svg") if jobs else None
    if path is None or not path.is_file():
        raise HTTPException(404)
    return FileResponse(path)


# --- Assumptions --------------------------------------------------------------------------------


async def assumptions(request: Request) -> Response:
    """Every number of the model with its range, source and grade; to search and to change."""
    asked, lang = request.query_params, lang_of(request)
    link = asked.get("p", "")
    changes: dict[str, float] = {}
    if link:
        try:
            changes = unpacked(link, lang).get("parameters", {})
        except UserError:
            link = ""
    theme, wanted, words = asked.get("theme", ""), asked.get("grade", ""), asked.get("q", "")[:60]
    found = await run_in_threadpool(_found, theme, wanted, words)
    first = int(asked.get("from", "0")) if asked.get("from", "0").isdecimal() else 0
    rows = [_row(lang, one, changes) for one in found[first : first + _MOST_ROWS]]
    names = {one.theme for one in Parameters.packaged().values()}
    themes = sorted(((name, _theme(lang, name)) for name in names), key=lambda one: one[1])
    grades = [(name, grade(lang, name)) for name in GRADES]
    return render(
        request, "assumptions.html", rows=rows, count=len(found), themes=themes, grades=grades,
        theme=theme, grade=wanted, q=words, link=link, first=first, step=_MOST_ROWS,
        whole=len(Parameters.packaged()), changed=sorted(changes),
    )  # fmt: skip


def _theme(lang: str, name: str) -> str:
    """What numbers of a theme are about: a kind of help, a shock, or a part of the model."""
    if help_of := Parameters.packaged().interventions.get(name):
        return title_of(lang, help_of)
    if shock := packaged_shocks().get(name.removeprefix("shock_")):
        return say(lang, "theme.shock", title=shock.titel if lang == "nl" else shock.title)
    return say(lang, f"theme.{name}")


@cache
def _weakest_first() -> list[Any]:
    """All numbers with what the fit and the search for influence say, the weakest first."""
    return list(weakest_first(packaged_table()).itertuples())


def _found(theme: str, wanted: str, words: str) -> list[Any]:
    """Numbers of a theme and grade in which the words stand, the weakest first."""
    lowered = words.lower()
    return [
        row for row in _weakest_first()
        if theme in ("", row.theme) and wanted in ("", row.grade)
        and lowered in f"{row.theme}.{row.name} {row.betekenis} {row.meaning} {row.source}".lower()
    ]  # fmt: skip


def _row(lang: str, row: Any, changes: dict[str, float]) -> dict[str, Any]:
    one = Parameters.packaged()[f"{row.theme}.{row.name}"]
    return {
        "key": one.key, "meaning": named(lang, one),
        "value": short(lang, one.value), "low": short(lang, one.low),
        "high": short(lang, one.high), "unit": known(lang, "units", one.unit),
        "grade": grade(lang, one.grade), "fixed": one.fixed,
        "no_source": say(lang, "assume.no_source") if one.source.startswith("none") else "",
        "source": one.source.removeprefix("none").lstrip(":; "),
        "own": short(lang, changes[one.key]) if one.key in changes else "",
        "fitted": fitted_said(row, lang),
        "influence": influence_said(row, lang) if str(row.visible) == "True" else "",
    }  # fmt: skip


async def what_if(request: Request) -> Response:
    """One assumption, to be changed in a plan."""
    lang, key = lang_of(request), request.query_params.get("key", "")
    link, said = request.query_params.get("p", ""), request.query_params.get("value", "")
    known_numbers = Parameters.packaged().entries
    if key not in known_numbers:
        raise HTTPException(404)
    one, fault = known_numbers[key], ""
    row = next(row for row in _weakest_first() if f"{row.theme}.{row.name}" == key)
    if said:
        try:
            value = number_of(said, lang)
            if not one.low <= value <= one.high:
                raise ValueError(said)
            return see_other(address(request, "/plan", p=_with(link, key, value, lang)))
        except ValueError:
            low, high = short(lang, one.low), short(lang, one.high)
            fault = say(lang, "assume.fault", low=low, high=high)
    return render(
        request, "what_if.html", 422 if fault else 200, one=_row(lang, row, {}), link=link,
        fault=fault, said=said, low=written(one.low, lang), high=written(one.high, lang),
        usual=written(one.value, lang),
    )  # fmt: skip


def _with(link: str, key: str, value: float, lang: str) -> str:
    """A link of a plan with one assumption changed."""
    from siexsim.app.pages_plan import example

    content = unpacked(link, lang) if link else content_of(Scenario.of(example("small", lang)))
    parameters = {**content.get("parameters", {}), key: value}
    return packed({**content, "parameters": parameters})


# --- How sure, and help -------------------------------------------------------------------------


async def sure(request: Request) -> Response:
    """How near the model comes to what is known, and what nobody knows."""
    lang, fitted = lang_of(request), packaged_posterior()
    all_numbers = Parameters.packaged().values()
    grades = [
        (grade(lang, name), number(lang, sum(one.grade == name for one in all_numbers)))
        for name in GRADES
    ]
    return render(
        request, "sure.html", fit=fitted, used="" if fitted is None else text(
            lang, "posterior.used", count=len(fitted.names)), **_validation(lang),
        grades=grades, whole=number(lang, len(Parameters.packaged())),
        weightiest=weightiest(lang),
    )  # fmt: skip


def _validation(lang: str) -> dict[str, Any]:
    """Targets and hold-outs beside the model, as far as this was written down, and how many fit."""
    try:
        from calibration.validation import is_stale, read_validation
    except ImportError:  # the model without its calibration
        return {"parts": [], "fits": [], "old_table": False}
    kept = read_validation()
    if kept is None:
        return {"parts": [], "fits": [], "old_table": False}
    rows, made_by = kept
    fits = []
    for holdout in (False, True):
        own = [row for row in rows if row.holdout == holdout and not math.isnan(row.mean)]
        inside = sum(bool(row.inside) for row in own)
        key = "sure.fits_holdouts" if holdout else "sure.fits_targets"
        fits.append(say(lang, key, count=len(own), inside=inside))
    screen = Screen()
    print_validation(screen, rows, lang)
    parts = [part._replace(rows=tuple(map(_without_code, part.rows))) for part in screen.parts]
    return {"parts": parts, "fits": fits, "old_table": is_stale(made_by)}


def _without_code(row: tuple[str, ...]) -> tuple[str, ...]:
    """A row without the code of its figure, which is for who works on the model."""
    return (row[0].partition(" ")[2] or row[0], *row[1:])


async def manual(request: Request) -> Response:
    """How to use and read the page."""
    return render(request, "help.html")


ROUTES: Final = [
    Route("/result/{job}/council", ask_council, methods=["POST"]),
    Route("/result/{job}/lives", ask_lives, methods=["POST"]),
    Route("/task/{job}", task),
    Route("/task/{job}/part", task_part),
    Route("/compare", comparing),
    Route("/compare/figure.svg", compared_figure),
    Route("/assumptions", assumptions),
    Route("/what-if", what_if),
    Route("/sure", sure),
    Route("/help", manual),
]
