"""A local page for policy staff: build a plan, run it, see and compare what comes of it."""
