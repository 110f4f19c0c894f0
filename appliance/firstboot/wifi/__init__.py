"""A box without a network opens one of its own to be set up, and closes it when it has found the right one.

It must not know pages or the gateway: requests and answers are two small files. No radio has proven it yet; it runs
against a double of NetworkManager on a real D-Bus.
"""
