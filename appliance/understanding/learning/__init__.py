"""Learning on the box: sentences that a larger model had to solve become examples for the n-gram part.

Examples stay in the database of this box; a re-fitted n-gram part is taken only when nothing got worse on sentences
that ship with the package. It must not know providers, sessions or the wire.
"""
