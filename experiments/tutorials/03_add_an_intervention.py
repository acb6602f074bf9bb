"""Add an intervention: a kind of help of your own, beside the packaged ones.

An intervention is a file with numbers: whom it is for, how people are found, what it costs and
what it changes. Here the made-up scooter becomes a made-up bicycle: cheaper, and of less
help. Each number has a range, a source and a grade; a made-up one says so ("assumption").

    python experiments/tutorials/03_add_an_intervention.py
"""

import sys
import tomllib
from pathlib import Path

from siexsim.interventions import make_intervention
from siexsim.participants import participants_table
from siexsim.run import run
from siexsim.scenario import Scenario

sample = int(sys.argv[1]) if sys.argv[1:] else 50

bicycle = tomllib.loads(Path("experiments/interventions/scooter.toml").read_text("utf-8"))
bicycle |= {"title": "A bicycle to get to work", "titel": "Een fiets om op het werk te komen"}
bicycle["numbers"]["price_start_eur"] |= {"value": 1200, "low": 800, "high": 1600}
bicycle["numbers"]["find_late_factor"] |= {"value": 1.1, "low": 1.0, "high": 1.3}

checked = make_intervention(bicycle, "bicycle", "bicycle.toml")  # says what is wrong, if anything
made_up = [one.name for one in checked.parameters if one.grade == "assumption"]
print(f"{checked.title}: {len(made_up)} of its {len(checked.parameters)} numbers are assumptions")

plan = {"mix": {"bicycle": 0.5, "debt_relief": 0.5}, "budget_eur_per_year": 8_000_000}
content = {"name": "Bicycle", "sample": sample, "years": 5, "futures": 1, "plan": plan}
scenario = Scenario.of(content | {"interventions": {"bicycle": bicycle}})

# One row a course of help. What it gained is told against the same household without any help.
courses = participants_table(run(scenario))
for name, own in courses.groupby("intervention", observed=True):
    gained = own["gain_household_24_months_eur"].mean()
    print(f"{name}: {len(own) * sample:,} courses, EUR {own['cost_eur'].mean():,.0f} each")
    print(f"  completed so far: {(own['outcome'] == 'completed').mean():.0%}")
    print(f"  the household itself gained EUR {gained:,.0f} in its first 24 months")
print(f"This rests on {len(courses)} simulated courses; few of them tell little.")
