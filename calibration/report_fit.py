"""The part of the English report about the fit itself: how it went, and whether it is right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from calibration.report import LITTLE_LEARNT, NOTHING_LEARNT, Tables
from calibration.report_say import joined, markdown, not_there, number, shown
from calibration.waves import CUTOFF
from siexsim.parameters import Parameters

_AT_EDGE = 0.1  # of a prior's range
_FREED = 0.1  # half widths, from which a target is said to fight another
_APART = 0.5  # half widths, from which runs and emulators are said to differ
_UNEVEN = 0.05


# ---- the fit ------------------------------------------------------------------------------------


def fit_section(tables: Tables) -> str:
    if tables.fit is None or tables.waves is None:
        return not_there("fit")
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


def parameters_section(tables: Tables, figures: Sequence[str]) -> str:
    table = tables.parameters
    if table is None:
        return not_there("fit")
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


def recovery_section(tables: Tables, figures: Sequence[str]) -> str:
    table = tables.recovery
    if table is None:
        return not_there("fit")
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


def left_out_section(tables: Tables, figures: Sequence[str]) -> str:
    table = tables.left_out
    if table is None:
        return not_there("fit")
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
