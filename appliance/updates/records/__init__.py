"""What root writes down about updates and the gateway reads: the channel, requests, progress, receipts.

Root alone writes; what cannot be read counts as not there. It must not know how anything is fetched or installed.
"""
