"""The state of the box goes with its software: a new version works on a copy until it proved itself, or is taken back.

It moves files of the state before the gateway starts. It must not know the wire, nor what the rows of a table mean.
"""
