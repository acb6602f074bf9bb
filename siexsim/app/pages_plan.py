"""Pages to build a plan: start, the form, opening and saving, and running."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from siexsim.app.planfile import (
    LONGEST_LINK,
    checked,
    content_of,
    opened,
    packed,
    toml_of,
    unpacked,
)
from siexsim.app.planform import (
    MEASURED,
    PARTNERS,
    PRECISION,
    STAGES,
    STRENGTHS,
    content_of_fields,
    fault_field,
    fields_of,
    kept,
)
from siexsim.app.prices import prices_eur
from siexsim.app.site import address, lang_of, render, see_other, site_of
from siexsim.app.words import say, words
from siexsim.errors import UserError
from siexsim.household import month_text
from siexsim.place import load_place
from siexsim.report.content import changed, title_of
from siexsim.result import slug
from siexsim.scenario import Scenario
from siexsim.shocks import packaged_shocks
from siexsim.texts import month, number

EXAMPLES: Final = ("small", "steps", "nothing")
MOST_BESIDE: Final = 3
_FIRST_YEAR: Final = 2022


@cache
def examples() -> Mapping[str, dict[str, Any]]:
    """Plans to begin with, as their files say."""
    import tomllib

    text = (files("siexsim") / "data" / "app" / "examples.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text))


def _example(name: str, lang: str) -> dict[str, Any]:
    content = dict(examples()[name])
    return content | {"name": content[f"name_{lang}"]} if f"name_{lang}" in content else content


def example(name: str, lang: str) -> dict[str, Any]:
    """One plan to begin with, named in a language."""
    content = _example(name, lang)
    return {key: value for key, value in content.items() if not key.startswith("name_")}


async def start(request: Request) -> Response:
    """The first page: what this is, examples, and where to begin."""
    lang = lang_of(request)
    shown = [(name, packed(example(name, lang))) for name in EXAMPLES]
    return render(request, "start.html", examples=shown)


async def plan(request: Request) -> Response:
    """The form, filled with a plan from a link, or the first example."""
    lang, link = lang_of(request), request.query_params.get("p", "")
    beside = beside_of(request, request.query_params.get("with", ""))
    try:
        content = unpacked(link, lang) if link else example("small", lang)
        scenario = await run_in_threadpool(checked, content, lang)
        content = content_of(scenario)
    except UserError as error:
        fields = fields_of(example("small", lang), lang)
        return _form(request, fields, {}, beside, {"": str(error)}, 400)
    fields = fields_of(content, lang)
    key = request.query_params.get("set", "")
    if key and request.query_params.get("value", ""):
        fields[f"set:{key}"] = [request.query_params["value"]]
    return _form(request, fields, content, beside)


def beside_of(request: Request, said: str) -> tuple[str, ...]:
    """Names of jobs to compare with, of those that are there."""
    jobs = site_of(request).jobs
    found = [one for one in said.split(",") if one and jobs.get(one)]
    return tuple(dict.fromkeys(found))[-MOST_BESIDE:]


def _form(
    request: Request, fields: Mapping[str, Any], base: Mapping[str, Any],
    beside: tuple[str, ...], faults: Mapping[str, str] | None = None, status: int = 200,
) -> Response:  # fmt: skip
    lang = lang_of(request)
    place = load_place(str(base.get("place", "groningen")))
    own = base.get("interventions", {})
    try:
        central = Scenario.of({**base, "plan": None}).central() if own else None
    except (ValueError, UserError):
        central = None
    years = int(base.get("years", 10)) if str(base.get("years", 10)).isdecimal() else 10
    dates = [month_text((_FIRST_YEAR - 1900) * 12 + k) for k in range(12 * max(years, 12))]
    months = {date: month(lang, date) for date in dates}
    names = [key[4:] for key in fields if key.startswith("set:")]
    return render(
        request, "plan.html", status, fields=fields, base_link=packed(base) if base else "",
        beside=",".join(beside), faults=faults or {}, wijken=_wijken(place, lang),
        helps=_helps(lang, central), shocks=_shocks(lang), months=months,
        year_list=list(range(_FIRST_YEAR, _FIRST_YEAR + max(years, 12))), strengths=STRENGTHS,
        partners=PARTNERS, stages=STAGES, measured=MEASURED, precision=list(PRECISION),
        kept=kept(base), changes=_changes(names, base, lang),
    )  # fmt: skip


def _wijken(place: Any, lang: str) -> list[dict[str, Any]]:
    found = []
    for row, feature in enumerate(place.map["features"]):
        own = feature["properties"]
        households = number(lang, float(place.margins["households"].iloc[row]))
        found.append(
            {
                "name": own["name"], "shown": own["name"].replace("parkwijk", "park\u00adwijk"),
                "households": households, "places": _places(own, lang),
                "column": own["tile_col"] + 1, "row": own["tile_row"] + 1,
            }
        )  # fmt: skip
    return found


def _places(own: Mapping[str, Any], lang: str) -> str:
    """What lies in a neighbourhood, unless its name says so itself."""
    said = words(lang).get(f"places.{own['name']}", own["places"])
    return "" if said == own["name"].removesuffix(" e.o.") else said


def _helps(lang: str, central: Any) -> list[dict[str, Any]]:
    from siexsim.parameters import Parameters

    parameters = central or Parameters.packaged()
    prices = prices_eur(parameters)
    return [
        {
            "name": name, "title": title_of(lang, one),
            "words": one.woorden if lang == "nl" else one.words, "grade": one.grade,
            "price": round(prices[name]), "price_said": number(lang, round(prices[name], -1)),
        }
        for name, one in parameters.interventions.items()
    ]  # fmt: skip


def _shocks(lang: str) -> list[dict[str, str]]:
    return [
        {
            "name": one.name, "title": one.titel if lang == "nl" else one.title,
            "words": one.woorden if lang == "nl" else one.words,
        }
        for one in packaged_shocks().values()
    ]  # fmt: skip


def _changes(names: list[str], base: Mapping[str, Any], lang: str) -> list[tuple[str, str]]:
    found = []
    for name in names:
        try:
            scenario = Scenario.of({"name": "x", "parameters": base.get("parameters", {})})
            said = changed(lang, scenario, name) if name in scenario.parameters else name
        except (ValueError, UserError, KeyError):
            said = name
        found.append((name, said))
    return found


# --- What the form's buttons do -----------------------------------------------------------------


async def _posted(request: Request) -> dict[str, list[str]]:
    form = await request.form(max_files=1, max_fields=500)
    found: dict[str, list[str]] = {}
    for key, value in form.multi_items():
        if isinstance(value, str):
            found.setdefault(key, []).append(value)
    return found


async def send_plan(request: Request) -> Response:
    """Run the plan of the form, or save it as a file, or make a link of it."""
    lang, fields = lang_of(request), await _posted(request)
    beside = beside_of(request, (fields.get("with") or [""])[0])
    base: dict[str, Any] = {}
    try:
        if link := (fields.get("base") or [""])[0]:
            base = unpacked(link, lang)
    except UserError as error:
        return _form(request, fields, {}, beside, {"": str(error)}, 400)
    read = content_of_fields(fields, base, lang)
    if read.faults:
        return _form(request, fields, base, beside, read.faults, 422)
    try:
        scenario = await run_in_threadpool(checked, read.content, lang)
    except UserError as error:
        message = str(error)
        return _form(request, fields, base, beside, {fault_field(message): message}, 422)
    do = (fields.get("do") or ["run"])[0]
    content = content_of(scenario)
    if do == "save":
        return plan_file(scenario)
    if do == "link":
        if len(packed(content)) > LONGEST_LINK:
            too_long = {"": say(lang, "open.long_link")}
            return _form(request, fields, base, beside, too_long, 422)
        return see_other(address(request, "/plan", p=packed(content)) + "#link")
    return see_other(address(request, f"/result/{run(request, content, beside).name}"))


def run(request: Request, content: Mapping[str, Any], beside: tuple[str, ...]) -> Any:
    """Start the run of a plan; what was run before is there at once."""
    site, lang = site_of(request), lang_of(request)
    scenario = Scenario.of(content)
    there = site.kept / f"{slug(scenario.name)}-{scenario.fingerprint()}"
    done = str(there) if (there / "manifest.json").is_file() else ""
    site.kept.mkdir(parents=True, exist_ok=True)
    full = scenario.model_dump(mode="json")
    return site.jobs.start("full", lang, full, {"kept": str(site.kept)}, "", beside, done)


def plan_file(scenario: Scenario) -> Response:
    """A plan as a file for the reader to keep."""
    said = f"attachment; filename={slug(scenario.name)}.toml"
    text = toml_of(content_of(scenario))
    return Response(text, media_type="application/toml", headers={"content-disposition": said})


async def open_plan(request: Request) -> Response:
    """Open a plan that was saved before, here or for the command line."""
    lang = lang_of(request)
    form = await request.form(max_files=1, max_fields=10)
    upload = form.get("file")
    try:
        sent = await upload.read() if isinstance(upload, UploadFile) else b""
        scenario = await run_in_threadpool(opened, sent, lang)
    except UserError as error:
        fields = fields_of(example("small", lang), lang)
        return _form(request, fields, {}, (), {"": str(error)}, 422)
    content = content_of(scenario)
    if len(packed(content)) > LONGEST_LINK:
        return _form(request, fields_of(content, lang), content, ())
    return see_other(address(request, "/plan", p=packed(content)))


ROUTES: Final = [
    Route("/", start),
    Route("/plan", plan),
    Route("/plan", send_plan, methods=["POST"]),
    Route("/open", open_plan, methods=["POST"]),
]
