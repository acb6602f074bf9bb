"""A household's month, one file a theme, one small function a process.

Every rule takes the household's record `h`, the parameters `p`, the month's context `c`, the
household's draws `draw` and, where money moves, the till it posts to.
"""
