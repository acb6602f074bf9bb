"""ODD.md: the model described by the ODD protocol, its tables made from the code and the data.

    python -m calibration.odd           writes the tables anew (or: make docs)
    python -m calibration.odd --check   only says what isn't current

The text between the tables is written by hand. What can be checked of it is: every parameter that
a submodel reads is named in its section, and every name in it exists.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from rich.console import Console

from calibration.reading import HOME, evidence, functions, rows_cited
from calibration.targets import HOLDOUTS_FILE, TARGETS_FILE, Target, read_targets
from siexsim import household as hh
from siexsim.evidence import Parameter, packaged_files
from siexsim.interventions import packaged_interventions
from siexsim.items import ITEMS, item_table
from siexsim.parameters import EFFECT_SETS, Parameters
from siexsim.shocks import packaged_shocks

ODD_FILE: Final = HOME.parent / "ODD.md"
SUBMODELS: Final = (
    "rules/life.py", "rules/work.py", "rules/income.py", "rules/money.py", "rules/housing.py",
    "rules/stress.py", "rules/children.py", "rules/course.py", "rules/services.py", "help.py",
    "coupling.py", "arrivals.py",
)  # fmt: skip
_BLOCK: Final = re.compile(r"<!-- made: ([\w/.]+) -->\n(.*?)<!-- end -->", re.DOTALL)
_NUMBERS: Final = (
    "parameter", "value", "range", "unit", "grade", "source", "meaning", "used in",
)  # fmt: skip


# ---- Markdown -----------------------------------------------------------------------------------


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; what would break it is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    clean = [[cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in clean)


def figure(value: float) -> str:
    """A number as short as it can be told."""
    return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:.6g}"


def code(names: Iterable[str]) -> str:
    """Names as code, one after the other."""
    return ", ".join(f"`{name}`" for name in names)


def number_rows(numbers: Iterable[Parameter]) -> str:
    """A table of parameters; "fixed" marks a definition or a law, which no future varies."""
    return table(
        _NUMBERS,
        [
            [
                f"`{one.name}`",
                figure(one.value),
                "fixed" if one.fixed else f"{figure(one.low)} to {figure(one.high)}",
                one.unit,
                one.grade,
                one.source,
                one.meaning,
                one.used_in,
            ]
            for one in numbers
        ],
    )


# ---- the tables ---------------------------------------------------------------------------------


def state_variables() -> str:
    """Every field of a household's record."""
    rows = []
    for field in hh.FIELDS:
        each = " x ".join(map(str, field.shape)) or "1"
        bounds = f"{figure(field.low)} to {figure(field.high)}"
        rows.append([f"`{field.name}`", each, field.unit or "code", bounds, field.meaning])
    return table(("field", "values", "unit", "bounds", "meaning"), rows)


def categories() -> str:
    """What the codes in a record stand for."""
    words = {
        "stress domains": hh.DOMAINS,
        "position": hh.POSITIONS,
        "education": hh.EDUCATIONS,
        "tenure": hh.TENURES,
        "home": hh.HOMES,
        "debt_state": hh.DEBT_STATES,
        "help": hh.HELP_STATES,
        "group": hh.GROUPS,
    }
    return table(("code", "stands for, from 0"), [[k, ", ".join(v)] for k, v in words.items()])


def month_order() -> str:
    """The order of a household's month, read from `live_month`, with the steps of each process."""
    known = {one.name: (module, one) for module in SUBMODELS for one in functions(module)}
    (month,) = (one for one in functions("rules/month.py") if one.name == "live_month")
    lines = []
    for number, name in enumerate((call for call in month.calls if call in known), 1):
        module, process = known[name]
        lines.append(f"{number}. `{name}` ({module}): {process.says}")
        inside = [known[call] for call in process.calls if call in known]
        lines += [f"   - `{one.name}`: {one.says}" for where, one in inside if where == module]
    return "\n".join(lines)


def patterns() -> str:
    """Targets and hold-outs: what the model is held against."""
    parts = []
    for title, path in (("Targets", TARGETS_FILE), ("Hold-outs", HOLDOUTS_FILE)):
        rows = [
            [name, one.words, when(one), figure(one.value), band(one), one.unit, one.use,
             f"{one.source} ({one.grade})"]
            for name, one in read_targets(path).items()
        ]  # fmt: skip
        head = ("row", "what", "when", "published", "band", "unit", "use", "source (class)")
        parts.append(f"**{title}**\n\n{table(head, rows)}")
    return "\n\n".join(parts)


def when(target: Target) -> str:
    """Date of a figure."""
    return f"{target.year}-{target.month:02d}" if target.month else str(target.year)


def band(target: Target) -> str:
    """Band of a figure, or nothing where it isn't carried."""
    carried = target.use != "not_carried"
    return f"{figure(target.low)} to {figure(target.high)}" if carried else ""


def grades() -> str:
    """How many parameters of each theme have which grade."""
    counted = Parameters.packaged().table().pivot_table(
        index="theme", columns="grade", values="name", aggfunc="count", fill_value=0,
        margins=True, margins_name="all",
    )  # fmt: skip
    rows = [[str(theme), *(str(int(n)) for n in row)] for theme, row in counted.iterrows()]
    return table(("theme", *map(str, counted.columns)), rows)


def parameters() -> str:
    """Every parameter of the packaged themes."""
    known = Parameters.packaged()
    parts = []
    for theme, _ in packaged_files("parameters"):
        parts.append(f"#### {theme}\n")
        parts.append(number_rows(one for one in known.values() if one.theme == theme) + "\n")
    return "\n".join(parts).rstrip()


def interventions() -> str:
    """Every kind of help with its numbers."""
    parts = []
    for name, one in packaged_interventions().items():
        led = "demand-led" if one.demand_led else "supply-led"
        parts += [
            f"#### {one.title} (`{name}`)\n",
            f"{one.words} For households that meet all of: {', '.join(one.eligible) or 'none'}. "
            f"Found through: {', '.join(one.channels)}. {led.capitalize()}; grade {one.grade}.\n",
            number_rows(one.parameters) + "\n",
        ]
    return "\n".join(parts).rstrip()


def shocks() -> str:
    """Every kind of shock with its numbers and how these are felt over the months."""
    parts = []
    for name, kind in packaged_shocks().items():
        profiles = [
            [f"`{effect}`", ", ".join(f"{m}: {figure(s)}" for m, s in
             zip(one.months, one.shares, strict=True)), one.grade, one.source]
            for effect, one in kind.profiles.items()
        ]  # fmt: skip
        parts += [
            f"#### {kind.title} (`{name}`)\n",
            f"{kind.words}\n",
            number_rows(kind.parameters) + "\n",
            table(("effect", "share of it felt, by month", "grade", "source"), profiles) + "\n",
        ]
    return "\n".join(parts).rstrip()


def ledger() -> str:
    """Every item of the ledger: what part of a euro each party pays and receives."""

    def parties(shares: dict[str, float]) -> str:
        return ", ".join(p if s == 1 else f"{p} {figure(s)}" for p, s in shares.items())

    rows = []
    for name, item in item_table().items():
        pays, receives = parties(item.pays), parties(item.receives)
        rows.append([f"`{name}`", item.kind, pays, receives, item.grade, item.source, item.meaning])
    return table(("item", "kind", "pays", "receives", "grade", "source", "meaning"), rows)


def sources() -> str:
    """Where the data come from."""
    return _csv_table("groningen/sources.csv", ("source_id", "publisher", "title", "licence"))


def _csv_table(name: str, columns: tuple[str, ...]) -> str:
    with (HOME / "data" / name).open(encoding="utf-8", newline="") as file:
        return table(columns, [[row[c] for c in columns] for row in csv.DictReader(file)])


def functions_of(module: str) -> str:
    """Functions of a submodel: what each does, the numbers it reads, the evidence behind them."""
    known = Parameters.packaged()
    rows = []
    for one in functions(module):
        texts = [one.says, one.more, *(known[key].source for key in one.numbers if key in known)]
        cited = dict.fromkeys(row[:3] for row in rows_cited(" ".join(texts)))  # without parts
        rows.append([f"`{one.name}`", one.says, code(one.numbers), ", ".join(cited)])
    return table(("function", "what it does", "numbers it reads", "evidence rows"), rows)


def evidence_used() -> str:
    """Every row of the evidence base with what rests on it."""
    used: dict[str, list[str]] = {row: [] for row in evidence()}
    for who, text in _citations():
        for row in rows_cited(text):
            used[row] += [who] * (who not in used[row])
    rows = [
        [name, row["parameter"], row["source"], row["confidence"], ", ".join(used[name]) or "-"]
        for name, row in evidence().items()
    ]
    return table(("row", "what", "source", "confidence", "used by"), rows)


def _citations() -> Iterator[tuple[str, str]]:
    """Everything that may cite a row of the evidence base, with the text in which it does."""
    for number in Parameters.packaged().values():
        text = number.source
        if number.theme == "population":  # there, C4 to C16 are rows of the targets
            text = re.sub(r"\bC\d+\b", "", text)
        yield f"`{number.key}`", text
    sets = tomllib.loads((HOME / "data" / "effect_sets.toml").read_text(encoding="utf-8"))
    for name in EFFECT_SETS:
        for entry in sets[name].values():
            yield f"effect set *{name}*", entry["source"]
    for name, kind in packaged_shocks().items():
        for profile in kind.profiles.values():
            yield f"profile of shock `{name}`", profile.source
    for name in ITEMS:
        yield f"item `{name}`", item_table()[name].source
    for module in (*SUBMODELS, "account.py", "grex.py"):
        yield f"`{module}`", (HOME / module).read_text(encoding="utf-8")


BLOCKS: Final[dict[str, Callable[[], str]]] = {
    "patterns": patterns, "state": state_variables, "categories": categories,
    "month": month_order, "sources": sources, "grades": grades, "parameters": parameters,
    "interventions": interventions, "shocks": shocks, "ledger": ledger,
    "evidence": evidence_used,
}  # fmt: skip


def made(name: str) -> str:
    """One table by the name that stands in its marker."""
    return BLOCKS[name]() if name in BLOCKS else functions_of(name)


def current(text: str) -> str:
    """The document with every table made anew."""
    return _BLOCK.sub(lambda m: f"<!-- made: {m[1]} -->\n{made(m[1])}\n<!-- end -->", text)


# ---- what can be checked of the text written by hand ---------------------------------------------


def by_hand(text: str) -> str:
    """The document without its tables."""
    return _BLOCK.sub(r"<!-- made: \1 -->", text)


def stale(text: str) -> list[str]:
    """What the hand-written text misses, or names that isn't there; one line each."""
    own = by_hand(text)
    known, words = Parameters.packaged(), _vocabulary(own)
    found = [
        f"'{section.partition(chr(10))[0].lstrip('# ')}' doesn't name {key}, which {module} reads"
        for section in re.split(r"^(?=#{2,3} )", own, flags=re.MULTILINE)
        for module in re.findall(r"<!-- made: ([\w/]+\.py) -->", section)
        for key in dict.fromkeys(key for one in functions(module) for key in one.numbers)
        if not re.search(rf"\b{key.partition('.')[2]}\b", section)
    ]
    themes = "|".join(sorted({one.theme for one in known.values()}))
    named = re.findall(rf"`((?:{themes})\.(?!py`)[a-z_0-9]+)`", own)
    found += [f"there is no parameter {key}" for key in named if key not in known.entries]
    used = dict.fromkeys(re.findall(r"\b[a-z]+(?:_[a-z0-9]+)+\b", own))
    return found + [f"nothing in the model is called {word}" for word in used if word not in words]


def _vocabulary(text: str) -> set[str]:
    """Names that the text may use: those of the model, and what its equations define themselves."""
    paths = [*HOME.rglob("*.py"), *TARGETS_FILE.parent.glob("*.py")]
    sources = "".join(path.read_text(encoding="utf-8") for path in paths)
    words = set(re.findall(r"\b[a-z]+(?:_[a-z0-9]+)+\b", sources))
    words |= {one.name for one in Parameters.packaged().values()} | set(ITEMS)
    words |= {path.stem for path in HOME.parent.rglob("*.toml")}
    words |= {path.stem for path in (HOME / "data").rglob("*.csv")}
    return words | set(re.findall(r"^ *([a-z_0-9]+)(?:\([^=]*\))? +=", text, re.MULTILINE))


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the tables anew, and say what a person has to look at."""
    parser = argparse.ArgumentParser(prog="python -m calibration.odd", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    asked, console = parser.parse_args(arguments), Console(soft_wrap=True)
    old = ODD_FILE.read_text(encoding="utf-8")
    new = current(old)
    if new != old and not asked.check:
        ODD_FILE.write_text(new, encoding="utf-8")
    said = stale(new)
    if new != old:
        said.append("tables were out of date" + ("" if asked.check else ", and are written anew"))
    for line in said:
        console.print(f"{ODD_FILE.name}: {line}", markup=False, highlight=False)
    return 1 if stale(new) or (asked.check and new != old) else 0


if __name__ == "__main__":
    sys.exit(main())
