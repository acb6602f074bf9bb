"""Lets `python -m siexsim` do what the command `siexsim` does."""

from siexsim.cli import main

if __name__ == "__main__":
    main()
