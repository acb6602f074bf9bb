"""The site as it is served: its addresses, its guard, and what it says when something is wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from siexsim import __version__
from siexsim.app import pages_map, pages_more, pages_plan, pages_result
from siexsim.app.guards import LOCAL, Guard
from siexsim.app.jobs import RUNNING, WAITING, BusyError, Jobs
from siexsim.app.site import Site, address, render, site_of
from siexsim.app.words import kept_whole
from siexsim.compiled import fingerprint
from siexsim.result import data_fingerprint

_HERE: Final = Path(__file__).parent


async def front_door(request: Request) -> Response:
    """Lead to the start page, in the language that the browser prefers."""
    asked = request.headers.get("accept-language", "nl").lower()
    lang = "en" if asked.startswith("en") else "nl"
    return RedirectResponse(f"{site_of(request).base}/{lang}/", 302)


async def to_start(request: Request) -> Response:
    """Lead to the start page of a language."""
    return RedirectResponse(address(request, "/"), 308)


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
    pages = [*pages_plan.ROUTES, *pages_result.ROUTES, *pages_map.ROUTES, *pages_more.ROUTES]

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        jobs.close()

    app = Starlette(
        routes=[
            Route("/", front_door), Route("/health", health),
            Mount("/static", StaticFiles(directory=_HERE / "static")),
            Route("/{lang}", to_start), Mount("/{lang}", routes=pages),
        ],
        middleware=[Middleware(Guard, base=base, hosts=hosts)],
        exception_handlers={
            404: _failed(404), 405: _failed(404), 400: _failed(400), 500: _failed(500),
            BusyError: _busy,
        },
        lifespan=lifespan,
    )  # fmt: skip
    app.router.redirect_slashes = False  # it doesn't know the base path
    app.state.site = Site(jobs, base, _templates(), f"{fingerprint()}-{data_fingerprint()}")
    return app
