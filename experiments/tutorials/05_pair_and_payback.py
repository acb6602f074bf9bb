"""Pair and payback: two worlds under the same luck, and the account of what differs.

Until the plan starts, both worlds are the same to the cent. After that every difference is what
the plan did. The account adds it up for the municipality, for all public payers and for society,
and says when the money is back, if ever. One pair is one piece of luck, so futures follow.

    python experiments/tutorials/05_pair_and_payback.py
"""

import sys

from siexsim import Parameters, Plan, Scenario, SiexModel, load_place
from siexsim.account import VIEWS, open_account
from siexsim.model import settle
from siexsim.run import price_path, run_future

sample = int(sys.argv[1]) if sys.argv[1:] else 100
years = 8

place, parameters = load_place("groningen"), Parameters.packaged()
people = settle(place, parameters, seed=1, sample=sample)
mix = {"debt_relief": 0.5, "income_support": 0.25, "energy_help": 0.25}
plan = Plan(mix=mix, budget_eur_per_year=8_000_000, start="2022-07", end="2025-06")
without, with_plan = SiexModel(settled=people), SiexModel(settled=people, plan=plan)
for _ in range(12 * years):
    without.step()
    with_plan.step()

difference = with_plan.ledger().minus(without.ledger())
before = abs(difference.cents[:6]).sum() / 100
print(f"Difference in the six months before the plan: EUR {before:,.0f}")
account = open_account(difference, parameters, price_path(without.start, 12 * years, parameters))
print(f"Invested: EUR {account.invested.sum() / 1e6:,.1f} million")
for view in VIEWS:
    deepest, end = account.deepest_eur(view) / 1e6, account.end_eur(view) / 1e6
    print(f"  {view}: at its deepest EUR {deepest:,.1f} million, at the end {end:,.1f}")

print("Months until the money is back (- is not within the run):")
print("  future ", *(f"{view:>12}" for view in VIEWS))
scenario = Scenario(name="Pair", sample=sample, years=years, plan=plan)
accounts = [run_future(scenario, number).account for number in (1, 2, 3)]
for number, one in enumerate(accounts, 1):
    print(f"  {number:7}", *(f"{one.payback_months(view) or '-':>12}" for view in VIEWS))
