"""From many opinions to one label, and how good the opinions are.

consensus      from votes to a state and a label per image
opinions       shares per class by majority, dawid_skene or crowdlab
posterior      how sure an answer is, and which pictures want another opinion
adjudication   deciding where people disagree
agreement      alpha, kappa    annotators   how good and fast each person is    gold   known answers
vote_summary   imported votes in figures    vote_export   what people said as a vote table
scoreboard     how good an audit's rankings are, by what people say
mistakes       a wrong label or a wrong network?
"""
