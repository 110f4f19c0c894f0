"""Makes the prompt of one turn from what is stored: static part first and byte-stable, history, newest last.

It knows messages and the transcript's wire form; it knows no provider, no tool and no network.
"""
