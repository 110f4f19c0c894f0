"""What a build does, one step a module: packages, files, sealing, slots. Each can be made again alone and says by its
key what it was made from; none knows how the steps follow each other.
"""
