"""A report of a result: what is asked of it, and all that it says."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from siexsim.app.captions import FIGURES, FOLDER, captions
from siexsim.app.screen import Part, Screen
from siexsim.app.words import say
from siexsim.errors import UserError
from siexsim.place import load_place
from siexsim.protected import packaged_rules
from siexsim.report.behind import Behind, behind
from siexsim.report.content import Tile, caution, limits, plan_lines, sentences, tiles
from siexsim.say_photo import foto_lines
from siexsim.scenario import Scenario
from siexsim.texts import month, number, text

if TYPE_CHECKING:
    from siexsim.result import Result

SECTIONS: Final = ("plan", *FIGURES, "photo", "limits", "origin")


class Figure(NamedTuple):
    """A figure with what it says, its picture and its table."""

    name: str
    title: str
    alt: str
    svg: bytes
    table: Behind


@dataclass(frozen=True)
class Asked:
    """What somebody wants of a report: language, title, addressee, words of their own, sections."""

    lang: str
    title: str = ""
    addressee: str = ""
    words: str = ""
    sections: tuple[str, ...] = SECTIONS
    dated: date = field(default_factory=date.today)


@dataclass(frozen=True)
class Report:
    """All that a report says; each kind of file says the same."""

    asked: Asked
    title: str
    scenario: Scenario
    sentences: tuple[str, ...]
    tiles: tuple[Tile, ...]
    caution: tuple[str, ...]
    plan: tuple[tuple[str, str], ...]
    figures: tuple[Figure, ...]
    photo: tuple[Part, ...]
    limits: tuple[str, ...]
    notes: tuple[str, ...]
    origin: tuple[tuple[str, str], ...]

    @property
    def lang(self) -> str:
        """Language of the report."""
        return self.asked.lang

    @property
    def date(self) -> str:
        """The day it was made, as its language writes it."""
        day = self.asked.dated
        return f"{day.day} {month(self.lang, f'{day.year}-{day.month:02d}')}"


def gather(result: Result, asked: Asked) -> Report:
    """Gather what a report says of a result.

    Raises
    ------
    UserError
        When the result holds single households, which may not leave.
    """
    lang, scenario = asked.lang, Scenario.of(result.manifest["scenario"])
    if result.manifest.get("raw"):
        raise UserError(say(lang, "report.raw"))
    return Report(
        asked, asked.title or say(lang, "report.title", name=scenario.name), scenario,
        tuple(sentences(lang, result)), tuple(tiles(lang, result)),
        tuple(caution(lang, scenario)),
        tuple(plan_lines(lang, scenario)) if "plan" in asked.sections else (),
        tuple(_figures(result, asked)),
        tuple(_photo(result, asked)) if "photo" in asked.sections else (),
        tuple(limits(lang)) if "limits" in asked.sections else (),
        tuple(_notes(lang, result)),
        tuple(_origin(lang, result)) if "origin" in asked.sections else (),
    )  # fmt: skip


def _figures(result: Result, asked: Asked) -> list[Figure]:
    drawn, found = captions(result.folder), []
    for name in FIGURES:
        caption = drawn.get(name, {}).get(asked.lang)
        if name not in asked.sections or caption is None:
            continue
        path = Path(result.folder) / FOLDER / f"{name}-{asked.lang}.svg"
        table = behind(result, name, asked.lang)
        found.append(Figure(name, caption["title"], caption["alt"], path.read_bytes(), table))
    return found


def _photo(result: Result, asked: Asked) -> list[Part]:
    """The wijkfoto at the end: of the neighbourhood of the plan, or the whole municipality."""
    scenario = Scenario.of(result.manifest["scenario"])
    place = load_place(scenario.place)
    names = scenario.plan.all_wijken if scenario.plan is not None else ()
    wijk = place.wijken[place.wijk(names[0])] if len(names) == 1 else place.name
    screen = Screen()
    for line in foto_lines(asked.lang, result.wijkfoto, wijk, int(result.wijkfoto["year"].max())):
        screen.print(line)
    return screen.parts


def _notes(lang: str, result: Result) -> list[str]:
    rules = packaged_rules()
    values = {"base": number(lang, rules.count_base), "few": number(lang, rules.few)}
    said = [text(lang, "disclosure.note", **values), say(lang, "report.synthetic")]
    if result.manifest.get("few_participants"):
        said.insert(0, text(lang, "disclosure.few_took_part"))
    return said


def _origin(lang: str, result: Result) -> list[tuple[str, str]]:
    manifest, scenario = result.manifest, Scenario.of(result.manifest["scenario"])
    versions = manifest["versions"]
    rows: dict[str, Any] = {
        "scenario": f"{scenario.name} ({manifest['fingerprint']})",
        "effects": say(lang, f"effects.{scenario.effects}"),
        "futures": number(lang, result.summary["futures"]),
        "sample": number(lang, scenario.sample),
        "seed": str(scenario.seed),
        "made": str(manifest["started"]),
        "version": f"siexsim {versions['siexsim']}, Python {versions['python']}, "
        f"numpy {versions['numpy']}, numba {versions['numba']}, mesa {versions['mesa']}",
        "code": str(manifest["code_fingerprint"]),
        "data": str(manifest["data_fingerprint"]),
        "prices": say(lang, "origin.prices_value"),
    }
    return [(say(lang, f"origin.{key}"), said) for key, said in rows.items()]
