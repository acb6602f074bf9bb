"""The site: its addresses, and what every page shares."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from jinja2 import Environment
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from siexsim import __version__
from siexsim.app.jobs import Job, Jobs
from siexsim.app.words import say
from siexsim.result import Result, load
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
