"""The thirteen questions of the council session of 16 February 2022, answered from a run."""

from siexsim.council.questions import answers
from siexsim.council.say import print_answers, write_answers

__all__ = ["answers", "print_answers", "write_answers"]
