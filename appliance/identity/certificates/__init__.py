"""The TLS certificate of this box and the small authority that vouches for it, as files of the owner.

It knows keys, names and dates; it must not know sockets, who connects or where the gateway listens.
"""
