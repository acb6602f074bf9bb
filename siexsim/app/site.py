"""The site: its addresses, and what every page shares."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from siexsim import __version__
from siexsim.app.guards import LOCAL, Guard
from siexsim.app.jobs import RUNNING, WAITING, BusyError, Job, Jobs
from siexsim.app.words import kept_whole, say
from siexsim.compiled import fingerprint
from siexsim.result import Result, data_fingerprint, load
from siexsim.texts import LANGUAGES

_HERE: Final = Path(__file__).parent


@dataclass(frozen=True)
class Site:
    """What all pages share: the jobs, the templates and where the site lies."""

    jobs: Jobs
    base: str
    templates: Environment
    program: str  # the code and data that results are made with

    @property
    def kept(self) -> Path:
        """Where complete results of this program are kept."""
        return self.jobs.folder / "results" / self.program


def site_of(request: Request) -> Site:
    """What the pages share."""
    site: Site = request.app.state.site
    return site


def lang_of(request: Request) -> str:
    """Language of a page, by its address."""
    lang: str = request.path_params.get("lang", "nl")
    if lang not in LANGUAGES:
        raise HTTPException(404)
    return lang


def address(request: Request, path: str, **query: object) -> str:
    """Address of a page of the site in the language of this one."""
    asked = {key: value for key, value in query.items() if value not in ("", None)}
    tail = f"?{urlencode(asked, doseq=True)}" if asked else ""
    return f"{site_of(request).base}/{lang_of(request)}{path}{tail}"


def render(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page in the language of its address."""
    site = site_of(request)
    lang = request.path_params.get("lang", "nl")
    lang = lang if lang in LANGUAGES else "nl"
    other = LANGUAGES[1 - LANGUAGES.index(lang)]
    rest = request.url.path.removeprefix(site.base).removeprefix(f"/{lang}")
    query = f"?{request.url.query}" if request.url.query else ""
    elsewhere = f"{site.base}/{other}{rest if request.method == 'GET' else '/'}{query}"
    page = site.templates.get_template(template).render(
        lang=lang, other=other, elsewhere=elsewhere, base=site.base, version=__version__,
        say=partial(say, lang), url=lambda path: f"{site.base}/{lang}{path}", here=rest, **values,
    )  # fmt: skip
    return HTMLResponse(page, status, {"cache-control": "no-store"})


def job_of(request: Request, *kinds: str) -> Job:
    """The job that an address names."""
    job = site_of(request).jobs.get(request.path_params["job"])
    if job is None or (kinds and job.kind not in kinds):
        raise HTTPException(404)
    return job


@lru_cache(maxsize=24)
def result_at(folder: str) -> Result:
    """A result; those that were looked at last are kept in memory."""
    return load(folder)


def see_other(address: str) -> Response:
    """Answer a form by leading to a page."""
    return RedirectResponse(address, 303)


async def front_door(request: Request) -> Response:
    """Lead to the start page, in the language that the browser prefers."""
    asked = request.headers.get("accept-language", "nl").lower()
    lang = "en" if asked.startswith("en") else "nl"
    return RedirectResponse(f"{site_of(request).base}/{lang}/", 302)


async def health(request: Request) -> Response:
    """Whether the site is well, for whoever watches over it."""
    jobs = site_of(request).jobs
    warm = jobs.front.warm.is_set()
    said = {
        "status": "ok" if warm else "starting", "version": __version__,
        "running": jobs.count(RUNNING), "waiting": jobs.count(WAITING),
        "workers": len(jobs.backs),
    }  # fmt: skip
    return JSONResponse(said, headers={"cache-control": "no-store"})


def _failed(status: int) -> Any:
    async def answer(request: Request, error: Exception) -> Response:
        return render(request, "message.html", status, kind=str(status))

    return answer


async def _busy(request: Request, error: Exception) -> Response:
    answer = render(request, "message.html", 503, kind="busy")
    answer.headers["retry-after"] = "60"
    return answer


def _lines(words: str) -> Markup:
    return Markup("<br>").join(escape(line) for line in words.splitlines())


def _templates() -> Environment:
    found = Environment(
        loader=PackageLoader("siexsim.app"), autoescape=True, trim_blocks=True,
        lstrip_blocks=True, undefined=StrictUndefined, finalize=kept_whole,
    )  # fmt: skip
    found.filters["lines"] = _lines
    return found


def build(jobs: Jobs, base: str = "", hosts: Iterable[str] = LOCAL) -> Starlette:
    """Make the site.

    Parameters
    ----------
    jobs
        The jobs of its visitors.
    base
        Path below which it lies behind a proxy, such as "/siex".
    hosts
        Names under which it may be asked for; "*" is any.
    """
    from siexsim.app import pages_more, pages_plan, pages_result  # they need this module

    pages = [*pages_plan.ROUTES, *pages_result.ROUTES, *pages_more.ROUTES]

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        jobs.close()

    app = Starlette(
        routes=[
            Route("/", front_door), Route("/health", health),
            Mount("/static", StaticFiles(directory=_HERE / "static")),
            Mount("/{lang}", routes=pages),
        ],
        middleware=[Middleware(Guard, base=base, hosts=hosts)],
        exception_handlers={
            404: _failed(404), 405: _failed(404), 400: _failed(400), 500: _failed(500), BusyError: _busy,
        },
        lifespan=lifespan,
    )  # fmt: skip
    app.state.site = Site(jobs, base, _templates(), f"{fingerprint()}-{data_fingerprint()}")
    return app
