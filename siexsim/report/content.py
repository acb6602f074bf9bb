"""What a result says in words and a few figures; every page and report takes it from here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from siexsim.app.words import say
from siexsim.interventions import Intervention
from siexsim.parameters import Parameters
from siexsim.place import load_place
from siexsim.report.behind import PUBLIC_PAYERS, over_futures
from siexsim.say import sober
from siexsim.scenario import Scenario
from siexsim.shocks import packaged_shocks
from siexsim.texts import amount, known, month, number, percent, short, span
from siexsim.weakness import packaged_table, weakest_first

if TYPE_CHECKING:
    from siexsim.result import Result


class Tile(NamedTuple):
    """One figure that matters, with what belongs beside it."""

    name: str
    value: str
    beside: str = ""


def where(lang: str, scenario: Scenario) -> str:
    """Neighbourhoods of a plan, by their own names."""
    place = load_place(scenario.place)
    names = scenario.plan.all_wijken if scenario.plan is not None else ()
    wijken = list(dict.fromkeys(place.wijken[place.wijk(name)] for name in names))
    if not wijken:
        return place.name
    if len(wijken) == 1:
        return wijken[0]
    return ", ".join(wijken[:-1]) + known(lang, "say", "and") + wijken[-1]


# --- The first line -----------------------------------------------------------------------------


def first_sentences(lang: str, scenario: Scenario, line: Mapping[str, Any]) -> list[str]:
    """What a plan comes to before all of it has been run: middle values, a sample, no band."""
    public = sum(line["returned_eur"][payer] for payer in PUBLIC_PAYERS)
    back = line["payback_months"]["municipality"]
    key = "first.back" if back is not None else "first.never"
    return [
        _money(lang, scenario, line["invested_eur"], line["returned_eur"]["municipality"], public),
        say(lang, key, span=span(lang, back) if back is not None else ""),
        say(lang, "first.note", sample=number(lang, line["sample"])),
    ]


def _money(lang: str, scenario: Scenario, invested: float, own: float, public: float) -> str:
    if round(invested) <= 0:
        return say(lang, "sentence.nobody", where=where(lang, scenario))
    key = "sentence.money" if own >= 0 else "sentence.money_lost"
    return say(
        lang, key, where=where(lang, scenario), invested=amount(lang, invested),
        own=amount(lang, abs(own)), public=amount(lang, public),
    )  # fmt: skip


# --- A result -----------------------------------------------------------------------------------


def sentences(lang: str, result: Result) -> list[str]:
    """What a result says, before any picture."""
    scenario = Scenario.of(result.manifest["scenario"])
    summary, said = result.summary, []
    if summary["invested_eur"] is not None:
        own = summary["returned_eur"]["municipality"]["p50"]
        public = over_futures(result, PUBLIC_PAYERS)[1]
        said.append(_money(lang, scenario, summary["invested_eur"]["p50"], own, public))
        if round(summary["invested_eur"]["p50"]) > 0:
            back = summary["payback_months"]["municipality"]
            said.append(sober(lang, "municipality", back, summary["futures"]))
    return [*said, _poverty(lang, scenario, summary)]


def _poverty(lang: str, scenario: Scenario, summary: Mapping[str, Any]) -> str:
    counts = summary["people_in_poverty"]
    year = int(scenario.start[:4]) + scenario.years - 1
    without, with_plan = counts["end_without"], counts["end_with"]
    if with_plan is None or without is None:
        key, change = "sentence.poor_alone", 0
    else:
        change = with_plan - without
        key = f"sentence.poor_{'less' if change < 0 else 'more' if change > 0 else 'same'}"
    return say(
        lang, key, year=year, change=number(lang, abs(change)),
        total=number(lang, without) if without is not None else "·",
    )  # fmt: skip


def tiles(lang: str, result: Result) -> list[Tile]:
    """The four figures that matter most."""
    summary = result.summary
    if summary["invested_eur"] is None:
        return []
    many, futures = summary["futures"] > 1, summary["futures"]

    def band(low: float, high: float) -> str:
        if not many:
            return say(lang, "tile.one")
        return say(lang, "tile.band", low=amount(lang, low), high=amount(lang, high))

    invested, back = summary["invested_eur"], summary["payback_months"]["municipality"]
    low, middle, high = over_futures(result, PUBLIC_PAYERS)
    own = summary["returned_eur"]["municipality"]
    within = round(back["share_in_run"] * futures)
    year = int(result.manifest["scenario"]["start"][:4]) + summary["months"] // 12 - 1
    return [
        Tile(say(lang, "tile.invested"), amount(lang, invested["p50"]),
             band(invested["p10"], invested["p90"])),
        Tile(say(lang, "tile.own"), amount(lang, own["p50"]), band(own["p10"], own["p90"])),
        Tile(say(lang, "tile.public"), amount(lang, middle), band(low, high)),
        Tile(say(lang, "tile.back"),
             say(lang, "tile.back_value", count=within, futures=futures),
             say(lang, "tile.back_beside", year=year)),
    ]  # fmt: skip


# --- The plan -----------------------------------------------------------------------------------


def plan_lines(lang: str, scenario: Scenario) -> list[tuple[str, str]]:
    """What a plan is, apart from what it does: a name and words for each part."""
    plan, years = scenario.plan, scenario.years
    last = f"{int(scenario.start[:4]) + years - 1}-12"
    run = say(lang, "about.run_value", first=month(lang, scenario.start), last=month(lang, last))
    found = [(say(lang, "about.run"), run)]
    if plan is None:
        return [*found, (say(lang, "about.plan"), say(lang, "about.no_plan"))]
    known_help = scenario.central().interventions
    found += [
        (say(lang, "about.where"), where(lang, scenario)),
        (say(lang, "about.budget"), say(
            lang, "about.budget_value", eur=amount(lang, plan.budget_eur_per_year),
            first=month(lang, plan.start), last=month(lang, plan.end))),
        (say(lang, "about.help"), "; ".join(
            say(lang, "about.one_help", title=title_of(lang, known_help[name]),
                share=percent(lang, plan.mix[name]), grade=grade(lang, known_help[name].grade))
            for name in plan.interventions)),
        (say(lang, "about.target"), say(lang, f"target.{plan.target}")),
    ]  # fmt: skip
    for place, stage in enumerate(plan.stages[1:], 2):
        found.append((say(lang, "about.stage", number=place), _stage(lang, scenario, stage)))
    for one in plan.bring_forward:
        said = say(
            lang, "about.forward_value", eur=amount(lang, one.eur), year=one.from_year,
            earlier=one.to_year,
        )  # fmt: skip
        found.append((say(lang, "about.forward"), said))
    return [*found, *_around(lang, scenario)]


def _stage(lang: str, scenario: Scenario, stage: Any) -> str:
    place = load_place(scenario.place)
    names = [place.wijken[place.wijk(name)] for name in stage.wijken]
    said = say(lang, "about.stage_value", where=", ".join(names), month=month(lang, stage.start))
    if stage.go is not None:
        rule = say(lang, f"measured.{stage.go.measured}")
        least = number(lang, stage.go.at_least, 2)
        said += " " + say(lang, "about.go", rule=rule, least=least)
    return said


def _around(lang: str, scenario: Scenario) -> list[tuple[str, str]]:
    plan = scenario.plan
    assert plan is not None
    found = [
        (say(lang, "about.design"), known(lang, "monitoring", plan.monitoring.design)
         if plan.measures else say(lang, "design.none")),
        (say(lang, "about.allocation"), say(lang, f"allocation.{plan.allocation}")),
    ]  # fmt: skip
    found += [
        (
            say(lang, "about.partner", who=known(lang, "payers", name)),
            say(
                lang,
                "about.partner_value",
                pays=percent(lang, agreed.pays_share),
                returns=percent(lang, agreed.returns_share),
            ),
        )
        for name, agreed in plan.cofinancing.items()
    ]
    found += [(say(lang, "about.shock"), shock_said(lang, shock)) for shock in scenario.shocks]
    found += [
        (say(lang, "about.changed"), changed(lang, scenario, key)) for key in scenario.parameters
    ]
    return found


def shock_said(lang: str, shock: Any) -> str:
    """A shock in words."""
    kind = packaged_shocks().get(shock.kind)
    title = kind.titel if kind and lang == "nl" else kind.title if kind else shock.kind
    return say(
        lang, "about.shock_value", title=title, month=month(lang, shock.start),
        strength=number(lang, shock.strength, 1),
    )  # fmt: skip


def changed(lang: str, scenario: Scenario, key: str) -> str:
    """A changed assumption in words: what it means, and the usual value beside its own."""
    usual = Parameters.packaged().entries.get(key) or scenario.central()[key]
    meaning = named(lang, usual)
    return say(
        lang, "about.changed_value", meaning=meaning, key=key,
        value=short(lang, scenario.parameters[key]), usual=short(lang, usual.value),
        unit=known(lang, "units", usual.unit),
    )  # fmt: skip


def title_of(lang: str, one: Intervention) -> str:
    """Title of a kind of help."""
    return one.titel if lang == "nl" else one.title


def grade(lang: str, name: str) -> str:
    """How a grade of evidence is said."""
    return say(lang, f"grade.{name}")


# --- What is sure -------------------------------------------------------------------------------


def caution(lang: str, scenario: Scenario) -> list[str]:
    """What a reader must know before the figures: not a forecast, on what it rests."""
    assumed = sum(one.grade == "assumption" for one in Parameters.packaged().values())
    fitted = scenario.posterior()
    key = "uncalibrated" if fitted is None else "stale" if fitted.stale else "calibrated"
    said = [
        say(lang, "caution.what"),
        say(lang, f"caution.{key}"),
        say(lang, "caution.effects", effects=say(lang, f"effects.{scenario.effects}")),
        say(lang, "caution.assumed", assumed=assumed, count=len(Parameters.packaged())),
    ]
    if heaviest := weightiest(lang):
        said.append(say(lang, "caution.weightiest", names="; ".join(heaviest)))
    if scenario.sample > 1:
        said.append(say(lang, "caution.sample", sample=number(lang, scenario.sample)))
    if scenario.parameters:
        said.append(say(lang, "caution.changed", count=len(scenario.parameters)))
    return said


@cache
def weightiest(lang: str, most: int = 3) -> tuple[str, ...]:
    """The numbers on which payback hinges most, weak ones first; none where it isn't measured."""
    table = weakest_first(packaged_table())
    seen = table[table["visible"].eq(True) & ~table["fixed"]].head(most)
    names = Parameters.packaged()
    return tuple(
        say(
            lang, "caution.weighty", meaning=named(lang, names[f"{row.theme}.{row.name}"]),
            grade=grade(lang, str(row.grade)),
        )
        for row in seen.itertuples()
    )  # fmt: skip


def named(lang: str, one: Any) -> str:
    """What a number means, with the help or the shock that it is of."""
    meaning = one.betekenis if lang == "nl" else one.meaning
    whose = Parameters.packaged().interventions.get(one.theme) or packaged_shocks().get(
        one.theme.removeprefix("shock_")
    )
    if whose is None:
        return str(meaning)
    return f"{whose.titel if lang == 'nl' else whose.title}: {meaning}"


def limits(lang: str) -> Sequence[str]:
    """What the model can't say."""
    return [say(lang, f"limit.{k}") for k in range(1, 7)]
