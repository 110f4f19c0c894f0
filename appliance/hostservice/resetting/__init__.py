"""Forgetting everything: a box asks for it by the label of its data partition, and the next start makes that anew.

The label is there before anything is mounted, and can be written over a file system that can no longer be mounted. It
must not need anything that lies on the partition, and leaves the slots alone.
"""
