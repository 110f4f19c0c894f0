"""The `homarus` command: a thin client of the gateway.

It never opens the database. Only while no gateway runs do `config` and `doctor` read the configuration themselves.
Each command lives in a module of its own that is imported when it is used, so that `homarus status` is quick.
"""
