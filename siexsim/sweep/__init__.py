"""Sweeps: one study, many runs, on any executor; kept as they finish, and never done twice.

`study` says what is varied, `runs` does the runs that aren't there yet, `store` keeps them. The
seam is ``concurrent.futures.Executor``; there is no scheduler here.
"""
