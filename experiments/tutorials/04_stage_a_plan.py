"""Stage a plan: start in one neighbourhood, and go on if what is measured there says so.

The plan measures its own participants, with errors and with people to compare them with; it does
not see the truth. The same plan with a stricter rule may never leave its first neighbourhood.

    python experiments/tutorials/04_stage_a_plan.py
"""

import sys

from siexsim import Parameters, Plan, SiexModel, load_place
from siexsim.household import month_text
from siexsim.model import settle

sample = int(sys.argv[1]) if sys.argv[1:] else 50

place, parameters = load_place("groningen"), Parameters.packaged()
people = settle(place, parameters, seed=1, sample=sample)

mix = {"debt_relief": 0.4, "income_support": 0.4, "energy_help": 0.2}
everywhere = Plan(mix=mix, budget_eur_per_year=4_000_000, end="2025-12")
small = everywhere.starting_in("Noordoost")
plans = {"everywhere at once": everywhere}
for least in (0.2, 0.99):
    rule = {"measured": "completed", "at_least": least}  # or "stress", "return_per_euro"
    plans[f"on if {least:.0%} complete their help"] = small.then_to(
        "Noordwest", "Oud-Noord", start="2024-07", go=rule, budget_eur_per_year=9_000_000
    )

reached = {}
for name, plan in plans.items():
    # following single households is what measuring rests on, so their books are kept
    model = SiexModel(settled=people, plan=plan, keep_books=True)
    for _ in range(60):
        model.step()
    assert model.course is not None  # there is a plan
    starts = model.course.starts
    wijken = model.households["wijk"][starts["row"]]
    reached[name] = sorted({place.wijken[k] for k in wijken})
    print(f"{name}: {len(starts) * sample:,} courses in {', '.join(reached[name])}")
    for one in model.course.decisions:
        answer = "yes" if one.yes else "no"
        print(f"  {month_text(one.month)}: on to {one.about}? {one.value:.0%}, so {answer}")
