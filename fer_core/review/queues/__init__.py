"""Which faces come up for whom.

kinds, queue   which queues there are, and in which order they come
seat           where somebody sits
dealing        who gets what next, with the random audit and gold mixed in
answers        what the team says at the moment
leases         who holds what
stream         the order of the random audit
selections     images that somebody picked out
"""
