"""Everything a run depends on, frozen; its hash is its name."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from siexsim.errors import UserError
from siexsim.household import month_number
from siexsim.parameters import Parameters, first_fault
from siexsim.place import load_place
from siexsim.plan import Plan


class Scenario(BaseModel):
    """A scenario as its TOML file says it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=80)
    place: str = "groningen"
    start: str = Field(default="2022-01", pattern=r"^2022-01$")
    years: int = Field(default=10, ge=1, le=20)
    seed: int = Field(default=1, ge=0, lt=2**63)
    sample: int = Field(default=1, ge=1, le=1000)
    futures: int = Field(default=20, ge=1, le=10_000)
    effects: Literal["evidence", "sceptical", "ipw"] = "evidence"
    parameters: dict[str, float] = {}
    plan: Plan | None = None

    @field_validator("parameters")
    @classmethod
    def _are_parameters(cls, values: dict[str, float]) -> dict[str, float]:
        Parameters.packaged().with_(values)
        return values

    def months(self) -> int:
        """Length of the run."""
        return 12 * self.years

    def central(self) -> Parameters:
        """The parameters of this scenario at their central values."""
        return Parameters.packaged().with_set(self.effects).with_(self.parameters)

    def fingerprint(self) -> str:
        """Name of the run: a hash of everything it depends on but the program itself."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]
