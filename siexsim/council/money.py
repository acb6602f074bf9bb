"""Answers about money: where it lands, large numbers, closing, all out of poverty, and risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd

from siexsim import grex, returns
from siexsim.account import Account
from siexsim.council.look import (
    CITY_SAMPLE,
    EXTENSION_YEARS,
    Looked,
    in_crisis,
    needs_crisis,
)
from siexsim.council.people import figure, months
from siexsim.council.said import Answer, Figure, Grid, Kind, Said, Word, band, is_few
from siexsim.items import PAYERS
from siexsim.run import crisis_months, future_parameters

SOCIAL_DOMAIN_EUR: Final = 600e6  # a year, as the alderman said at 1:28
CLAIM_EUR: Final = (7_000, 15_000)  # what the council was told comes back (0:58)


def lands(looked: Looked) -> Answer:
    """Q8: which payer gets what, and what is no gain to society."""
    tables = [returns.landing_table(one).set_index("payer") for one in looked.accounts]
    leaks = pd.DataFrame([returns.leaks(one) for one in looked.accounts])
    rows = tuple(
        (
            Word("payers", payer),
            band("eur", _column(tables, payer, "returned_eur")),
            band("rate", _column(tables, payer, "per_euro_invested")),
        )
        for payer in PAYERS
    )
    whole = {
        party: band("rate", [_figure_of(one, party, "return_per_euro") for one in looked.accounts])
        for party in ("municipality", "public", "society")
    }
    back = figure(looked, "eur", "public_per_household_eur")
    claimed = (looked.futures["public_per_household_eur"] >= CLAIM_EUR[0]).mean()
    home = [_figure_of(one, "municipality", "return_per_euro") >= 1 for one in looked.accounts]
    moved = band("share", leaks["only_moved"])
    above = (Said("q8.above"),) if max(moved.value, moved.high) > 1 else ()
    return Answer(
        "q8",
        (
            Said("q8.per_euro", whole),
            Said("q8.home", {"share": Figure("share", float(np.mean(home)))}),
            Said("q8.moved", {
                "state": rows[PAYERS.index("state")][1],
                "moved": moved,
            }),
            *above,
            Said("q8.claim", {
                "put_in": figure(looked, "eur", "invested_per_household_eur"), "back": back,
                "share": Figure("share", float(claimed)),
            }),
        ),
        Grid(("payer", "returned", "per_euro"), rows),
        (Said("q8.unknown"),),
        ("account.welfare_kept_share", "account.later_share", "account.lost_leisure_share"),
    )  # fmt: skip


def _column(tables: Sequence[pd.DataFrame], payer: str, name: str) -> list[float]:
    return [float(table[name][payer]) for table in tables]


def _figure_of(account: Account, party: str, name: str) -> float:
    return float(getattr(returns.figures_of(account, party), name))


def large_numbers(looked: Looked) -> Answer:
    """Q10: who carries the return, and how large a group must be."""
    sizes = looked.futures.get("covering_group", pd.Series([np.nan])).dropna()
    never = float(np.isinf(sizes).mean()) if len(sizes) else np.nan
    rows = (
        (Word("groupsize", "positive"), figure(looked, "size", "positive_group")),
        (Word("groupsize", "covering"), figure(looked, "size", "covering_group")),
    )
    return Answer(
        "q10",
        (
            Said("q10.uneven", {
                "nothing": figure(looked, "share", "nothing_share"),
                "covering": figure(looked, "share", "covering_share"),
                "half": figure(looked, "share", "half_share"),
            }),
            Said(f"q10.never_{_often(never)}", {"never": Figure("share", never)}),
            Said("q10.law"),
        ),
        Grid(("aim", "group_needed"), rows),
        (Said("q10.unknown"),),
        ("participants.sure_share", "participants.nothing_share"),
    )  # fmt: skip


def _often(share: float) -> str:
    return "unknown" if np.isnan(share) else "none" if share == 0 else "some"


def closes(looked: Looked) -> Answer:
    """Q11: when the account closes and with what, in its own times and in a crisis."""
    calm = looked.accounts
    rows = [_closed("scenario", calm)]
    said = [_when(calm)]
    if needs_crisis(looked.scenario):
        both = [(one.account, one.crisis) for one in looked.seen if one.crisis is not None]
        crisis = [other for _, other in both]
        ends = [(_end(other) - _end(one)) for one, other in both]
        change = band("eur", ends)
        rows.append(_closed("crisis", crisis))
        said.append(Said(f"q11.crisis_{change.lean}", {
            "change": change, "futures": Figure("number", len(both)),
        }))  # fmt: skip
    else:
        other = in_crisis(looked.scenario)
        felt = crisis_months(other, future_parameters(other, 0))
        crisis = [replace(one, plan=other.plan, crisis=felt) for one in calm]
        said.append(Said("q11.has_crisis"))
    later = [one for one in map(grex.closing, crisis) if one is not None]
    plan = looked.scenario.plan
    years = (plan.extension_years if plan else 0) or EXTENSION_YEARS
    said.append(Said("q11.extended", {
        "years": months(12 * years),
        "share": Figure("share", float(np.mean([one.extended for one in later]))),
    }))  # fmt: skip
    return Answer(
        "q11",
        (*said, Said("q11.shadow")),
        Grid(("world", "end_municipality", "below_zero"), tuple(rows)),
        (Said("q11.unknown"),),
        ("account.term_years", "shock_labour_market.unemployment"),
    )


def _end(account: Account) -> float:
    found = grex.closing(account)
    return found.end_eur if found is not None else np.nan


def _closed(world: str, accounts: Sequence[Account]) -> tuple[Word, Figure, Figure]:
    ends = np.array([_end(one) for one in accounts])
    ends = ends[~np.isnan(ends)]
    below = float((ends < 0).mean()) if len(ends) else np.nan
    return Word("crisisworlds", world), band("eur", ends), Figure("share", below)


def _when(accounts: Sequence[Account]) -> Said:
    found = [one for one in map(grex.closing, accounts) if one is not None]
    values: dict[str, Figure | str] = {
        "term": months(12 * accounts[0].terms.term_years),
        "end": band("eur", [one.end_eur for one in found]),
    }
    return Said("q11.closed" if all(one.reached for one in found) else "q11.not_closed", values)


def all_out(looked: Looked) -> Answer:
    """Q12: people in poverty at the end, what the plan changes, and what more would take."""
    city = looked.city
    after, gap = band("people", city["city_poor_after"]), band("eur", city["city_gap_eur"])
    out = -looked.futures.get("poor_persons_change", pd.Series([0.0]))
    left = "no" if after.value - float(out.median()) > 0 else "yes"
    before = band("people", city["city_poor_before"])
    first = Said(f"q12.city_{left}", {"before": before, "after": after})
    sample = max(CITY_SAMPLE, looked.scenario.sample)
    how = Said("q12.how", {
        "futures": Figure("number", len(city)), "sample": Figure("number", sample),
    })  # fmt: skip
    last = Said("q12.gap", {"gap": gap})
    if looked.scenario.plan is None or not anybody(looked):
        return Answer(
            "q12", (first, how, last), None, (Said("q12.unknown"),), ("income.poverty_ratio",)
        )
    change, invested = (
        band("people", out),
        np.array([one.invested.sum() for one in looked.accounts]),
    )
    few = is_few(change)  # a price would tell how few
    lean = "few" if few else change.lean
    said = [first, how, Said(f"q12.plan_{lean}", {"out": change})]
    if change.lean == "up" and not few:
        each = invested / out.where(out > 0).to_numpy(float)
        said.append(Said("q12.each", {
            "each": band("eur", each), "all": band("eur", each * after.value),
        }))  # fmt: skip
    else:
        said.append(Said("q12.no_price"))
    rows = (
        (Word("poverty", "before"), figure(looked, "people", "poor_persons_before")),
        (Word("poverty", "without"), figure(looked, "people", "poor_persons_without")),
        (Word("poverty", "with"), figure(looked, "people", "poor_persons_with")),
        (Word("poverty", "city"), after),
    )
    return Answer(
        "q12", (*said, last), Grid(("where", "people_poor"), rows), (Said("q12.unknown"),),
        ("income.poverty_ratio", "help.homes_taken_share", "help.jobs_taken_share"),
    )  # fmt: skip


def anybody(looked: Looked) -> bool:
    """Whether the plan helped anybody in any future."""
    return bool((looked.futures.get("participants", pd.Series([0.0])) > 0).any())


def risk(looked: Looked) -> Answer:
    """Q13: how often the account closes below zero, how far, and what standing below costs."""
    accounts, plan = looked.accounts, looked.scenario.plan
    assert plan is not None
    found = grex.risk(accounts)
    forward = grex.brought_forward_table(accounts[0])
    moved = float(sum(one.eur for one in plan.bring_forward))
    said = [
        Said("q13.forward", {
            "moved": Figure("eur", moved),
            "interest": Figure("eur", float(forward["interest_eur"].sum())),
        }) if moved else Said("q13.no_forward"),
        Said("q13.below", {
            "share": Figure("share", found.below_zero_share),
            "futures": Figure("number", found.futures),
            "worst": Figure("eur", found.expected_shortfall_eur),
        }),
        Said("q13.size", {
            "deepest": band("eur", [-one.deepest_eur("municipality") for one in accounts]),
            "domain": Figure("eur", SOCIAL_DOMAIN_EUR),
            "part": Figure("share", plan.budget_eur_per_year / SOCIAL_DOMAIN_EUR),
        }),
    ]  # fmt: skip
    rows = tuple(
        (Word("riskrows", name), value)
        for name, value in (
            ("invested", _over("eur", accounts, "invested_eur")),
            ("interest", _over("eur", accounts, "interest_eur")),
            ("end", _over("eur", accounts, "end_eur")),
            ("below", Figure("share", found.below_zero_share)),
            ("worst", Figure("eur", found.expected_shortfall_eur)),
        )
    )
    return Answer(
        "q13", tuple(said), Grid(("what", "amount"), rows), (Said("q13.unknown"),),
        ("account.interest", "account.risk_reserve_share"),
    )  # fmt: skip


def _over(kind: Kind, accounts: Sequence[Account], name: str) -> Figure:
    values: list[Any] = [_figure_of(one, "municipality", name) for one in accounts]
    return band(kind, values)
