"""What people say about faces, and what becomes of it.

verdict       one event: an answer, an undo, a flag
log           the append-only log and the views computed from it    database   its table    exchange   as JSON Lines
queue, cards  which face comes next, and what a card needs to know about it
consensus     from votes to a state and a label per image           adjudication   deciding where people disagree
policy        from findings and verdicts to a frozen version        effect         what a version changes, counted
"""
