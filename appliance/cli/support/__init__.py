"""What `homarus support` puts together for whoever helps: facts of the box, its log and its settings, without content.

Everything passes one mask that knows the secrets, names and sentences of this box; it must not send anything anywhere.
"""
