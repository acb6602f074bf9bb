"""How siexsim is held against the figures of Groningen: targets, hindcast, fit and diagnostics."""
