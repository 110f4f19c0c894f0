"""From plain values to sections: environment, secrets, conversion with every problem named, rules between options.

It must not open the configuration file itself; only secrets come from files here.
"""
