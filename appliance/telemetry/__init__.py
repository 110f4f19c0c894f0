"""Log records with fields, free of secrets, to a bounded file and to the journal.

A log line is for people who look for a fault; it is not an audit record. It knows nothing of what it reports.
"""
