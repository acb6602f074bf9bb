"""The page with the map of a result."""

from __future__ import annotations

from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from siexsim.app.mapping import choices, mapped, named
from siexsim.app.site import job_of, lang_of, render, result_at


async def the_map(request: Request) -> Response:
    """One indicator by neighbourhood, without or with the plan, or what the plan changes."""
    job, lang = job_of(request, "full"), lang_of(request)
    if not job.result:
        raise HTTPException(404)
    shown = await run_in_threadpool(result_at, job.result)
    chosen, can = choices(shown, request.query_params)
    drawn = await run_in_threadpool(mapped, shown, chosen, lang)
    return render(
        request, "map.html", job=job, name=job.content["name"], chosen=chosen, can=can, map=drawn,
        indicators=[(one.name, named(lang, one)) for one in can["indicator"]],
        planned=any(area.in_plan for area in drawn.areas),
    )  # fmt: skip


ROUTES: Final = [Route("/result/{job}/map", the_map)]
