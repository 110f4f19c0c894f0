"""The declarations of all options, one module a part of the file. It must not know how a file is read."""
