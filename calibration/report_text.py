"""The English body of the report: every table, with what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from calibration.check import PLACEBO
from calibration.report import LITTLE_LEARNT, NOTHING_LEARNT, Tables
from calibration.report_say import between, joined, line, markdown, number, shown, size
from calibration.waves import CUTOFF
from siexsim.parameters import Parameters

_AT_EDGE = 0.1  # of a prior's range
_FREED = 0.1  # half widths, from which a target is said to fight another
_APART = 0.5  # half widths, from which full scale and sample are said to differ
_UNEVEN = 0.05


def body(tables: Tables, figures: Sequence[str]) -> str:
    """The whole of it."""
    sections = [
        ("How well the model follows Groningen", _made(tables)),
        ("1. Targets and hold-outs", _fits(tables, figures)),
        ("2. The years of the hindcast", _years(figures)),
        ("3. Full scale", _full_scale(tables)),
        ("4. How the fit went", _fit(tables)),
        ("5. What the data say about the parameters", _parameters(tables, figures)),
        ("6. Is the fit itself right?", _recovery(tables, figures)),
        ("7. One target left out, each in turn", _left_out(tables, figures)),
        ("8. What this can't show", _limits(tables)),
    ]
    return "\n\n".join(f"## {head}\n\n{text}" for head, text in sections)


def _not_there(command: str) -> str:
    return f"Not made yet: `python -m calibration {command}`."


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
        return _not_there("check --write")
    return (
        "The hindcast runs from January 2012 with corona and its support, and dear energy and its "
        "allowance. Where only a change was published, it is drawn from the published level it "
        "started from, and its bar is the band of the change.\n\n"
        "![Years of the hindcast](years-en.png)\n\n"
        "The placebo: years from 2022 in which nothing happens to everybody and nobody is "
        "helped.\n\n"
        "![The placebo](placebo-en.png)"
    )


def _full_scale(tables: Tables) -> str:
    table = tables.full_scale
    if table is None:
        return _not_there("confirm")
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


# ---- the fit ------------------------------------------------------------------------------------


def _fit(tables: Tables) -> str:
    if tables.fit is None or tables.waves is None:
        return _not_there("fit")
    fit, waves = tables.fit, tables.waves
    last = waves.iloc[-1]
    settings = fit["settings"]
    said = [
        f"History matching in {len(waves)} waves with second-degree polynomial emulators, a chain "
        f"(emcee) on the emulated likelihood, and real runs at {settings['draws']} draws: "
        f"{fit['runs']} runs at one household in {settings['sample']}, over {settings['seeds']} "
        f"seeds. The chain has {fit['chain_steps']} steps, {number(fit['chain_lengths'], 0, 'en')} "
        f"autocorrelation times; the draws are worth {number(fit['draws_worth'], 0, 'en')} equal "
        "ones. A point counts as implausible when its second worst target lies more than "
        f"{CUTOFF:.0f} standard deviations off, these made up of the band (read as 95%), what the "
        "model may be off, chance, and what the emulator doesn't know."
    ]
    said.append(
        f"At that cut-off {number(100 * float(last['implausible_share']), 2, 'en')}% of the "
        "prior is "
        f"implausible; the nearest point found lies {number(float(last['nearest']), 1, 'en')} "
        "standard deviations off in its second worst target."
    )
    raised = waves[(waves["cutoff"] > CUTOFF) | (waves["stretch"] > 1)]
    if len(raised):
        highest = float((raised["cutoff"]).max())
        said.append(
            f"**The cut-off was raised** in {len(raised)} of {len(waves)} waves (to at most "
            f"{number(highest, 1, 'en')}, and those of earlier waves by a factor of at most "
            f"{number(float(raised['stretch'].max()), 2, 'en')}), because too few points were left "
            "at three. The posterior is the best compromise, not agreement: see the targets "
            "that fail."
            if float(last["nearest"]) > CUTOFF
            else f"The cut-off was raised in {len(raised)} of {len(waves)} waves (to at most "
            f"{number(highest, 1, 'en')}), because too few of the points tried were left at three; "
            "points within three do exist."
        )
    table = pd.DataFrame(
        {
            "runs": [f"{n:.0f}" for n in waves["runs"]],
            "implausible": [number(100 * v, 2, "en") + "%" for v in waves["implausible_share"]],
            "cut-off": [number(v, 2, "en") for v in waves["cutoff"]],
            "earlier cut-offs times": [number(v, 2, "en") for v in waves["stretch"]],
            "nearest": [number(v, 2, "en") for v in waves["nearest"]],
            "emulators follow, worst": [number(v, 2, "en") for v in waves["worst_emulator_fit"]],
            "median": [number(v, 2, "en") for v in waves["median_emulator_fit"]],
            "mean side of the box": [number(v, 2, "en") for v in waves["mean_side"]],
        },
        index=waves.index,
    )
    said.append(markdown(table))
    if tables.fitted is not None:
        said.append(_emulators(tables.fitted))
    return "\n\n".join(said)


def _emulators(table: pd.DataFrame) -> str:
    off = table[table["emulator_off"].abs() > _APART]
    if off.empty:
        return (
            "Real runs at the draws lie within half of a half width of what the emulators "
            "expected, "
            "for every target."
        )
    named = [f"{n} ({v:+.1f} half widths)" for n, v in off["emulator_off"].items()]
    return (
        "Real runs at the draws lie away from what the emulators expected in: "
        f"{joined(named, 'en')}."
    )


# ---- parameters ---------------------------------------------------------------------------------


def _parameters(tables: Tables, figures: Sequence[str]) -> str:
    table = tables.parameters
    if table is None:
        return _not_there("fit")
    nothing = table[table["sd_ratio"] >= NOTHING_LEARNT]
    little = table[(table["sd_ratio"] < NOTHING_LEARNT) & (table["sd_ratio"] >= LITTLE_LEARNT)]
    much = table[table["sd_ratio"] < LITTLE_LEARNT]
    place = (table["p50"] - table["low"]) / (table["high"] - table["low"])
    edge = table[(place < _AT_EDGE) | (place > 1 - _AT_EDGE)]
    away = table[(table["value"] < table["p05"]) | (table["value"] > table["p95"])]
    groups = (
        (f"The data say nothing (posterior sd over prior sd at least {NOTHING_LEARNT})", nothing),
        (f"The data say little ({LITTLE_LEARNT} to {NOTHING_LEARNT})", little),
        (f"The data say something (below {LITTLE_LEARNT})", much),
        ("Pressed against an edge of its evidence range", edge),
        ("Sourced value outside the posterior's 90% interval", away),
    )
    lines = [f"- {words}: {_named(rows)}." for words, rows in groups]
    said = ["\n".join(lines)]
    if len(edge):
        said.append(
            "A parameter against its edge asks for a value that the evidence doesn't allow: a sign "
            "that the model's structure, or the range, is wrong."
        )
    said.append(_parameter_table(table))
    said += [f"![{alt}]({name}.png)" for name, alt in (
        ("parameters", "Prior (line) and posterior (bars)"),
        ("correlations", "Correlations in the posterior"),
        ("profiles", "Profile of each parameter: highest log density, the others free"),
    ) if name in figures]  # fmt: skip
    pairs = tables.correlations
    if pairs is not None and len(pairs):
        told = [
            f"{r['one']} and {r['other']} ({r['correlation']:+.2f})" for _, r in pairs.iterrows()
        ]
        said.append(
            "Pairs that the data can't tell apart well (correlation at least 0.3): "
            f"{joined(told, 'en')}."
        )
    return "\n\n".join(said)


def _named(rows: pd.DataFrame) -> str:
    return joined([f"`{name}`" for name in rows.index], "en") if len(rows) else "none"


def _parameter_table(table: pd.DataFrame) -> str:
    known = Parameters.packaged()
    text = pd.DataFrame(
        {
            "meaning": [known[str(n)].meaning if str(n) in known else "" for n in table.index],
            "prior": [f"{r['low']:g} to {r['high']:g}, top {r['value']:g}" if r["shape"] != "flat"
                      else f"{r['low']:g} to {r['high']:g}, flat" for _, r in table.iterrows()],
            "posterior, middle 90%": [f"{r['p05']:.3g} to {r['p95']:.3g}"
                                      for _, r in table.iterrows()],
            "median": [f"{v:.3g}" for v in table["p50"]],
            "sd over prior sd": [number(v, 2, "en") for v in table["sd_ratio"]],
        },
        index=table.index,
    )  # fmt: skip
    return markdown(text)


# ---- is it right --------------------------------------------------------------------------------


def _recovery(tables: Tables, figures: Sequence[str]) -> str:
    table = tables.recovery
    if table is None:
        return _not_there("fit")
    each, whole = table.drop(index="all"), table.T["all"].to_dict()
    cities = int(each.filter(like="rank_").sum(axis=1).iloc[0])
    band = f"{float(whole['band_low']):.3f} to {float(whole['band_high']):.3f}"
    inside = str(whole["within"]) == "True"
    below = [str(n) for n, r in each.iterrows() if float(r["covered_share"]) < float(r["band_low"])]
    above = [
        str(n) for n, r in each.iterrows() if float(r["covered_share"]) > float(r["band_high"])
    ]
    uneven = _holm(each["chance"].astype(float))
    goal = 0.85 <= float(whole["covered_share"]) <= 0.95
    said = [
        f"{cities} synthetic cities: runs of the simulation itself, at points drawn from the prior "
        "among what isn't implausible, with seeds that no emulator has seen, and chance "
        "added of the "
        "size of the bands and of what the model may be off. The same fit sees the figures "
        "of such a "
        "city alone. The city's own chance is that of the sample, which the likelihood allows for.",
        f"**The 90% intervals cover {100 * float(whole['covered_share']):.1f}% of the truths** "
        f"({'inside' if inside else 'OUTSIDE'} {band}, where 95% of such shares lie if the "
        "intervals "
        "are right and parameters of one city depend on each other as they do here; "
        f"{'inside' if goal else 'OUTSIDE'} the goal of 85-95%).",
        "Covered too rarely, so too sure: "
        f"{joined([f'`{n}`' for n in below], 'en') if below else 'none'}. "
        f"Too often: {joined([f'`{n}`' for n in above], 'en') if above else 'none'}. "
        f"Ranks that are not even (chi-square over ten classes, Holm, {_UNEVEN:.0%} over all "
        f"parameters): {joined([f'`{n}`' for n in uneven], 'en') if uneven else 'none'}.",
    ]
    text = pd.DataFrame(
        {
            "covered": [f"{float(r['covered_share']):.2f}" for _, r in each.iterrows()],
            "expected": [f"{float(r['band_low']):.2f} to {float(r['band_high']):.2f}"
                         for _, r in each.iterrows()],
            "p of the ranks": [f"{float(v):.2g}" for v in each["chance"]],
        },
        index=each.index,
    )  # fmt: skip
    said.append(markdown(text))
    if "ranks" in figures:
        said.append("![Rank histograms; grey: where 95% of the bars lie](ranks.png)")
    return "\n\n".join(said)


def _holm(chances: pd.Series) -> list[str]:
    found = []
    for k, (name, chance) in enumerate(chances.sort_values().items()):
        if chance > _UNEVEN / (len(chances) - k):
            break
        found.append(str(name))
    return found


def _left_out(tables: Tables, figures: Sequence[str]) -> str:
    table = tables.left_out
    if table is None:
        return _not_there("fit")
    outside = table[~table["inside"]]
    sure = outside["freed"] >= np.maximum(_FREED, 2 * outside["freed_error"])
    fights = outside[sure].sort_values("freed", ascending=False)
    said = [
        f"Without seeing it, the other targets expect {len(table) - len(outside)} of {len(table)} "
        "targets inside their bands."
    ]
    if len(outside):
        said[0] += f" Not: {joined([f'{n} ({v:+.1f})' for n, v in outside['off'].items()], 'en')}; "
        said[0] += "in brackets how far off the published value, in half widths."
    if len(fights):
        said.append("Targets that fight, the strongest first:")
        said.append(
            "\n".join(
                f"- {name} against {row['frees']}: without {name} the fit comes {row['freed']:.2f} "
                f"half widths nearer to {row['frees']}, and moves `{row['moves']}` most "
                f"({row['sds']:+.1f} sd)."
                for name, row in fights.iterrows()
            )
        )
    else:
        said.append(
            f"No target gives another more than {_FREED} half widths by leaving, beyond chance."
        )
    if "left_out" in figures:
        said.append("![What the others expect of each target](left_out.png)")
    units = {name: target.unit for name, target in tables.targets.items()}
    text = pd.DataFrame(
        {
            "published": [shown(r["value"], units.get(str(n), ""), "en")
                          for n, r in table.iterrows()],
            "expected by the others, middle 90%": [
                f"{shown(r['p50'], units.get(str(n), ''), 'en')} "
                f"({shown(r['p05'], units.get(str(n), ''), 'en')} to "
                f"{shown(r['p95'], units.get(str(n), ''), 'en')})" for n, r in table.iterrows()],
            "inside": ["yes" if v else "**no**" for v in table["inside"]],
            "moves most": [f"`{r['moves']}` {r['sds']:+.1f} sd" for _, r in table.iterrows()],
            "frees most": [f"{r['frees']} {r['freed']:+.2f}" for _, r in table.iterrows()],
        },
        index=table.index,
    )  # fmt: skip
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
