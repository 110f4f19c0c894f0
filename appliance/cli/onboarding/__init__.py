"""The set-up in a terminal: shows each step of the gateway's wizard, reads the answers, installs the service.

What is asked, and what follows from an answer, is the gateway's: nothing is decided here.
"""
