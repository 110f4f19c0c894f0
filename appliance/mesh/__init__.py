"""The nodes of this box: what each device may do for it, how it is asked, and what waits while it sleeps.

It decides which commands are effective and keeps one answer to one question; it must not know sockets, frames or HTTP:
a connection is handed in as a `NodeLink`, and news goes out on the bus.
"""
