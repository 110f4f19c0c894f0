"""What is published of a build: images, signed bundles, checksums, the list for Raspberry Pi Imager, update channels.

It works on what `scripts/image` left in build/image/BOARD and must not build anything itself. Private keys are read
from a folder that its owner names and never copied.
"""
