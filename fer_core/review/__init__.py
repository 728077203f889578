"""What people say about faces, and what becomes of it.

events/        what was said: one event, the append-only log, its table, the log as a file
queues/        which faces come up for whom: kinds, orders, leases, second opinions, the random audit, seats
cards/         what a person sees of a face: cards, grids, what stands behind a reveal, the guide, their keys
judgement/     from many opinions to one label: consensus, its methods, agreement, annotators, adjudication, gold
estimates/     how many labels are wrong, and what the next reviews bring
policy/        from findings and verdicts to a frozen version, and what it changes
simulation/    annotators drawn from a vote table, and what they mended

pictures       exact copies as one picture    kept   a bounded cache
"""
