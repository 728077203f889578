"""What people say about faces, and what becomes of it.

verdict       one event: an answer, an undo, a flag
log           the append-only log and the views computed from it    database   its table    exchange   as JSON Lines

kinds, queue  which queues there are, and in which order they come    seat    where somebody sits
dealing       who gets what next, with the random audit and gold mixed in    cards    what a card needs to know
grid          many faces of one kind at once    selections    images that somebody picked out
answers       what the team says at the moment    posterior    how sure that is    leases    who holds what
exemplars     faces that show a class well    look    what stands behind a reveal    preferences    a person's keys
evidence, pictures, kept    an audit's words by row, exact copies as one picture, a bounded cache

consensus     from votes to a state and a label per image           adjudication   deciding where people disagree
opinions      shares per class by majority, dawid_skene or crowdlab    vote_summary   imported votes in figures
agreement     alpha, kappa          annotators    how good and fast each person is         gold   known answers
scoreboard    how good an audit's rankings are, by what people say

policy        from findings and verdicts to a frozen version        effect, difference   what it changes
vote_export   what people said as a vote table

outcomes      what was said blind    estimate, strata   how many labels are wrong    budget, pace   what reviews bring
simulate      annotators drawn from a vote table    repairs   what they mended
"""
