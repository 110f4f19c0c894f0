"""Being found on the local network, and finding others: what is announced by mDNS, who announces it, who is there.

Multicast is spoken in a process of its own (`python -m appliance.discovery`), never in the gateway's. It must not know
sockets of the gateway, devices or secrets: nothing that is announced is one, and nothing that is heard is proof.
"""
