"""The builder of the flashable box: from Debian packages and this checkout to a disk image, slot files and a manifest.

Python's standard library only, so that a machine with git and python3 can start it. It must not import the appliance:
what both need to know (paths on the box, names of slots) stands in files which both read.
"""
