"""What the gateway may ask root for, one short verb per process, from a table that is read in one sitting.

systemd starts it for each connection (homarus-host.socket). It must not know the gateway, hold state, or run longer
than a few seconds: long work is a unit that it starts.
"""
