"""What people said, kept for good.

verdict    one event: an answer, an undo, a flag
log        the append-only log and the views computed from it
standing   what still stands of its history
database   its table
exchange   the log as JSON Lines
"""
