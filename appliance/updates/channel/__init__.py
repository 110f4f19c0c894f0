"""What a channel offers to this box and when: manifest, signature, staged rollout, maintenance window.

Pure functions over bytes, values and `now`; nothing here opens a file or a connection.
"""
