"""What the screen of a box shows: name, addresses, a code to pair with, what is wrong; and the same in a terminal.

It asks the gateway's socket as every command does and reads files that everybody may read. It decides nothing.
"""
