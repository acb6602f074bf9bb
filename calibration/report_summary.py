"""The Dutch summary of the report, for people who decide about policy."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from calibration.check import BESIDE, PLACEBO
from calibration.report import LITTLE_LEARNT, NOTHING_LEARNT, Tables
from calibration.report_say import joined, line, number
from calibration.report_years import FIRST, LAST
from siexsim.parameters import Parameters

_WORST = 5  # that are named in a summary


def summary(tables: Tables, figures: Sequence[str]) -> str:
    """About a page, in plain Dutch."""
    parts = [
        "# Klopt het model met Groningen?",
        *_changed(tables),
        "*Samenvatting. De Engelse tekst hieronder geeft alle tabellen en figuren.*",
        _what(tables),
        "## Wat klopt en wat niet",
        _fits(tables),
        *(["![Doelen en toetsen](fit-nl.png)"] if "fit-nl" in figures else []),
        *_years(tables, figures),
        "## Wat de cijfers ons leren over de instellingen",
        _learnt(tables),
        "## Hoe betrouwbaar zijn de marges?",
        _margins(tables),
        "## Wat dit betekent",
        _meaning(tables),
    ]
    return "\n\n".join(part for part in parts if part)


def _changed(tables: Tables) -> list[str]:
    if not tables.stale:
        return []
    return [
        "> **Let op: dit verslag loopt achter.** Sinds de berekening zijn het model of de gegevens "
        "veranderd. Maak het verslag opnieuw voordat u het gebruikt."
    ]


def _what(tables: Tables) -> str:
    holdouts = tables.holdouts_passed()[1]
    text = (
        f"Het model speelt de jaren {FIRST} tot en met {LAST} na: huishouden voor "
        "huishouden, maand voor "
        "maand, met de coronatijd en de dure energie erin. De uitkomsten leggen we naast "
        "gepubliceerde cijfers over Groningen. Elk cijfer heeft een marge: zo ver mag "
        f"het model ernaast zitten. Met {len(tables.fitted_rows())} doelcijfers is het model "
        "afgesteld. De "
        f"{holdouts} toetsen zijn daarbij niet gebruikt. Zij laten zien of het model ook "
        "klopt waar "
        "het niet op is afgesteld. Daarnaast is er een proef met jaren waarin niets bijzonders "
        "gebeurt: dan mag er ook geen trend ontstaan."
    )
    if tables.fit is None:
        text += (
            " **Het model is nog niet afgesteld.** De uitkomsten hieronder horen bij de waarden "
            "uit de bronnen."
        )
    return text


def _fits(tables: Tables) -> str:
    rows = tables.fitted_rows()
    wrong = rows[~rows["inside"]].sort_values("off", key=abs, ascending=False)
    met, of = tables.holdouts_passed()
    said = [
        f"Van de {len(rows)} doelcijfers vallen er **{len(rows) - len(wrong)} binnen de marge**. "
        f"Van de {of} toetsen {'is' if met == 1 else 'zijn'} er **{met} gehaald**. "
        f"{_placebo(tables)}"
    ]
    if len(wrong):
        said += [_head("Buiten de marge", len(wrong), "doelcijfers")]
        said.append("\n".join(line(str(n), row, "nl") for n, row in wrong[:_WORST].iterrows()))
    shown, lines, unknown = tables.shown(), [], []
    for name, ok in tables.passed().items():
        if ok or name == PLACEBO:
            continue
        parts = [part for part in tables.holdouts()[name].index if part in shown.index]
        unknown += [] if parts else list(tables.holdouts()[name]["woorden"])
        wrong = shown.loc[parts].query("not inside").sort_values("off", key=abs)
        if len(wrong):
            more = len(wrong) - 1
            also = (
                f" Nog {more} {'deel klopt' if more == 1 else 'delen kloppen'} niet."
                if more
                else ""
            )
            lines.append(line(str(wrong.index[-1]), wrong.iloc[-1], "nl") + also)
    if lines:
        said += ["Toetsen die niet gehaald zijn, met het deel dat er het verst naast zit:"]
        said.append("\n".join(lines))
    if unknown:
        said.append(
            f"Niet te toetsen: {joined(unknown, 'nl')}. Het model kent de gegevens daarvoor niet. "
            "Dat telt als niet gehaald."
        )
    return "\n\n".join(said)


def _head(words: str, count: int, kind: str) -> str:
    return (
        f"{words}:"
        if count <= _WORST
        else f"{words} (de {_WORST} {kind} die het verst af liggen, van {count}):"
    )


def _placebo(tables: Tables) -> str:
    if PLACEBO not in tables.passed():
        return ""
    rows = tables.validation[tables.validation["row"] == PLACEBO]
    beside = rows.index.isin(BESIDE)
    if tables.passed()[PLACEBO]:
        said = "In de proef zonder gebeurtenissen ontstaat bij gelijke mensen geen trend."
    else:
        wrong = _changes(rows[~beside & ~rows["inside"]])
        said = (
            "In de proef zonder gebeurtenissen ontstaat **wel een trend**: "
            f"{wrong} (5% is toegestaan)."
        )
    if beside.any():
        said += f" Doordat er andere mensen komen te wonen: {_changes(rows[beside])}."
    return said


def _changes(rows: pd.DataFrame) -> str:
    told = [
        f"{_short(row['woorden'])} {number(100 * row['mean'], 1, 'nl')}%"
        for _, row in rows.iterrows()
    ]
    return joined(told, "nl")


def _short(words: str) -> str:
    said = words.removeprefix("placebo: ").removeprefix("verandering ").removesuffix(", 2022-26")
    return said.removesuffix(", wie het ook zijn")


def _years(tables: Tables, figures: Sequence[str]) -> list[str]:
    if "years-nl" not in figures:
        return []
    return [f"![De jaren {FIRST}-{LAST}](years-nl.png)"]


def _learnt(tables: Tables) -> str:
    table = tables.parameters
    if table is None:
        return "Nog niet bekend: het model is nog niet afgesteld."
    known = Parameters.packaged()

    def named(rows: pd.DataFrame) -> str:
        return joined(
            [f"{known[str(n)].betekenis}" if str(n) in known else str(n) for n in rows.index], "nl"
        )

    nothing = table[table["sd_ratio"] >= NOTHING_LEARNT]
    much = table[table["sd_ratio"] < LITTLE_LEARNT]
    said = f"Er zijn {len(table)} instellingen waarvan de bronnen geen precies getal geven. "
    said += (
        f"Over {len(much)} daarvan zeggen de cijfers duidelijk iets: {named(much)}. "
        if len(much) else "Over geen daarvan zeggen de cijfers duidelijk iets. "
    )  # fmt: skip
    said += (
        f"Over {len(nothing)} zeggen de cijfers niets: {named(nothing)}. Die blijven zo "
        "onzeker als "
        "ze waren. Berekeningen over de toekomst nemen die onzekerheid mee."
        if len(nothing) else "Er is geen instelling waarover de cijfers helemaal niets zeggen."
    )  # fmt: skip
    return said


def _margins(tables: Tables) -> str:
    table = tables.recovery
    if table is None:
        return "Nog niet gemeten: het model is nog niet afgesteld."
    row = table.T["all"].to_dict()
    share = number(100 * float(row["covered_share"]), 0, "nl")
    count = int(table.drop(index="all").filter(like="rank_").iloc[0].sum())
    said = (
        f"We hebben {count} steden nagemaakt waarvan we de waarheid kennen. Daarna hebben we het "
        "afstellen erop losgelaten, zonder die waarheid te geven. Een marge van 90% moet in "
        "90% van "
        f"de gevallen kloppen. Hier was dat **{share}%**"
    )
    low, high = (number(100 * float(row[k]), 0, "nl") for k in ("band_low", "band_high"))
    if str(row["within"]) == "True":
        return (
            said + f"; tussen {low}% en {high}% is toeval. De marges kloppen dus, "
            "voor zover zo'n proef dat laat zien."
        )
    if float(row["covered_share"]) < 0.9:
        return said + (
            f", en dat is te weinig: het had tussen {low}% en {high}% moeten liggen. "
            "De marges zijn te smal; lees ze ruimer dan ze er staan."
        )
    return said + f", meer dan verwacht ({low}% tot {high}%): de marges zijn te breed."


def _meaning(tables: Tables) -> str:
    rows = tables.fitted_rows()
    met, of = tables.holdouts_passed()
    wrong = int((~rows["inside"]).sum())
    if wrong == 0 and of - met <= 1:
        said = "Het model volgt Groningen binnen de marges die vooraf waren gesteld."
    elif wrong <= len(rows) / 4 and met >= of * 2 / 3:
        said = "Het model volgt Groningen op de meeste punten, maar niet op alle."
    else:
        said = (
            "Het model volgt Groningen op veel punten nog niet. Gebruik het om plannen met "
            "elkaar te "
            "vergelijken en niet om aantallen te voorspellen."
        )
    if wrong or met < of:
        said += (
            " Uitkomsten die rusten op een onderdeel dat hierboven als fout genoemd is, zijn "
            "minder "
            "zeker dan de marges in de figuren laten zien: die marges kennen deze fouten niet."
        )
    return said + (
        " Dat het model het verleden volgt, bewijst nog niet wat een plan doet. Wat hulp oplevert "
        "komt uit onderzoek elders, niet uit deze cijfers."
    )
