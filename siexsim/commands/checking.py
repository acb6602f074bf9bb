"""Commands to check the model by: its assumptions, how well it fits, and what if one differs."""

from __future__ import annotations

import typer
from rich.text import Text

from siexsim.commands.form import command_class, option
from siexsim.errors import UserError
from siexsim.say import console
from siexsim.texts import text, translated


def add_all(app: typer.Typer, lang: str) -> None:
    """Add the commands of this file."""
    for add in (_add_assumptions,):
        add(app, lang)


def _add_assumptions(app: typer.Typer, lang: str) -> None:
    words = {"nl": ("THEMA", "KWALITEIT", "BESTAND"), "en": ("THEME", "GRADE", "FILE")}[lang]

    @app.command("assumptions", cls=command_class(lang))
    def assumptions_command(
        theme: str | None = option("theme", words[0], lang),
        grade: str | None = option("grade", words[1], lang),
        csv: str | None = option("csv", words[2], lang),
        lang_asked: str | None = option("lang", "nl|en", lang),
    ) -> None:
        from siexsim.evidence import GRADES
        from siexsim.parameters import Parameters
        from siexsim.say_assumptions import print_assumptions, write_csv

        spelt = {name.lower(): name for name in GRADES}
        wanted = spelt.get(grade.lower(), grade) if grade is not None else None
        try:
            table = Parameters.packaged().table(theme, wanted)
        except UserError as error:
            raise UserError(translated(lang, str(error))) from error
        if csv is not None:
            write_csv(table, csv, lang)
        print_assumptions(table, lang)
        if csv is not None:
            console().print(Text(text(lang, "assumptions.written", path=csv)), soft_wrap=True)
