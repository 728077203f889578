"""A search over settings, judged on PublicTest alone.

space    what may be chosen, from TOML files
sweep    trials of a study, one after the other, resumed where it was left
"""
