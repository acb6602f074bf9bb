"""The sentences in which a life is told, in Dutch and English (``data/lives``)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from siexsim import household as hh
from siexsim.events import CARE, Adult, Event, adult, children
from siexsim.interventions import Intervention
from siexsim.texts import amount


@cache
def sentences(lang: str) -> Mapping[str, str]:
    """All sentences of one language by full key, such as "event.child_born"."""
    path = files("siexsim") / "data" / "lives" / f"{lang}.toml"
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return {f"{table}.{key}": said for table, own in tables.items() for key, said in own.items()}


def sentence(lang: str, key: str, **values: object) -> str:
    """One sentence with its values filled in.

    >>> sentence("nl", "event.child_born")
    'Er wordt een kind geboren.'
    """
    return sentences(lang)[key].format(**values)


def listed(lang: str, words: Sequence[str]) -> str:
    """Words in a row: "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    return ", ".join(words[:-1]) + sentence(lang, "word.and") + words[-1]


def told(lang: str, event: Event, interventions: Mapping[str, Intervention]) -> str:
    """Say one event in a sentence."""
    values: dict[str, object] = {}
    for name, value in event.values.items():
        if isinstance(value, Adult):
            values[name] = sentence(lang, f"word.{value.place}", age=value.age)
        elif name == "eur":
            values[name] = amount(lang, value)
        elif name == "count":
            values[name] = sentence(
                lang, "word.creditor" if value == 1 else "word.creditors", count=value
            )
        elif name == "domains":
            values[name] = listed(lang, [sentence(lang, f"word.{one}") for one in value])
        elif name == "help":
            values[name] = title(lang, interventions[value])
        elif name == "age":
            values[name] = sentence(lang, "portrait.years", years=value)
        else:
            values[name] = value
    return sentence(lang, f"event.{event.name}", **values)


def title(lang: str, intervention: Intervention) -> str:
    """Title of an intervention within a sentence."""
    said = intervention.titel if lang == "nl" else intervention.title
    return said[0].lower() + said[1:]


def portrait(lang: str, record: Any, month: int, wijk: str, high_stress: float) -> list[str]:
    """Who a household is, in a few lines."""
    adults = [a for a in range(hh.MAX_ADULTS) if record["birth"][a] != hh.NO_BIRTH]
    lines = [f"{_who(lang, record, month)} {_where(lang, record, wijk)}"]
    work = [
        sentence(
            lang, f"position.{hh.POSITIONS[int(record['position'][a])]}",
            who=told_adult(lang, adult(record, a, month)),
        )
        for a in adults
    ]  # fmt: skip
    if not record["student"]:
        lines.append(" ".join(work))
    key = ("not_poor", "poor", "welfare", "poor_welfare")[
        bool(record["poor"]) + 2 * bool(record["on_welfare"])
    ]
    money = sentence(
        lang, "portrait.money", income=amount(lang, income_eur(record)),
        savings=amount(lang, int(record["savings"]) / 100),
    )  # fmt: skip
    lines.append(f"{money} {sentence(lang, f'portrait.{key}')}")
    lines.append(_debts(lang, record))
    lines.append(_strain(lang, record, high_stress))
    return lines


def told_adult(lang: str, who: Adult) -> str:
    """An adult at the head of a sentence."""
    return sentence(lang, f"word.{who.place}", age=who.age)


def income_eur(record: Any) -> float:
    """Net income of a month, with allowances."""
    return (int(record["income"]) + int(record["allowances"])) / 100


def _who(lang: str, record: Any, month: int) -> str:
    ages = [str((month - int(born)) // 12) for born in record["birth"] if int(born) != hh.NO_BIRTH]
    young = children(record)
    if record["student"]:
        key = "student"
    elif len(ages) == 1:
        key = "parent" if young else "single"
    else:
        key = "family" if young else "couple"
    years = listed(lang, ages)
    return sentence(lang, f"portrait.{key}", ages=years, children=_children(lang, young, month))


def _children(lang: str, young: Sequence[int], month: int) -> str:
    ages = [(month - born) // 12 for born in young]
    said = [str(age) if age else sentence(lang, "portrait.baby") for age in ages]
    if len(said) == 1:
        only = sentence(lang, "portrait.years", years=said[0]) if ages[0] else said[0]
        return sentence(lang, "portrait.one_child", ages=only)
    return sentence(lang, "portrait.children", count=len(said), ages=listed(lang, said))


def _where(lang: str, record: Any, wijk: str) -> str:
    if int(record["home"]) == hh.LOST:
        tenure = sentence(lang, "word.lost")
    else:
        tenure = sentence(lang, f"word.{hh.TENURES[int(record['tenure'])]}")
        if int(record["home"]) == hh.UNFIT:
            owner = int(record["tenure"]) == hh.OWNER
            tenure += sentence(lang, "word.unfit" if owner else "word.unfit_neuter")
    alone = record["birth"][1] == hh.NO_BIRTH and not record["kids"]
    key = "portrait.home_one" if alone else "portrait.home_many"
    return sentence(lang, key, wijk=wijk, tenure=tenure)


def _debts(lang: str, record: Any) -> str:
    if int(record["debt_state"]) == hh.NO_DEBT:
        return sentence(lang, "portrait.no_debt")
    claims = int(record["claims"])
    key = "debt_one" if claims == 1 else "debt"
    owed = amount(lang, int(record["debt"]) / 100)
    said = [sentence(lang, f"portrait.{key}", debt=owed, count=claims)]
    if int(record["debt_state"]) == hh.ARRANGEMENT:
        said.append(sentence(lang, "portrait.arranged"))
    if int(record["home"]) == hh.THREATENED:
        said.append(sentence(lang, "event.home_threatened"))
    return " ".join(said)


def _strain(lang: str, record: Any, high_stress: float) -> str:
    """Where stress is high, and what care there is."""
    high = [
        name for name, own in zip(hh.DOMAINS, record["stress"], strict=True) if own > high_stress
    ]
    words = listed(lang, [sentence(lang, f"word.{name}") for name in high])
    said = [sentence(lang, "portrait.stress" if high else "portrait.no_stress", domains=words)]
    care = [sentence(lang, f"word.{name}") for name in CARE if record[name]]
    if care:
        said.append(sentence(lang, "portrait.care", care=listed(lang, care)))
    return " ".join(said)
