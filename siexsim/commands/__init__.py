"""The commands of `siexsim`, by what they are for."""
