"""How many labels are wrong, and what the next reviews bring.

outcomes           what was said blind
estimate, strata   the share of wrong labels with its interval
budget, pace       errors found and minutes taken by the next reviews
"""
