"""Models behind one Protocol: the local engine, cloud services, and the order in which they are asked.

Here a request becomes the wire format of one API family and its stream becomes items again; nothing here
knows sessions, agents or the gateway, and nothing is kept between two calls except cooldowns and open
connections.
"""
