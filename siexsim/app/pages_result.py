"""Pages about a result: what came of a plan, its figures and tables, the wijkfoto, the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from siexsim.app.captions import FIGURES, FOLDER, captions
from siexsim.app.jobs import DONE, RUNNING, WAITING, Job
from siexsim.app.pages_plan import plan_file, run
from siexsim.app.planfile import content_of, packed
from siexsim.app.screen import Screen
from siexsim.app.site import address, job_of, lang_of, render, result_at, see_other, site_of
from siexsim.app.words import say
from siexsim.errors import UserError
from siexsim.plots import figures
from siexsim.report.behind import as_frame, behind, cells
from siexsim.report.content import (
    caution,
    first_sentences,
    limits,
    plan_lines,
    sentences,
    tiles,
)
from siexsim.report.gathered import SECTIONS, Asked
from siexsim.report.make import FORMATS, make
from siexsim.result import slug
from siexsim.say_photo import foto_lines
from siexsim.scenario import Scenario
from siexsim.texts import catalogue, number

_DRAWN_SECONDS: Final = 90.0


# --- The result ---------------------------------------------------------------------------------


async def result(request: Request) -> Response:
    """What came of a plan, as far as it is known."""
    job = job_of(request, "full")
    return render(request, "result.html", **await _seen(request, job))


async def part(request: Request) -> Response:
    """The part of the page that changes while a run goes on."""
    job = job_of(request, "full")
    return render(request, "live.html", **await _seen(request, job))


async def _seen(request: Request, job: Job) -> dict[str, Any]:
    jobs, lang = site_of(request).jobs, lang_of(request)
    if job.result:
        jobs.draw(job, lang)
    return await run_in_threadpool(_view, request, job)


def _view(request: Request, job: Job) -> dict[str, Any]:
    lang, scenario = lang_of(request), Scenario.of(job.content)
    jobs = site_of(request).jobs
    before = [one for name in job.beside if (one := jobs.get(name)) is not None and one.result]
    found: dict[str, Any] = {
        "job": job, "name": scenario.name, "plan": plan_lines(lang, scenario),
        "sentences": [], "tiles": [], "figures": [], "first": False, "summary": None,
        "caution": caution(lang, scenario), "limits": limits(lang),
        "progress": status_said(lang, job), "link": packed(content_of(scenario)),
        "before": _before(lang, before[-1]) if before else None,
        "compared": ",".join(one.name for one in before),
        "compare_query": "&".join(f"r={one.name}" for one in (*before, job)),
        "planned": scenario.plan is not None, "drawing": False,
    }  # fmt: skip
    if job.result:
        shown = result_at(job.result)
        found |= {
            "sentences": sentences(lang, shown), "tiles": tiles(lang, shown),
            "figures": _figures(job, lang), "summary": shown.summary,
            "few": bool(shown.manifest.get("few_participants")),
        }  # fmt: skip
        found["drawing"] = len(found["figures"]) < _expected(shown)
    elif job.line is not None:
        found |= {"sentences": first_sentences(lang, scenario, job.line), "first": True}
    return found


def _before(lang: str, job: Job) -> dict[str, Any]:
    """What the plan that was run before came to, to keep in sight."""
    shown = result_at(job.result)
    name = shown.manifest["scenario"]["name"]
    return {"job": job, "name": name, "sentences": sentences(lang, shown)}


def _folders(job: Job) -> list[str]:
    """Results of a job, the newest last."""
    return [*job.earlier, job.result]


def _expected(shown: Any) -> int:
    return len(figures(shown))


def _figures(job: Job, lang: str) -> list[dict[str, Any]]:
    """The figures that are drawn, each from the newest result that has it."""
    found = []
    for name in FIGURES:
        for version in reversed(range(len(_folders(job)))):
            folder = Path(_folders(job)[version])
            caption = captions(folder).get(name, {}).get(lang)
            if caption:
                table = behind(result_at(str(folder)), name, lang)
                found.append(
                    {
                        "name": name, "version": version, **caption,
                        "heads": table.heads, "kinds": table.kinds, "rows": cells(lang, table),
                    }
                )  # fmt: skip
                break
    return found


def status_said(lang: str, job: Job) -> str:
    """How far a job is, in a line."""
    if job.state == WAITING:
        return say(lang, "status.waiting")
    if job.state == RUNNING:
        what, done, total = job.stage
        if what == "futures":
            return say(lang, "status.band", done=done, total=total)
        stage = catalogue(lang).get(f"stage.{what}", "")
        if total > 1:
            share = number(lang, 100 * done / total)
            return say(lang, "status.stage", stage=stage, share=share)
        return say(lang, "status.stage_only", stage=stage)
    if job.state == "cancelled" and job.result:
        return say(lang, "status.cancelled_kept", futures=job.futures)
    key = f"status.{job.state}"
    if job.state == "failed" and job.message in ("time", "died"):
        key = f"status.{job.message}"
    return say(lang, key)


async def status(request: Request) -> Response:
    """How far a job is, for the page's own script."""
    job = job_of(request)
    _, done, total = job.stage
    said = {
        "stamp": job.stamp, "ended": job.ended, "said": status_said(lang_of(request), job),
        "done": done, "total": max(total, 1), "drawing": job.ended and await _drawing(request, job),
    }  # fmt: skip
    return JSONResponse(said, headers={"cache-control": "no-store"})


async def _drawing(request: Request, job: Job) -> bool:
    if job.kind != "full" or not job.result:
        return False

    def waiting() -> bool:
        drawn = captions(Path(job.result))
        expected = _expected(result_at(job.result))
        return sum(lang_of(request) in one for one in drawn.values()) < expected

    return await run_in_threadpool(waiting)


async def cancel(request: Request) -> Response:
    """Call a job off."""
    job = job_of(request)
    site_of(request).jobs.cancel(job)
    page = "result" if job.kind == "full" else "task"
    return see_other(address(request, f"/{page}/{job.name}"))


async def again(request: Request) -> Response:
    """Run the plan of a job that was broken off once more."""
    job = job_of(request, "full")
    started = run(request, content_of(Scenario.of(job.content)), job.beside)
    return see_other(address(request, f"/result/{started.name}"))


# --- What can be taken along --------------------------------------------------------------------


async def figure(request: Request) -> Response:
    """One figure as SVG or PNG."""
    job, lang = job_of(request, "full"), lang_of(request)
    name, kind = request.path_params["name"], request.path_params["kind"]
    asked = request.query_params.get("v", "")
    folders = _folders(job)
    version = int(asked) if asked.isdecimal() and int(asked) < len(folders) else len(folders) - 1
    path = Path(folders[version]) / FOLDER / f"{name}-{lang}.{kind}"
    if name not in FIGURES or kind not in ("svg", "png") or not path.is_file():
        raise HTTPException(404)
    scenario = job.content["name"]
    headers = {"cache-control": "private, max-age=3600"}
    if "save" in request.query_params:
        headers["content-disposition"] = f"attachment; filename={slug(scenario)}-{name}.{kind}"
    return FileResponse(path, headers=headers)


async def table(request: Request) -> Response:
    """The table behind a figure, for a spreadsheet."""
    job, lang, name = job_of(request, "full"), lang_of(request), request.path_params["name"]
    if name not in FIGURES or not job.result:
        raise HTTPException(404)
    shown = await run_in_threadpool(result_at, job.result)
    if name not in figures(shown):  # too few households stand behind it
        raise HTTPException(404)
    frame = as_frame(lang, behind(shown, name, lang))
    comma, decimal = (";", ",") if lang == "nl" else (",", ".")
    text = frame.to_csv(index=False, sep=comma, decimal=decimal)
    said = f"attachment; filename={slug(job.content['name'])}-{name}.csv"
    # with a mark that tells spreadsheets it is UTF-8
    body = text.encode("utf-8-sig")
    return Response(body, media_type="text/csv", headers={"content-disposition": said})


async def toml(request: Request) -> Response:
    """The plan of a result as a file."""
    return plan_file(Scenario.of(job_of(request, "full").content))


# --- The wijkfoto -------------------------------------------------------------------------------


async def photo(request: Request) -> Response:
    """The wijkfoto of one neighbourhood and year, with both comparisons."""
    job, lang = job_of(request, "full"), lang_of(request)
    if not job.result:
        raise HTTPException(404)
    shown = await run_in_threadpool(result_at, job.result)
    foto = shown.wijkfoto
    years = sorted(int(year) for year in foto["year"].unique())
    names = [shown.place.name, *shown.place.wijken]
    wijk = request.query_params.get("wijk", "")
    scenario = Scenario.of(job.content)
    own = scenario.plan.all_wijken if scenario.plan is not None else ()
    usual = shown.place.wijken[shown.place.wijk(own[0])] if len(own) == 1 else names[0]
    wijk = wijk if wijk in names else usual
    asked = request.query_params.get("year", "")
    year = int(asked) if asked.isdecimal() and int(asked) in years else years[-1]
    screen = Screen()
    for line in foto_lines(lang, foto, wijk, year):
        screen.print(line)
    return render(
        request, "photo.html", job=job, name=job.content["name"], parts=screen.parts,
        names=names, years=years, wijk=wijk, year=year,
    )  # fmt: skip


# --- The report ---------------------------------------------------------------------------------


async def report(request: Request) -> Response:
    """What a report can hold, to choose from."""
    job = job_of(request, "full")
    return _report_form(request, job)


def _report_form(request: Request, job: Job, fault: str = "", status: int = 200) -> Response:
    return render(
        request, "report_form.html", status, job=job, name=job.content["name"], fault=fault,
        sections=SECTIONS, formats=list(FORMATS), ready=bool(job.result) and job.state == DONE,
    )  # fmt: skip


async def send_report(request: Request) -> Response:
    """Make a report and send it."""
    job = job_of(request, "full")
    form = await request.form(max_files=0, max_fields=50)
    if not job.result:
        return _report_form(request, job, say(lang_of(request), "report.not_yet"), 409)
    chosen = tuple(one for one in SECTIONS if one in form.getlist("section"))
    kind = str(form.get("format", "html"))
    language = str(form.get("language", lang_of(request)))
    asked = Asked(
        language if language in ("nl", "en") else lang_of(request),
        str(form.get("title", ""))[:120], str(form.get("for", ""))[:120],
        str(form.get("text", ""))[:1000], chosen or SECTIONS,
    )  # fmt: skip
    if kind not in FORMATS:
        raise HTTPException(400)
    if not await run_in_threadpool(_all_drawn, request, job, asked.lang):
        return _report_form(request, job, say(lang_of(request), "report.not_drawn"), 503)
    shown = await run_in_threadpool(result_at, job.result)
    try:
        body = await run_in_threadpool(make, shown, kind, asked)
    except UserError as error:
        return _report_form(request, job, str(error), 409)
    said = f"attachment; filename={slug(asked.title or job.content['name'])}-{asked.lang}.{kind}"
    headers = {"content-disposition": said, "cache-control": "no-store"}
    return Response(body, media_type=FORMATS[kind], headers=headers)


def _all_drawn(request: Request, job: Job, lang: str) -> bool:
    """Wait until all figures of a result are there in a language."""
    desk, folder = site_of(request).jobs.front, job.result
    for name in FIGURES:
        if lang in captions(Path(folder)).get(name, {}):
            continue
        about = {"folder": folder, "name": name, "lang": lang}
        if not desk.ask_and_wait("figure", about, _DRAWN_SECONDS):
            return False
    return True


ROUTES: Final = [
    Route("/result/{job}", result),
    Route("/result/{job}/part", part),
    Route("/result/{job}/cancel", cancel, methods=["POST"]),
    Route("/result/{job}/again", again, methods=["POST"]),
    Route("/result/{job}/figure/{name}.{kind}", figure),
    Route("/result/{job}/table/{name}.csv", table),
    Route("/result/{job}/plan.toml", toml),
    Route("/result/{job}/photo", photo),
    Route("/result/{job}/report", report),
    Route("/result/{job}/report", send_report, methods=["POST"]),
    Route("/status/{job}", status),
]
