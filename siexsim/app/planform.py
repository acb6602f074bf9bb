"""A plan as a form: what each field says of the scenario, and what is wrong with it."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from siexsim.app.words import say
from siexsim.errors import UserError
from siexsim.interventions import packaged_interventions
from siexsim.scenario import LONGEST_YEARS
from siexsim.shocks import OWN, packaged_shocks
from siexsim.texts import number

Fields = Mapping[str, Sequence[str]]

# One in so many households, and how many futures.
PRECISION: Final[Mapping[str, tuple[int, int]]] = {
    "quick": (10, 10), "usual": (4, 20), "full": (1, 50),
}  # fmt: skip
STRENGTHS: Final = (0.5, 1.0, 1.5)
PARTNERS: Final = ("state", "insurer", "corporation")
STAGES: Final = (2, 3)  # after the first, which has the plan's own neighbourhoods
MEASURED: Final = ("stress", "return_per_euro", "out_of_poverty", "completed")
_SHOWN_IN_PLAN: Final = (
    "mix", "budget_eur_per_year", "bring_forward", "start", "end", "wijken", "stages", "target",
    "allocation", "monitoring", "revolving_share", "cofinancing", "extension_years",
)  # fmt: skip


@dataclass
class Read:
    """What a form says: the scenario, and faults by field."""

    content: dict[str, Any]
    faults: dict[str, str] = field(default_factory=dict)


def number_of(said: str, lang: str) -> float:
    """A number as a reader of the language writes it.

    >>> number_of("1.250.000", "nl"), number_of("0,2", "nl"), number_of("1,250", "en")
    (1250000.0, 0.2, 1250.0)

    Raises
    ------
    ValueError
        When it is no number, or could be read in two ways.
    """
    plain = re.sub(r"[\s\u00a0€]", "", said).replace("−", "-")
    thousand, decimal = (".", ",") if lang == "nl" else (",", ".")
    whole = rf"-?(\d+|\d{{1,3}}(\{thousand}\d{{3}})+)(\{decimal}\d+)?"
    if not re.fullmatch(whole, plain):
        raise ValueError(said)
    return float(plain.replace(thousand, "").replace(decimal, "."))


def written(value: float, lang: str) -> str:
    """A number as a field shows it, so that it is read back as the same."""
    if float(value).is_integer():
        return number(lang, value)
    digits = len(f"{value:.10f}".rstrip("0").partition(".")[2])
    return number(lang, value, digits)


# --- From a plan to fields ----------------------------------------------------------------------


def fields_of(content: Mapping[str, Any], lang: str) -> dict[str, list[str]]:
    """The fields that show a plan."""
    plan = content.get("plan") or {}
    found = {
        "name": [str(content.get("name", ""))],
        "years": [str(content.get("years", 10))],
        "effects": [content.get("effects", "evidence")],
        "precision": [_precision(content)],
        "nothing": ["" if plan else "yes"],
    }
    for key, value in content.get("parameters", {}).items():
        found[f"set:{key}"] = [written(value, lang)]
    found |= _shock_fields(content.get("shocks", ()))
    return found | (_plan_fields(plan, lang) if plan else _no_plan())


def _no_plan() -> dict[str, list[str]]:
    return {
        "start": ["2022-07"], "end": ["2026-06"], "target": ["first_come"],
        "allocation": ["fixed"], "design": ["matched"],
    }  # fmt: skip


def _precision(content: Mapping[str, Any]) -> str:
    asked = (content.get("sample", 1), content.get("futures", 20))
    return next((name for name, one in PRECISION.items() if one == asked), "own")


def _plan_fields(plan: Mapping[str, Any], lang: str) -> dict[str, list[str]]:
    budget, monitoring = plan["budget_eur_per_year"], plan.get("monitoring", {})
    stages = plan.get("stages", ())
    found = {
        f"help_{name}": [written(round(share * budget, 2), lang)]
        for name, share in plan["mix"].items()
    }
    found |= {
        "wijk": list(stages[0]["wijken"] if stages else plan.get("wijken", ())),
        "start": [plan.get("start", "2022-07")],
        "end": [plan.get("end", "2026-06")],
        "target": [plan.get("target", "first_come")],
        "allocation": [plan.get("allocation", "fixed")],
        "design": [monitoring.get("design", "matched")],
        "revolving": [_hundred(plan.get("revolving_share", 0.0), lang)],
        "extension": [str(plan.get("extension_years", 0))],
    }
    for forward in plan.get("bring_forward", ())[:1]:
        found |= {
            "forward_eur": [written(forward["eur"], lang)],
            "forward_from": [forward["from_year"]], "forward_to": [forward["to_year"]],
        }  # fmt: skip
    for partner, agreed in plan.get("cofinancing", {}).items():
        found[f"pays_{partner}"] = [_hundred(agreed.get("pays_share", 0.0), lang)]
        found[f"returns_{partner}"] = [_hundred(agreed.get("returns_share", 0.0), lang)]
    for number_of_stage, stage in zip(STAGES, stages[1:], strict=False):
        found |= _stage_fields(number_of_stage, stage, lang)
    return found


def _hundred(share: float, lang: str) -> str:
    return written(round(100 * share, 6), lang) if share else ""


def _stage_fields(place: int, stage: Mapping[str, Any], lang: str) -> dict[str, list[str]]:
    found = {f"wijk{place}": list(stage["wijken"]), f"start{place}": [stage["start"]]}
    if stage.get("budget_eur_per_year") is not None:
        found[f"budget{place}"] = [written(stage["budget_eur_per_year"], lang)]
    if go := stage.get("go"):
        found[f"go{place}"] = [go["measured"]]
        found[f"least{place}"] = [written(go["at_least"], lang)]
    return found


def _shock_fields(shocks: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for shock in _first_of_each(shocks):
        kind = shock["kind"]
        found[f"shock_{kind}"] = ["yes"]
        found[f"when_{kind}"] = [shock["start"]]
        found[f"strength_{kind}"] = [f"{shock.get('strength', 1.0):g}"]
        found[f"support_{kind}"] = ["yes" if shock.get("support", True) else ""]
    return found


def _first_of_each(shocks: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    firsts: dict[str, Mapping[str, Any]] = {}
    for shock in shocks:
        if shock.get("kind") != OWN:
            firsts.setdefault(shock.get("kind", ""), shock)
    return list(firsts.values())


# --- From fields to a plan ----------------------------------------------------------------------


class _Reader:
    """Fields of a form, read one by one; what can't be read is noted as a fault."""

    def __init__(self, fields: Fields, lang: str) -> None:
        self.fields, self.lang = fields, lang
        self.faults: dict[str, str] = {}

    def one(self, name: str, otherwise: str = "") -> str:
        found = self.fields.get(name) or [otherwise]
        return found[0].strip()

    def many(self, name: str) -> list[str]:
        return [value for value in self.fields.get(name, ()) if value]

    def ticked(self, name: str) -> bool:
        return bool(self.one(name))

    def amount(self, name: str, most: float = 1e9, least: float = 0.0) -> float:
        said = self.one(name)
        if not said:
            return 0.0
        try:
            value = number_of(said, self.lang)
        except ValueError:
            self.faults[name] = say(self.lang, "plan.fault_number", value=said[:30])
            return 0.0
        if not least <= value <= most:
            low, high = written(least, self.lang), written(most, self.lang)
            self.faults[name] = say(self.lang, "plan.fault_bounds", low=low, high=high)
            return 0.0
        return value

    def share(self, name: str) -> float:
        return self.amount(name, 100.0) / 100

    def month(self, name: str, otherwise: str) -> str:
        said = self.one(name, otherwise)
        if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", said):
            self.faults[name] = say(self.lang, "plan.fault_month", value=said[:30])
            return otherwise
        return said

    def whole(self, name: str, otherwise: int, most: int) -> int:
        if not self.one(name):
            return otherwise
        value = self.amount(name, most)
        if not float(value).is_integer():
            self.faults[name] = say(self.lang, "plan.fault_whole")
        return int(value)


def content_of_fields(fields: Fields, base: Mapping[str, Any], lang: str) -> Read:
    """The scenario that a form says; what the form doesn't show stays as in `base`."""
    read, content = _Reader(fields, lang), copy.deepcopy(dict(base))
    content |= {
        "name": read.one("name")[:80] or say(lang, "plan.nameless"),
        "years": read.whole("years", 10, LONGEST_YEARS),
        "effects": read.one("effects", "evidence"),
    }
    if read.one("precision") in PRECISION:
        content["sample"], content["futures"] = PRECISION[read.one("precision")]
    content["parameters"] = _changed(read)
    content["shocks"] = _shocks(read, base.get("shocks", ()))
    if read.ticked("nothing"):
        content.pop("plan", None)
    else:
        content["plan"] = _plan(read, (base.get("plan") or {}))
    return Read(
        {key: value for key, value in content.items() if value not in ({}, [])}, read.faults
    )


def _changed(read: _Reader) -> dict[str, float]:
    names = [name for name in read.fields if name.startswith("set:") and read.one(name)]
    return {name[4:]: read.amount(name, math.inf, -math.inf) for name in names}


def _shocks(read: _Reader, before: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    shown = _first_of_each(before)
    found = []
    for kind in packaged_shocks():
        if not read.ticked(f"shock_{kind}"):
            continue
        strength = read.one(f"strength_{kind}", "1")
        old = next((dict(one) for one in shown if one.get("kind") == kind), {})
        try:
            own = float(strength)
        except ValueError:
            own = 1.0
        found.append(
            old | {
                "kind": kind, "start": read.month(f"when_{kind}", "2023-01"), "strength": own,
                "support": read.ticked(f"support_{kind}"),
            }
        )  # fmt: skip
    return found + [dict(one) for one in before if one not in shown]


def _plan(read: _Reader, before: Mapping[str, Any]) -> dict[str, Any]:
    names = [*before.get("mix", {}), *packaged_interventions()]
    amounts = {name: read.amount(f"help_{name}") for name in dict.fromkeys(names)}
    amounts = {name: eur for name, eur in amounts.items() if eur > 0}
    total = sum(amounts.values())
    if not total:
        read.faults.setdefault("help", say(read.lang, "plan.fault_no_help"))
    plan: dict[str, Any] = {k: v for k, v in before.items() if k not in _SHOWN_IN_PLAN}
    plan |= {
        "budget_eur_per_year": total,
        "start": read.month("start", "2022-07"),
        "end": read.month("end", "2026-06"),
        "target": read.one("target", "first_come"),
        "allocation": read.one("allocation", "fixed"),
        "revolving_share": read.share("revolving"),
        "extension_years": read.whole("extension", 0, 10),
        "monitoring": {
            **before.get("monitoring", {}), "design": read.one("design", "matched"),
        },
        "mix": {name: eur / total for name, eur in amounts.items()} if total else {},
    }  # fmt: skip
    plan |= _where(read, before)
    plan["bring_forward"] = _forward(read) + list(before.get("bring_forward", ())[1:])
    plan["cofinancing"] = _cofinancing(read, before.get("cofinancing", {}))
    return {key: value for key, value in plan.items() if value not in ([], {}) or key == "mix"}


def _forward(read: _Reader) -> list[dict[str, Any]]:
    eur = read.amount("forward_eur")
    if not eur:
        return []
    return [{"from_year": read.one("forward_from"), "to_year": read.one("forward_to"), "eur": eur}]


def _cofinancing(read: _Reader, before: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: dict(agreed) for name, agreed in before.items() if name not in PARTNERS}
    for partner in PARTNERS:
        shares = {
            "pays_share": read.share(f"pays_{partner}"),
            "returns_share": read.share(f"returns_{partner}"),
        }
        if any(shares.values()):
            found[partner] = shares
    return found


def _where(read: _Reader, before: Mapping[str, Any]) -> dict[str, Any]:
    first, later = read.many("wijk"), before.get("stages", ())
    stages = []
    for place in STAGES:
        if wijken := read.many(f"wijk{place}"):
            stage: dict[str, Any] = {
                "wijken": wijken,
                "start": read.month(f"start{place}", "2024-07"),
            }
            if read.one(f"budget{place}"):
                stage["budget_eur_per_year"] = read.amount(f"budget{place}")
            if measured := read.one(f"go{place}"):
                least = read.amount(f"least{place}", math.inf, -math.inf)
                stage["go"] = {"measured": measured, "at_least": least}
            stages.append(stage)
    if not stages and len(later) <= 1 + len(STAGES):
        return {"wijken": first}
    if not first:
        read.faults["wijk"] = say(read.lang, "plan.fault_stages")
        return {"wijken": first}
    begin = {**(later[0] if later else {}), "wijken": first}
    begin.setdefault("start", read.month("start", "2022-07"))
    if begin["start"] < read.month("start", "2022-07"):
        begin["start"] = read.month("start", "2022-07")
    return {"stages": [begin, *stages, *map(dict, later[1 + len(STAGES) :])]}


def kept(base: Mapping[str, Any]) -> list[str]:
    """Parts of an opened plan that the form doesn't show; they stay as they are."""
    plan = base.get("plan") or {}
    found = [f"plan.{key}" for key in plan if key not in _SHOWN_IN_PLAN]
    found += [f"interventions.{name}" for name in base.get("interventions", {})]
    if len(plan.get("stages", ())) > 1 + len(STAGES):
        found.append("plan.stages")
    if len(plan.get("bring_forward", ())) > 1:
        found.append("plan.bring_forward")
    shocks = base.get("shocks", ())
    if len(_first_of_each(shocks)) < len(shocks):
        found.append("shocks")
    return found


def fault_field(message: str) -> str:
    """The field that a mistake in the scenario is about, as far as that can be told."""
    key = message.split(":")[0].split(" ")[0]
    parts = {
        "plan.stages": "wijk2", "plan.bring_forward": "forward_eur", "plan.end": "end",
        "plan.start": "start", "plan.mix": "help", "plan.budget": "help", "shocks": "shocks",
        "plan.wijken": "wijk", "plan.cofinancing": "partners", "parameters": "changed",
        "years": "years", "name": "name", "effects": "effects", "plan": "start",
    }  # fmt: skip
    return next((name for start, name in parts.items() if key.startswith(start)), "")


__all__ = ["Read", "UserError", "content_of_fields", "fault_field", "fields_of", "kept"]
