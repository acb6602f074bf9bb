"""The English body of the report: every table, with what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from calibration import report_fit
from calibration.check import PLACEBO
from calibration.report import Tables
from calibration.report_say import between, joined, line, markdown, not_there, number, shown, size
from calibration.report_years import FIRST

_APART = 0.5  # half widths, from which full scale and sample are said to differ


def body(tables: Tables, figures: Sequence[str]) -> str:
    """The whole of it."""
    sections = [
        ("How well the model follows Groningen", _made(tables)),
        ("1. Targets and hold-outs", _fits(tables, figures)),
        ("2. The years of the hindcast", _years(figures)),
        ("3. Full scale", _full_scale(tables)),
        ("4. How the fit went", report_fit.fit_section(tables)),
        (
            "5. What the data say about the parameters",
            report_fit.parameters_section(tables, figures),
        ),
        ("6. Is the fit itself right?", report_fit.recovery_section(tables, figures)),
        ("7. One target left out, each in turn", report_fit.left_out_section(tables, figures)),
        ("8. What this can't show", _limits(tables)),
    ]
    return "\n\n".join(f"## {head}\n\n{text}" for head, text in sections)


def _made(tables: Tables) -> str:
    said = [
        "Made by `python -m calibration report` from the tables of these commands:",
        "\n".join(
            f"- `{one}`"
            for one in (tables.fit["command"] if tables.fit else None, tables.made["command"])
            if one
        ),
    ]
    if tables.full_scale is not None:
        row = tables.full_scale.iloc[0]
        said[1] += (
            f"\n- `python -m calibration confirm --draws {row['draws']} --sample {row['sample']}`"
        )
    prints = ", ".join(f"{k.replace('_', ' ')} `{v}`" for k, v in tables.made.items()
                       if k in ("rules_fingerprint", "data_fingerprint", "targets", "holdouts",
                                "posterior"))  # fmt: skip
    said.append(f"Table of targets and hold-outs: {prints}.")
    if tables.stale:
        said.append(
            f"> **Out of date**: since then, {joined(tables.stale, 'en').replace('_', ' ')} "
            "changed."
        )
    if tables.fit is None:
        said.append(
            "**Nothing is fitted yet**: everything below is with the packaged, sourced values."
        )
    return "\n\n".join(said)


# ---- targets and hold-outs ----------------------------------------------------------------------


def _fits(tables: Tables, figures: Sequence[str]) -> str:
    rows = tables.fitted_rows()
    wrong = rows[~rows["inside"]].sort_values("off", key=abs, ascending=False)
    met, of = tables.holdouts_passed()
    said = [
        f"**{len(rows) - len(wrong)} of {len(rows)} fitted targets lie inside their bands; "
        f"{met} of {of} hold-outs pass; the placebo "
        f"{'passes' if tables.passed().get(PLACEBO) else 'fails'}.** "
        "The figures are means over "
        + (f"{n} draws of the posterior" if (n := tables.made["draws"]) else "the packaged values")
        + f" and {tables.made['seeds']} seeds at "
        f"one household in {tables.made['sample']}; intervals hold the middle 90% of the runs. A "
        "hold-out passes when all its parts do. The fit never opens the file of the hold-outs; a "
        "test proves it."
    ]
    if "fit-en" in figures:
        said.append("![Targets and hold-outs against their bands](fit-en.png)")
    if len(wrong):
        said.append(f"Fitted targets that fail ({len(wrong)}), furthest first:")
        said.append("\n".join(line(str(n), row, "en") for n, row in wrong.iterrows()))
    said += _failed_holdouts(tables)
    unsure = tables.shown()[~tables.shown()["sample_shows_faults"]]
    if len(unsure):
        said.append(
            "The sample is too small to show a fault (two standard errors exceed half of the "
            f"band) in: {joined([str(n) for n in unsure.index], 'en')}."
        )
    for title, part in (
        ("Targets of the fit", rows),
        (
            "Beside the model, not asked of it",
            tables.shown().query("not holdout and use != 'fitted'"),
        ),
        ("Hold-outs", tables.shown().query("holdout")),
    ):
        said += [f"**{title}**", _table(part)]
    return "\n\n".join(said)


def _failed_holdouts(tables: Tables) -> list[str]:
    known, lines = tables.shown(), []
    for name, parts in tables.holdouts().items():
        for part, row in parts[~parts["inside"]].iterrows():
            if part in known.index:
                lines.append(line(str(part), known.loc[str(part)], "en"))
            else:
                lines.append(f"- **{row['words']}** ({name}): not in the model: {row['note']}.")
    return [f"Parts of hold-outs that fail ({len(lines)}):", "\n".join(lines)] if lines else []


def _table(rows: pd.DataFrame) -> str:
    def cells(row: Any) -> dict[str, str]:
        value = {k: shown(row[k], row["unit"], "en") for k in
                 ("published", "mean", "noise_sd")}  # fmt: skip
        return {
            "what": row["words"],
            "published": value["published"],
            "band": between(row["low"], row["high"], row["unit"], "en"),
            "model": value["mean"],
            "middle 90%": between(row["p05"], row["p95"], row["unit"], "en"),
            "noise (sd)": value["noise_sd"],
            "inside": "yes" if row["inside"] else f"**no**: {size(row, 'en')}",
            "sample enough": "yes" if row["sample_shows_faults"] else "no",
        }

    table = pd.DataFrame([cells(row) for _, row in rows.iterrows()], index=rows.index)
    return markdown(table.rename_axis("name"))


def _years(figures: Sequence[str]) -> str:
    if "years-en" not in figures:
        return not_there("check --write")
    return (
        f"The hindcast runs from January {FIRST} with corona and its support, and dear "
        "energy and its "
        "allowance. Where only a change was published, it is drawn from the published level it "
        "started from, and its bar is the band of the change.\n\n"
        "![Years of the hindcast](years-en.png)\n\n"
        "The placebo: years from 2022 in which nothing happens to everybody and nobody is "
        "helped. These are shares of whoever lives there; the hold-out compares people who stay "
        "alike.\n\n"
        "![The placebo](placebo-en.png)"
    )


def _full_scale(tables: Tables) -> str:
    table = tables.full_scale
    if table is None:
        return not_there("confirm")
    counted = table[table.index.isin(tables.shown().index)]
    far = counted[counted["apart"].abs() > _APART].sort_values("apart", key=abs, ascending=False)
    other = counted[counted["full_inside"] != counted["sample_inside"]]
    said = [
        f"{table['draws'].iloc[0]} draws of the posterior with every household (about "
        "138,000), beside "
        f"the same draws and the same seed at one household in {table['sample'].iloc[0]}. "
        f"{len(counted) - len(far)} of {len(counted)} figures lie within half of a half "
        "width of each "
        f"other; {len(other)} are inside their band in one and outside in the other"
        + (f": {joined([str(n) for n in other.index], 'en')}." if len(other) else ".")
    ]
    units = tables.validation["unit"].to_dict()
    text = pd.DataFrame(
        {
            "full scale": [
                shown(r["full_mean"], units[str(n)], "en") for n, r in counted.iterrows()
            ],
            "lowest and highest draw": [
                between(r["full_lowest"], r["full_highest"], units[str(n)], "en")
                for n, r in counted.iterrows()
            ],
            "sample": [shown(r["sample_mean"], units[str(n)], "en") for n, r in counted.iterrows()],
            "apart (half widths)": [number(v, 2, "en") for v in counted["apart"]],
            "inside at full scale": ["yes" if v else "**no**" for v in counted["full_inside"]],
        },
        index=counted.index,
    )
    return "\n\n".join([*said, markdown(text)])


def _limits(tables: Tables) -> str:
    from calibration.priors import read_priors

    own = read_priors()[1]["off_share"]
    derived = [n for n, t in tables.targets.items() if t.grade in ("D", "U") and t.use == "fitted"]
    carried = [n for n, t in tables.targets.items() if t.use == "not_carried"]
    lines = [
        f"What the model may be off is an assumption: {own.value:g} half widths (standard "
        "deviation).",
        "What help does to a household isn't fitted here: no target says anything about it. "
        "That comes "
        "from studies elsewhere, as effect sets.",
        "Parameters that are not free stay at their sourced value, and their uncertainty "
        "isn't in the "
        "posterior.",
        "Fitted targets of which the figure was derived, not published as such: "
        f"{joined(derived, 'en')}.",
        f"Not in the model, so never tested: {joined(carried, 'en')}." if carried else "",
        "A hold-out that shares a series with a target (the same survey, the same "
        "definition) tests "
        "less than one of its own.",
    ]
    noise = tables.fitted["noise_sd"] if tables.fitted is not None else None
    if noise is not None and np.isfinite(noise).all():
        lines.append(
            "Noise between seeds is measured at the sourced values and taken to be the same "
            "elsewhere."
        )
    return "\n".join(f"- {one}" for one in lines if one)
