"""The first set-up of a box: which questions are asked, in which order, and what follows from each answer.

It decides and words; it opens no socket, starts nothing and does not know who asks: a terminal or a browser. No secret
is ever part of its state.
"""
